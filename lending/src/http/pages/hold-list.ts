import type { holdsOf } from '../../circulation/accounts.ts'
import type { Estimates } from '../../circulation/accounts-estimates.ts'
import { roughSpan } from '../../circulation/hold-estimate.ts'
import type { Branch } from '../../circulation/places.ts'
import { buttonForm, choiceField, hidden, textField } from './form.ts'
import { type Html, html, type Piece } from './html.ts'
import { tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { workLink } from './work-line.ts'

/** A hold of a patron as accounts give it. */
export type HoldRow = Awaited<ReturnType<typeof holdsOf>>[number]

/** What a list of holds is made of. */
export type HoldsShown = {
  readonly holds: readonly HoldRow[]
  readonly estimates: Estimates
  /** Where something can be fetched. */
  readonly places: readonly Branch[]
  /** Where the forms about them are sent. */
  readonly path: string
}

/** A patron's holds: the place in the queue, about when it comes, and what can be done about each. */
export function holdList(visit: Visit, { holds, estimates, places, path }: HoldsShown): Html {
  return html`<ul class="rows">${holds.map(
    (hold) => html`<li>
      <div>
        <p class="work">${workLink(hold)}</p>
        <p class="under">${stateWords(visit, hold)}${
          hold.state === 'waiting' &&
          !isSuspended(hold) &&
          html` · ${estimateWords(visit, estimates.get(hold.holdId))}`
        }</p>
        <p class="under">${visit.say('hold.fetch-at', { branch: html`<bdi>${hold.pickupBranchName}</bdi>` })}</p>
        ${hold.state === 'waiting' && changes(visit, hold, { path, places })}
      </div>
      <div class="end actions">
        ${
          isSuspended(hold) &&
          buttonForm(visit, {
            action: `${path}/${hold.holdId}/resume`,
            label: visit.say('hold.resume'),
            about: visit.say('hold.about', { title: hold.title }),
          })
        }
        ${buttonForm(visit, {
          action: `${path}/${hold.holdId}/cancel`,
          label: visit.say('hold.cancel'),
          about: visit.say('hold.about', { title: hold.title }),
          className: 'quiet small',
        })}
      </div>
    </li>`,
  )}</ul>`
}

function isSuspended({ state, suspendedUntil }: HoldRow): boolean {
  return state === 'waiting' && suspendedUntil !== null
}

function stateWords(visit: Visit, hold: HoldRow): Html {
  const { say } = visit
  if (hold.state === 'on-shelf') {
    return say('hold.ready', { tag: (inside) => tag('good', inside), day: day(visit, hold.shelfUntil) })
  }
  if (hold.state === 'in-transit') return tag('good', say('hold.on-its-way'))
  if (hold.suspendedUntil === null) {
    const { position } = hold
    return tag('plain', position === null ? say('hold.waiting') : say('hold.number', { position }))
  }
  const marked = (inside: Piece) => tag('warn', inside)
  if (hold.suspendedUntil === 'forever') return say('hold.suspended', { tag: marked })
  return say('hold.suspended-until', { tag: marked, day: day(visit, hold.suspendedUntil) })
}

/** About when it comes, no more exact than can be known. */
function estimateWords({ say }: Visit, days: number | undefined): string {
  if (days === undefined) return say('hold.estimate-unknown')
  const span = roughSpan(days)
  return 'count' in span
    ? say(`hold.estimate-${span.unit}`, { count: span.count })
    : say(`hold.estimate-${span.unit}`)
}

function changes(
  visit: Visit,
  hold: HoldRow,
  { path, places }: Pick<HoldsShown, 'path' | 'places'>,
): Html | false {
  const canMove = places.length > 1
  if (isSuspended(hold) && !canMove) return false
  return html`<details><summary>${visit.say('hold.change')}<span class="unseen"> ${visit.say('hold.about', { title: hold.title })}</span></summary>
    <div class="row-forms">${!isSuspended(hold) && pause(visit, hold, path)}${canMove && fetchElsewhere(visit, hold, { path, places })}</div>
    ${!isSuspended(hold) && html`<p class="soft small">${visit.say('hold.suspend-until-hint')}</p>`}
  </details>`
}

function pause(visit: Visit, { holdId }: HoldRow, path: string): Html {
  const { say } = visit
  return html`<form class="inline-form" method="post" action="${path}/${holdId}/suspend">
    ${hidden(visit)}
    ${textField({ name: 'until', id: `until-${holdId}`, label: say('hold.suspend-until'), type: 'date' })}
    <button class="button quiet small">${say('hold.suspend')}</button>
  </form>`
}

function fetchElsewhere(
  visit: Visit,
  { holdId, pickupBranchId }: HoldRow,
  { path, places }: Pick<HoldsShown, 'path' | 'places'>,
): Html {
  const { say } = visit
  return html`<form class="inline-form" method="post" action="${path}/${holdId}/pickup">
    ${hidden(visit)}
    ${choiceField({
      name: 'branchId',
      id: `pickup-${holdId}`,
      label: say('hold.pickup-branch'),
      value: String(pickupBranchId),
      options: places.map(({ branchId, name }) => ({ value: String(branchId), label: name })),
    })}
    <button class="button quiet small">${say('hold.move-pickup')}</button>
  </form>`
}
