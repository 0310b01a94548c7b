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
          isQueued(hold) && html` · ${estimateWords(visit, estimates.get(hold.holdId))}`
        }</p>
        <p class="under">${visit.say('hold.fetch-at', { branch: html`<bdi>${hold.pickupBranchName}</bdi>` })}</p>
      </div>
      <div class="end actions">
        ${hold.state === 'waiting' && pause(visit, hold, path)}
        ${hold.state === 'waiting' && places.length > 1 && fetchElsewhere(visit, { hold, path, places })}
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

function isQueued({ state, suspendedUntil }: HoldRow): boolean {
  return state === 'waiting' && suspendedUntil === null
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

function pause(visit: Visit, hold: HoldRow, path: string): Html {
  const { say } = visit
  const about = say('hold.about', { title: hold.title })
  if (hold.suspendedUntil !== null) {
    return buttonForm(visit, { action: `${path}/${hold.holdId}/resume`, label: say('hold.resume'), about })
  }
  return html`<details><summary>${say('hold.suspend')}<span class="unseen"> ${about}</span></summary>
    <form class="inline-form" method="post" action="${path}/${hold.holdId}/suspend">
      ${hidden(visit)}
      ${textField({ name: 'until', id: `until-${hold.holdId}`, label: say('hold.suspend-until'), type: 'date', hint: say('hold.suspend-until-hint') })}
      <button class="button quiet small">${say('hold.suspend')}</button>
    </form></details>`
}

function fetchElsewhere(
  visit: Visit,
  { hold, path, places }: { readonly hold: HoldRow } & Pick<HoldsShown, 'path' | 'places'>,
): Html {
  const { say } = visit
  return html`<details><summary>${say('hold.elsewhere')}<span class="unseen"> ${say('hold.about', { title: hold.title })}</span></summary>
    <form class="inline-form" method="post" action="${path}/${hold.holdId}/pickup">
      ${hidden(visit)}
      ${choiceField({
        name: 'branchId',
        id: `pickup-${hold.holdId}`,
        label: say('hold.pickup-branch'),
        value: String(hold.pickupBranchId),
        options: places.map(({ branchId, name }) => ({ value: String(branchId), label: name })),
      })}
      <button class="button quiet small">${say('hold.move-pickup')}</button>
    </form></details>`
}
