import type { FineLine, owes } from '../../circulation/accounts.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'
import { day, money } from './wording.ts'
import { workName } from './work-line.ts'

/** What a patron owes, and the lines that it is the sum of. */
export function fineList(visit: Visit, owed: Awaited<ReturnType<typeof owes>>): Html {
  const { say } = visit
  return html`<p class="big-answer">${owed.cents === 0 ? say('fine.nothing-owed') : say('fine.owed', { amount: money(visit, owed.cents) })}</p>
    ${
      owed.lines.length > 0 &&
      html`<details${owed.cents > 0 && html` open`}><summary>${say('fine.how')}</summary>
      <ul class="rows pairs">${owed.lines.map(
        (line) => html`<li>
          <div><p>${whatFor(visit, line)}</p><p class="under">${day(visit, line.at)}${
            line.reason !== 'overdue' && line.reason && html` · <bdi dir="auto">${line.reason}</bdi>`
          }</p></div>
          <p class="number">${money(visit, line.cents)}</p>
        </li>`,
      )}</ul></details>`
    }`
}

/** What a line is about, in words; whose loan it was of is forgotten once it is settled. */
function whatFor({ say }: Visit, { kind, title, reason }: FineLine): Html | string {
  if (kind !== 'charge' || reason !== 'overdue') return say(`fine.${kind}`)
  return title === null ? say('fine.late') : say('fine.late-for', { title: workName(title) })
}
