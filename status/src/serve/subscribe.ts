import { isMailbox } from '../config/shape.ts'
import { tellOne } from '../tell/outbox.ts'
import { askFor, confirmAddress, follow, type LinkVerb } from '../tell/subscriptions.ts'
import type { Route } from './given.ts'
import type { Asked, Reply } from './page-server.ts'

/** Asking for mail, confirming it and leaving. Only a POST does anything: mail scanners follow every link. */
export function subscriptionPage(given: Route, { pathname, search, method, body }: Asked): Reply {
  const { subscriptions } = given.config
  if (pathname === '/subscribe') {
    if (!subscriptions.areOpen) return page(given, 404, '<p>This page takes no subscriptions.')
    return method === 'POST'
      ? subscribe(given, new URLSearchParams(body).get('address') ?? '')
      : page(given, 200, form)
  }
  const verb: LinkVerb = pathname === '/confirm' ? 'confirm' : 'leave'
  const link = new URLSearchParams(search)
  const [id, signature] = [link.get('id') ?? '', link.get('signature') ?? '']
  if (method !== 'POST') {
    const said = verb === 'confirm' ? 'Yes, send me mail about incidents' : 'Send me no more mail'
    return page(given, 200, `<form method="post"><p><button>${said}</button></form>`)
  }
  if (!follow(given.store, given.config, { verb, id, signature })) {
    return page(given, 404, '<p>This link does not hold, or no longer. Nothing was changed.')
  }
  return page(
    given,
    200,
    verb === 'confirm' ? '<p>You will hear of incidents by mail.' : '<p>You will get no more mail.',
  )
}

function subscribe(given: Route, address: string): Reply {
  const trimmed = address.trim()
  if (!isMailbox(trimmed)) return page(given, 400, `<p>This is not a mail address.${form}`)
  const { store, config, clock } = given
  const now = clock()
  const asked = askFor(store, config, { address: trimmed, now }, (subscription) =>
    tellOne(
      store,
      {
        event: `confirm ${subscription.id} ${now}`,
        subject: `Confirm: mail from ${config.page.name}`,
        text: `Somebody, likely you, asked for mail from ${config.page.name} to this address.\n\nTo get it, confirm here:\n\n${confirmAddress(config, subscription)}\n\nElse do nothing: no more mail will come.\n`,
        json: {},
      },
      { to: trimmed, now },
    ),
  )
  if (asked === 'too-many') return page(given, 429, '<p>Too many have asked in this hour. Come back later.')
  // The same words whether or not the address is known: who asks learns nothing of others.
  return page(given, 200, '<p>A mail is on its way to this address. Follow the link in it within two days.')
}

const form = `<form method="post"><p><label>Mail address <input type="email" name="address" required maxlength="254" autocomplete="email"></label> <button>Subscribe</button></form>`

function page({ config }: Route, status: number, inner: string): Reply {
  const name = config.page.name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${name}</title><link rel="stylesheet" href="style.css"><main><h1>${name}</h1>${inner}<p><a href="./">To the status page</a></main></html>`,
  }
}
