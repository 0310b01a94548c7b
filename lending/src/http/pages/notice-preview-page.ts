import type { FastifyReply, FastifyRequest } from 'fastify'
import { type NoticeStatus, noticeStatus } from '../../notices/status.ts'
import { type Preview, previewSweep, type WouldTell } from '../../notices/sweep.ts'
import { operationIdOf } from '../../operations/operations.ts'
import { type TurnNoticesOn, turningOnAt } from '../../operations/turn-notices-on.ts'
import { may } from '../../staff/permission.ts'
import { buttonForm } from './form.ts'
import { type Html, html } from './html.ts'
import { factsText } from './notice-words.ts'
import { maySettle, mayTell } from './notices-page.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { byOfForm, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** So many are named one by one. */
const namedMax = 100

/** The dry run: whom the next run would tell what, and from here turning notices on; in production by a plan. */
export function noticePreviewPages(served: Served): void {
  const { app, library } = served
  const { guard, turnNoticesOn } = library.operations
  app.get('/notices/preview', { config: mayTell }, (request, reply) => showPreview(served, request, reply))

  app.post('/notices/plan', { config: maySettle }, async (request, reply) => {
    const by = byOfForm(served, request)
    const id = operationIdOf(by)
    const known = await guard.show(id)
    // What goes out may have changed since: the same form is the same plan all the same.
    const given = known
      ? (known.arguments as TurnNoticesOn)
      : await turningOnAt(library.db, { installation: library.installation, now: library.clock() })
    const told = await guard.plan(turnNoticesOn, { by: by.actor, id, given })
    if ('refused' in told) return showPreview(served, request, reply, { ...told })
    return goTo(reply, `/operations/${told.planned.id}`, { said: 'operation-planned' })
  })
}

type Shown = {
  readonly preview: Preview
  readonly status: NoticeStatus
  readonly isProduction: boolean
  readonly refusal: Refused | undefined
}

async function showPreview(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { library } = served
  const [visit, preview, status] = await Promise.all([
    visitOf(served, request, reply),
    previewSweep(library.db, library.clock()),
    noticeStatus(library),
  ])
  const frame = {
    title: visit.say('notices.who-next'),
    door: '/notices',
    lead: visit.say('notice-preview.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  const { isProduction } = library
  return show(reply, visit, frame, previewView(visit, { preview, status, isProduction, refusal }))
}

function previewView(visit: Visit, shown: Shown): Html {
  const { say } = visit
  const { preview, status, refusal } = shown
  const { wouldCause } = preview
  return html`<div class="stack">
    <p><a href="/notices">${say('notices.back')}</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <section aria-labelledby="told"><h2 id="told">${say('notice-preview.count', { count: wouldCause.length })}</h2>
        ${wouldCause.length === 0 ? html`<p class="empty">${say('notice-preview.nothing-due')}</p>` : html`<ul class="rows">${wouldCause.slice(0, namedMax).map((each) => toldRow(visit, each))}</ul>`}
        ${wouldCause.length > namedMax && html`<p class="soft more">${say('notice-preview.more', { count: wouldCause.length - namedMax })}</p>`}
      </section>
      <div class="stack">${sumPanel(visit, preview, status)}${status.notices !== 'on' && turnOnPanel(visit, shown)}</div>
    </div></div>`
}

function toldRow(visit: Visit, { kind, patronId, name, card, email, facts }: WouldTell): Html {
  return html`<li><div><p class="work"><a href="/patrons/${patronId}"><bdi dir="auto">${name || card}</bdi></a></p>
    <p class="under"><bdi>${factsText(visit, facts)}</bdi></p><p class="under">${email}</p></div>
    <p class="end">${visit.say(`notice-kind.${kind}`)}</p></li>`
}

function sumPanel(
  { say }: Visit,
  { wouldCause, over, withoutAddress }: Preview,
  { settings }: NoticeStatus,
): Html {
  const byKind = Map.groupBy(wouldCause, ({ kind }) => kind)
  return html`<section class="panel stack-tight" aria-label="${say('notice-preview.in-sum')}">
    <dl class="facts">${[...byKind].map(([kind, told]) => html`<dt>${say(`notice-kind.${kind}`)}</dt><dd>${told.length}</dd>`)}
      <dt>${say('notice-preview.people')}</dt><dd>${new Set(wouldCause.map(({ patronId }) => patronId)).size}</dd></dl>
    ${over > 0 && html`<p>${say('notice-preview.over', { count: over, max: settings.runMax, strong: (inside) => html`<strong>${inside}</strong>` })}</p>`}
    ${withoutAddress > 0 && html`<p class="soft">${say('notice-preview.without-address', { count: withoutAddress })}</p>`}
  </section>`
}

function turnOnPanel(visit: Visit, { preview, status, isProduction }: Shown): Html {
  const { say } = visit
  const { balance } = status
  return html`<section class="panel stack-tight" aria-labelledby="turn-on"><h2 id="turn-on">${say('notice-preview.turn-on')}</h2>
    <p>${
      balance.queued === 0
        ? say('notices.queue-empty')
        : say('notice-preview.waiting', { count: balance.queued })
    }</p>
    <p>${say('notice-preview.within-hour', { count: preview.wouldCause.length })}</p>
    ${
      !may(visit.who, 'settings')
        ? html`<p class="soft">${say('notice-preview.operator-can')}</p>`
        : isProduction
          ? html`<p>${say('notice-preview.planned-first')}</p>
            ${buttonForm(visit, { action: '/notices/plan', label: say('notice-preview.plan'), className: '' })}`
          : buttonForm(visit, {
              action: '/notices/switch',
              label: say('notice-preview.turn-on-here'),
              className: 'danger',
              fields: { on: 'yes' },
            })
    }
  </section>`
}
