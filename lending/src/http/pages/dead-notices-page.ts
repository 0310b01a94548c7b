import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Flaws } from '../../language/flaw.ts'
import {
  type DeadAsk,
  dismissNotices,
  type ListedNotice,
  listNotices,
  noticesMax,
  resendNotices,
} from '../../notices/dead-notices.ts'
import { hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { factsText, reasonText } from './notice-words.ts'
import { mayTell } from './notices-page.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { moment } from './wording.ts'

/** One page lists so many; the verbs take no more. */
const listedMax = Math.min(100, noticesMax)

/** What could not be sent and waits for a person: to be sent again, or let be. */
export function deadNoticePages(served: Served): void {
  const { app } = served
  app.get('/notices/dead', { config: mayTell }, (request, reply) => showDead(served, request, reply))
  for (const [path, verb, said] of [
    ['resend', resendNotices, 'notices-resent'],
    ['dismiss', dismissNotices, 'notices-dismissed'],
  ] as const) {
    app.post(`/notices/dead/${path}`, { config: mayTell }, async (request, reply) => {
      const ask = chosenIn(request.body)
      if (ask.ids.length === 0) {
        const problems: Flaws = { ids: { flaw: 'none-ticked' } }
        return showDead(served, request, reply, { refused: 'fields-invalid', problems })
      }
      const outcome = await act(served, request, verb, ask)
      if (outcome.outcome === 'refused') return showDead(served, request, reply, outcome.refusal)
      return goTo(reply, '/notices/dead', { said })
    })
  }
}

/** The boxes that were ticked; `all` stands for the ids that were shown. */
function chosenIn(sent: unknown): DeadAsk {
  const { ids, all, shown } = (sent ?? {}) as Readonly<Record<string, unknown>>
  const named = all === 'yes' && typeof shown === 'string' ? shown.split(',') : [ids].flat()
  return { ids: named.filter(isId).slice(0, listedMax) }
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}

async function showDead(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const [visit, dead] = await Promise.all([
    visitOf(served, request, reply),
    listNotices(served.library.db, { state: 'dead', limit: listedMax }),
  ])
  const frame = {
    title: visit.say('dead.title'),
    door: '/notices',
    lead: visit.say('dead.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, deadView(visit, dead, refusal))
}

function deadView(visit: Visit, dead: readonly ListedNotice[], refusal: Refused | undefined): Html {
  return html`<div class="stack">
    <p><a href="/notices">${visit.say('notices.back')}</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    ${dead.length === 0 ? html`<p class="empty">${visit.say('dead.none')}</p>` : deadForm(visit, dead)}
  </div>`
}

function deadForm(visit: Visit, dead: readonly ListedNotice[]): Html {
  const { say } = visit
  const buttons = html`<button class="button" formaction="/notices/dead/resend">${say('dead.again')}</button>
    <button class="button quiet" formaction="/notices/dead/dismiss">${say('dead.let-be')}</button>`
  return html`<form class="stack" method="post" action="/notices/dead/resend">${hidden(visit)}
    <input type="hidden" name="shown" value="${dead.map(({ id }) => id).join()}">
    <div class="actions">
      <label class="check"><input type="checkbox" name="all" value="yes"> <span>${say('dead.all', { count: dead.length })}</span></label>
      ${buttons}
    </div>
    <ul class="rows">${dead.map((each) => deadRow(visit, each))}</ul>
    <div class="actions">${buttons}</div>
    ${dead.length === listedMax && html`<p class="soft">${say('dead.newest', { count: listedMax })}</p>`}
  </form>`
}

function deadRow(visit: Visit, each: ListedNotice): Html {
  const { say } = visit
  const who = each.name || each.card || say('dead.forgotten')
  return html`<li><div>
    <label class="check"><input type="checkbox" name="ids" value="${each.id}"> <span class="work"><bdi dir="auto">${who}</bdi></span></label>
    <p class="under">${say(`notice-kind.${each.kind}`)} · <bdi>${factsText(visit, each.facts)}</bdi></p>
    <p class="under">${moment(visit, each.causedAt)} · ${say('dead.tried', { count: each.tries, because: reasonText(visit, each.because) })}${
      each.lastOutcome === 'unknown' && html` · <strong>${say('dead.may-have')}</strong>`
    }</p></div></li>`
}
