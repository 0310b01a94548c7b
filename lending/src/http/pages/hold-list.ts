import type { holdsOf } from '../../circulation/accounts.ts'
import { buttonForm, hidden, textField } from './form.ts'
import { type Html, html, type Piece } from './html.ts'
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
        <p class="under">${stateWords(visit, hold)} · ${visit.say('hold.fetch-at', { branch: html`<bdi>${hold.pickupBranchName}</bdi>` })}</p>
      </div>
      <div class="end actions">
        ${hold.state === 'waiting' && pause(visit, hold, path)}
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

function pause(visit: Visit, hold: HoldRow, path: string): Html {
  if (hold.suspendedUntil !== null) {
    return buttonForm(visit, {
      action: `${path}/${hold.holdId}/resume`,
      label: visit.say('hold.resume'),
      about: visit.say('hold.about', { title: hold.title }),
    })
  }
  return html`<details><summary>${visit.say('hold.suspend')}<span class="unseen"> ${visit.say('hold.about', { title: hold.title })}</span></summary>
    <form class="inline-form" method="post" action="${path}/${hold.holdId}/suspend">
      ${hidden(visit)}
      ${textField({ name: 'until', id: `until-${hold.holdId}`, label: visit.say('hold.suspend-until'), type: 'date', hint: visit.say('hold.suspend-until-hint') })}
      <button class="button quiet small">${visit.say('hold.suspend')}</button>
    </form></details>`
}
