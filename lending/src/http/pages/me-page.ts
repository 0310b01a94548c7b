import type { FastifyReply, FastifyRequest } from 'fastify'
import { setOwnPassword } from '../../staff/own-password.ts'
import { wantedPassword } from '../../staff/password.ts'
import { confirmPassword, type SignedIn } from '../../staff/session.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { sessionCookie, tokenOf } from '../signed-in.ts'
import { hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, keyOf, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { typedPassword } from './typed-password.ts'
import type { Visit } from './visit.ts'

/** What somebody who is signed in may do about that: change their password, and sign out everywhere. */
export function mePages(served: Served): void {
  const { app, library } = served
  const access = 'signed-in'

  app.get('/me', { config: { access } }, (request, reply) => showMe(served, request, reply))

  const rateLimit = { max: served.limits.signInsPerMinute, groupId: 'sign-in' }
  app.post('/me/password', { config: { access, rateLimit } }, async (request, reply) => {
    const who = personIn(request)
    const password = typedPassword(request.body)
    if (password !== typedPassword(request.body, 'again')) {
      const problems = { again: 'The new password was typed in two ways.' }
      return showMe(served, request, reply, { refused: 'fields-invalid', problems })
    }
    const confirmed = await confirmPassword(library.db, {
      who,
      password: typedPassword(request.body, 'current'),
      key: keyOf(request),
      now: library.clock(),
    })
    if ('refused' in confirmed) return showMe(served, request, reply, confirmed)
    const ask = {
      who,
      password: await wantedPassword(password),
      passwordHash: confirmed.passwordHash,
      keepToken: tokenOf(request),
    }
    const outcome = await act(served, request, setOwnPassword, ask)
    app.sessions.forget(who.actor)
    if (outcome.outcome === 'refused') return showMe(served, request, reply, outcome.refusal)
    return goTo(reply, '/me', { said: 'own-password-set' })
  })

  app.post('/me/sign-out-everywhere', { config: { access } }, async (request, reply) => {
    await app.sessions.endAll(personIn(request))
    reply.clearCookie(sessionCookie, { path: '/' })
    return goTo(reply, '/', { said: 'signed-out-everywhere' })
  })
}

async function showMe(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const seconds = refusal?.retryAfterSeconds
  if (typeof seconds === 'number') reply.header('retry-after', seconds)
  const frame = { title: 'Your sign-in', door: '/me', status: refusal ? statusOf(refusal) : 200 }
  return show(reply, visit, frame, meView(visit, personIn(request), refusal))
}

function meView(visit: Visit, who: SignedIn, refusal: Refused | undefined): Html {
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    <div class="columns even">
      ${passwordPanel(visit, who, refusal)}
      <div class="stack">
        <section class="panel" aria-label="You"><dl class="facts">
          <dt>Name</dt><dd dir="auto">${who.name}</dd>
          ${
            who.kind === 'staff'
              ? html`<dt>Login</dt><dd class="code">${who.login}</dd><dt>Role</dt><dd>${visit.say(`role.${who.role}`)}</dd>`
              : html`<dt>Card</dt><dd class="code">${who.card}</dd>`
          }
        </dl></section>
        <section class="panel quiet stack-tight" aria-labelledby="everywhere"><h2 id="everywhere">Sign out everywhere</h2>
          <p class="soft">Here and on every other device: for a phone that is lost, or a computer that you left signed in.</p>
          <form method="post" action="/me/sign-out-everywhere">${hidden(visit)}
            <button class="button quiet">Sign out everywhere</button></form></section>
      </div>
    </div></div>`
}

function passwordPanel(visit: Visit, who: SignedIn, refusal: Refused | undefined): Html {
  const problems = (refusal?.problems ?? {}) as Readonly<Record<string, string>>
  const field = (name: string, label: string, more: object = {}) =>
    textField({
      name,
      label,
      type: 'password',
      autocomplete: 'new-password',
      required: true,
      problem: problems[name],
      ...more,
    })
  const isWrong = refusal?.refused === 'password-wrong'
  return html`<section class="panel" aria-labelledby="change"><h2 id="change">Change your password</h2>
    <form class="form" method="post" action="/me/password">${hidden(visit)}
      <input type="text" name="username" value="${who.kind === 'staff' ? who.login : who.card}" autocomplete="username" hidden>
      ${field('current', 'Current password', {
        autocomplete: 'current-password',
        autofocus: isWrong,
        ...(isWrong ? { problem: 'This is not your password.' } : {}),
      })}
      ${field('password', 'New password', { hint: '8 characters or more.' })}
      ${field('again', 'The new password again')}
      <div><button class="button">Change it</button></div></form>
      <p class="soft small">Everywhere else you are signed out by it.</p></section>`
}

function personIn({ who }: FastifyRequest): SignedIn {
  if (who) return who
  throw new RefusedAtTheDoorError('not-signed-in')
}
