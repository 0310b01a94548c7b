import type { FastifyReply, FastifyRequest } from 'fastify'
import { kinds } from '../../notices/kinds.ts'
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
import { counted } from './wording.ts'

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
    title: 'Who would be told next',
    door: '/notices',
    lead: 'This is what the next run would do. Looking at it writes nothing.',
    status: refusal ? statusOf(refusal) : 200,
  }
  const { isProduction } = library
  return show(reply, visit, frame, previewView(visit, { preview, status, isProduction, refusal }))
}

function previewView(visit: Visit, shown: Shown): Html {
  const { preview, status, refusal } = shown
  const { wouldCause } = preview
  return html`<div class="stack">
    <p><a href="/notices">Back to notices</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <section aria-labelledby="told"><h2 id="told">${counted(wouldCause.length, 'notice')}</h2>
        ${wouldCause.length === 0 ? html`<p class="empty">Nothing is due.</p>` : html`<ul class="rows">${wouldCause.slice(0, namedMax).map(toldRow)}</ul>`}
        ${wouldCause.length > namedMax && html`<p class="soft more">And ${wouldCause.length - namedMax} more.</p>`}
      </section>
      <div class="stack">${sumPanel(preview, status)}${status.notices !== 'on' && turnOnPanel(visit, shown)}</div>
    </div></div>`
}

function toldRow({ kind, patronId, name, card, email, facts }: WouldTell): Html {
  return html`<li><div><p class="work"><a href="/patrons/${patronId}"><bdi dir="auto">${name || card}</bdi></a></p>
    <p class="under"><bdi>${factsText(facts)}</bdi></p><p class="under">${email}</p></div>
    <p class="end">${kinds[kind].label}</p></li>`
}

function sumPanel({ wouldCause, over, withoutAddress }: Preview, { settings }: NoticeStatus): Html {
  const byKind = Map.groupBy(wouldCause, ({ kind }) => kind)
  return html`<section class="panel stack-tight" aria-label="In sum">
    <dl class="facts">${[...byKind].map(([kind, told]) => html`<dt>${kinds[kind].label}</dt><dd>${told.length}</dd>`)}
      <dt>People</dt><dd>${new Set(wouldCause.map(({ patronId }) => patronId)).size}</dd></dl>
    ${over > 0 && html`<p><strong>${counted(over, 'more is', 'more are')} due</strong> than the ${settings.runMax} that one run may cause. They are left for the runs after it.</p>`}
    ${withoutAddress > 0 && html`<p class="soft">${counted(withoutAddress, 'patron')} with loans or holds ${withoutAddress === 1 ? 'has' : 'have'} no mail address: nobody tells them anything.</p>`}
  </section>`
}

function turnOnPanel(visit: Visit, { preview, status, isProduction }: Shown): Html {
  const { balance } = status
  return html`<section class="panel stack-tight" aria-labelledby="turn-on"><h2 id="turn-on">Turn notices on</h2>
    <p>${
      balance.queued === 0
        ? 'The queue is empty.'
        : `${counted(balance.queued, 'notice waits', 'notices wait')} in the queue. What is still true and not too old goes out at once; what is too old waits for a person.`
    }</p>
    <p>Within the hour the next run tells ${counted(preview.wouldCause.length, 'thing')} more.</p>
    ${
      !may(visit.who, 'settings')
        ? html`<p class="soft">An operator can do that.</p>`
        : isProduction
          ? html`<p>In production it is planned first: the plan tells how many letters go out, and a code confirms it.</p>
            ${buttonForm(visit, { action: '/notices/plan', label: 'Plan to turn notices on', className: '' })}`
          : buttonForm(visit, {
              action: '/notices/switch',
              label: 'Turn notices on here',
              className: 'danger',
              fields: { on: 'yes' },
            })
    }
  </section>`
}
