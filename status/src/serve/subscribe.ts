import { createHash } from 'node:crypto'
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
  askFor(store, config, { address: trimmed, now }, (subscription) =>
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
  // The same words whether or not the address is known and a mail is sent: who asks learns nothing of others.
  return page(given, 200, taken)
}

const taken =
  '<p>If this address gets no mail yet, one is on its way to it: follow the link in it within two days. If none comes, too many have asked in this hour: ask again later.'
const form = `<form method="post"><p><label>Mail address <input type="email" name="address" required maxlength="254" autocomplete="email"></label> <button>Subscribe</button></form>`

/** What the style sheet of the page has no need of. */
const style = `form{margin-block:var(--space-5)}form p{display:flex;flex-wrap:wrap;gap:var(--space-3);align-items:end}label{display:grid;gap:var(--space-2);font-weight:600}input,button{font:inherit;color:inherit;min-height:2.75rem;padding:var(--space-2) var(--space-4);border:1px solid var(--line-strong);border-radius:var(--radius);background:var(--raised)}input{width:min(22rem,80vw)}button{font-weight:600;color:var(--paper);background:var(--accent);border-color:var(--accent);cursor:pointer}:focus-visible{outline:3px solid var(--focus);outline-offset:2px}`
const styleHash = createHash('sha256').update(style).digest('base64')

function page({ config }: Route, status: number, inner: string): Reply {
  const name = config.page.name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'self' 'sha256-${styleHash}'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Mail about incidents · ${name}</title>
<link rel="stylesheet" href="style.css">
<link rel="icon" type="image/svg+xml" href="favicon.svg">
<style>${style}</style>
</head>
<body>
<header class="head"><a class="name" href="index.html" dir="auto">${name}</a></header>
<main id="content">
<h1>Mail about incidents</h1>
${inner}
<p><a href="index.html">To the status page</a></p>
</main>
</body>
</html>
`,
  }
}
