import type { owes } from '../../circulation/accounts.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'
import { day, money } from './wording.ts'

/** What a patron owes, and the lines that it is the sum of. */
export function fineList(visit: Visit, owed: Awaited<ReturnType<typeof owes>>): Html {
  return html`<p class="big-answer">${owed.cents === 0 ? visit.say('fine.nothing-owed') : money(visit, owed.cents)}</p>
    ${
      owed.lines.length > 0 &&
      html`<details${owed.cents > 0 && html` open`}><summary>${visit.say('fine.how')}</summary>
      <ul class="rows pairs">${owed.lines.map(
        (line) => html`<li>
          <div><p>${visit.say(`fine.${line.kind}`)}</p><p class="under">${day(visit, line.at)}${
            line.reason && html` · <bdi dir="auto">${line.reason}</bdi>`
          }</p></div>
          <p class="number">${money(visit, line.cents)}</p>
        </li>`,
      )}</ul></details>`
    }`
}
