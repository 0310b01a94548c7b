import type { FastifyReply, FastifyRequest } from 'fastify'
import { type SignInRefused, signIn } from '../../staff/session.ts'
import { signInBrowser, signOutBrowser } from '../signed-in.ts'
import { ownPath } from './address.ts'
import { asked } from './asked.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { refusalNotice } from './refusal-notice.ts'
import { goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { typedPassword } from './typed-password.ts'
import type { Visit } from './visit.ts'

type Kind = 'patron' | 'staff'

/** Signing in, as a patron by card or as staff by login, and out. */
export function signInPages(served: Served): void {
  const { app, library } = served
  app.get('/sign-in', { config: { access: 'anyone' } }, async (request, reply) => {
    const { to, kind } = readQuery(request.query)
    return showSignIn(served, request, reply, { to, kind, account: '' })
  })

  const rateLimit = { max: served.limits.signInsPerMinute, groupId: 'sign-in' }
  app.post('/sign-in', { config: { access: 'anyone', rateLimit } }, async (request, reply) => {
    const { to, kind } = readQuery(request.body)
    const account = asked(request.body).text('account', { max: 64, label: 'the-name' })
    const password = typedPassword(request.body)
    const answer = await signIn(library.db, { kind, account, password, now: library.clock() })
    if ('refused' in answer) {
      return showSignIn(served, request, reply, { to, kind, account, refusal: answer })
    }
    signInBrowser(reply, answer)
    return goTo(reply, to || (kind === 'staff' ? '/' : '/account'))
  })

  app.post('/sign-out', { config: { access: 'anyone' } }, async (request, reply) => {
    await signOutBrowser(app, request, reply)
    return goTo(reply, '/', { said: 'signed-out' })
  })
}

type Shown = {
  readonly to: string
  readonly kind: Kind
  readonly account: string
  readonly refusal?: SignInRefused
}

async function showSignIn(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: Shown,
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const { refusal } = shown
  if (refusal?.refused === 'sign-in-too-often') reply.header('retry-after', refusal.retryAfterSeconds)
  const frame = { title: visit.say('sign-in.title'), status: refusal ? statusOf(refusal) : 200 }
  return show(reply, visit, frame, signInView(visit, shown))
}

function signInView(visit: Visit, shown: Shown): Html {
  return html`${shown.refusal && html`<div class="section">${refusalNotice(visit, shown.refusal)}</div>`}
  <div class="columns even">
    ${oneForm(visit, shown, 'patron')}
    ${oneForm(visit, shown, 'staff')}
  </div>`
}

function oneForm(visit: Visit, shown: Shown, kind: Kind): Html {
  const { say } = visit
  const isPatron = kind === 'patron'
  const isMeant = shown.kind === kind
  return html`<section class="panel${!isMeant && ' quiet'}" aria-labelledby="${kind}-heading">
    <h2 id="${kind}-heading">${say(isPatron ? 'sign-in.with-a-card' : 'sign-in.staff')}</h2>
    <form class="form" method="post" action="/sign-in">
      ${hidden(visit)}${carried('kind', kind)}${carried('to', shown.to)}
      ${textField({
        name: 'account',
        id: `${kind}-account`,
        label: say(isPatron ? 'sign-in.card-number' : 'sign-in.login'),
        value: isMeant ? shown.account : '',
        autocomplete: 'username',
        max: 64,
        required: true,
        autofocus: isMeant,
      })}
      ${textField({
        name: 'password',
        id: `${kind}-password`,
        label: say('sign-in.password'),
        type: 'password',
        autocomplete: 'current-password',
        required: true,
      })}
      <div><button class="button${!isMeant && ' quiet'}">${say('sign-in.submit')}</button></div>
    </form>
    ${isPatron && html`<p class="soft small">${say('sign-in.no-password-yet')}</p>`}
  </section>`
}

function readQuery(sent: unknown): { to: string; kind: Kind } {
  const form = asked(sent)
  return {
    to: ownPath(form.text('to', { max: 2_000, label: 'the-field' })),
    kind: form.text('kind', { max: 10, label: 'the-field' }) === 'staff' ? 'staff' : 'patron',
  }
}
