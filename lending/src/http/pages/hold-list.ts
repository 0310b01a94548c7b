import type { holdsOf } from '../../circulation/accounts.ts'
import { buttonForm, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { workLink } from './work-line.ts'

/** A hold of a patron as accounts give it. */
export type HoldRow = Awaited<ReturnType<typeof holdsOf>>[number]

/** A patron's holds: the place in the queue, and what can be done about each. */
export function holdList(visit: Visit, { holds, path }: { holds: readonly HoldRow[]; path: string }): Html {
  return html`<ul class="rows">${holds.map(
    (hold) => html`<li>
      <div>
        <p class="work">${workLink(hold)}</p>
        <p class="under">${stateWords(hold)} · fetch it at ${hold.pickupBranchName}</p>
      </div>
      <div class="end actions">
        ${hold.state === 'waiting' && pause(visit, hold, path)}
        ${buttonForm(visit, {
          action: `${path}/${hold.holdId}/cancel`,
          label: 'Cancel',
          about: `the hold on ${hold.title}`,
          className: 'quiet small',
        })}
      </div>
    </li>`,
  )}</ul>`
}

function stateWords(hold: HoldRow): Html {
  if (hold.state === 'on-shelf') {
    return html`${tag('good', 'Ready')} until ${day(visit, hold.shelfUntil)}`
  }
  if (hold.state === 'in-transit') return html`${tag('good', 'On its way')}`
  if (hold.suspendedUntil !== null) {
    const isForever = hold.suspendedUntil === 'forever'
    return html`${tag('warn', 'Suspended')} ${isForever ? 'until you resume it' : html`until ${day(visit, hold.suspendedUntil)}`}`
  }
  return html`${tag('plain', hold.position === null ? 'Waiting' : `Number ${hold.position} in the queue`)}`
}

function pause(visit: Visit, hold: HoldRow, path: string): Html {
  if (hold.suspendedUntil !== null) {
    return buttonForm(visit, {
      action: `${path}/${hold.holdId}/resume`,
      label: 'Resume',
      about: `the hold on ${hold.title}`,
    })
  }
  return html`<details><summary>Suspend<span class="unseen"> the hold on ${hold.title}</span></summary>
    <form class="inline-form" method="post" action="${path}/${hold.holdId}/suspend">
      ${hidden(visit)}
      ${textField({ name: 'until', id: `until-${hold.holdId}`, label: 'Until', type: 'date', hint: 'Empty: until you resume it.' })}
      <button class="button quiet small">Suspend</button>
    </form></details>`
}
