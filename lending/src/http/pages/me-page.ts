import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Flaws } from '../../language/flaw.ts'
import { setOwnPassword } from '../../staff/own-password.ts'
import { wantedPassword } from '../../staff/password.ts'
import { confirmPassword, type SignedIn } from '../../staff/session.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { sessionCookie, tokenOf } from '../signed-in.ts'
import { flawTexts } from './flaw-text.ts'
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
      const problems: Flaws = { again: { flaw: 'two-ways' } }
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
  const frame = { title: visit.say('me.title'), door: '/me', status: refusal ? statusOf(refusal) : 200 }
  return show(reply, visit, frame, meView(visit, personIn(request), refusal))
}

function meView(visit: Visit, who: SignedIn, refusal: Refused | undefined): Html {
  const { say } = visit
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    <div class="columns even">
      ${passwordPanel(visit, who, refusal)}
      <div class="stack">
        <section class="panel" aria-label="${say('me.you')}"><dl class="facts">
          <dt>${say('me.name')}</dt><dd dir="auto">${who.name}</dd>
          ${
            who.kind === 'staff'
              ? html`<dt>${say('me.login')}</dt><dd class="code">${who.login}</dd><dt>${say('me.role')}</dt><dd>${say(`role.${who.role}`)}</dd>`
              : html`<dt>${say('patron.card')}</dt><dd class="code">${who.card}</dd>`
          }
        </dl></section>
        <section class="panel quiet stack-tight" aria-labelledby="everywhere"><h2 id="everywhere">${say('me.everywhere')}</h2>
          <p class="soft">${say('me.everywhere-why')}</p>
          <form method="post" action="/me/sign-out-everywhere">${hidden(visit)}
            <button class="button quiet">${say('me.sign-out-everywhere')}</button></form></section>
      </div>
    </div></div>`
}

function passwordPanel(visit: Visit, who: SignedIn, refusal: Refused | undefined): Html {
  const { say } = visit
  const problems = flawTexts(visit, refusal)
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
  return html`<section class="panel" aria-labelledby="change"><h2 id="change">${say('me.change')}</h2>
    <form class="form" method="post" action="/me/password">${hidden(visit)}
      <input type="text" name="username" value="${who.kind === 'staff' ? who.login : who.card}" autocomplete="username" hidden>
      ${field('current', say('me.current-password'), {
        autocomplete: 'current-password',
        autofocus: isWrong,
        ...(isWrong ? { problem: say('me.not-your-password') } : {}),
      })}
      ${field('password', say('me.new-password'), { hint: say('me.new-password-hint') })}
      ${field('again', say('me.new-password-again'))}
      <div><button class="button">${say('me.change-it')}</button></div></form>
      <p class="soft small">${say('me.signed-out-elsewhere')}</p></section>`
}

function personIn({ who }: FastifyRequest): SignedIn {
  if (who) return who
  throw new RefusedAtTheDoorError('not-signed-in')
}
