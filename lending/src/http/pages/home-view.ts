import { type Html, html } from './html.ts'
import { openDoors } from './layout.ts'
import { notice } from './notice.ts'
import { saidText } from './said.ts'
import { searchBox } from './search-view.ts'
import type { Visit } from './visit.ts'

const about: Readonly<Record<string, string>> = {
  '/desk': 'Scan a card, then a pile of books.',
  '/check-in': 'Scan what comes back; Bibby says where it goes.',
  '/shelf': 'Who waits, what to fetch, what is ready.',
  '/patrons': 'Find or register somebody.',
  '/imports': 'Bring in MARC and CSV, with a preview and an undo.',
  '/rules': 'How long, how many, and which rule decides.',
  '/journal': 'Who did what, and when.',
  '/branches': 'Branches, the days they are closed, and what their barcodes look like.',
  '/staff': 'Who works here, and what each may do.',
  '/settings': 'Name, currency, and what holds for all branches.',
  '/account': 'Your loans, holds and fines.',
}

/** The first page: one field, and the doors that this person may open. */
export function homeView(visit: Visit): Html {
  const said = saidText(visit)
  const doors = openDoors(visit.who).filter(({ to }) => to !== '/')
  return html`<div class="hero">
      ${said && notice(visit, 'good', { title: said })}
      <h1>What would you like to read?</h1>
      ${searchBox({ query: '', autofocus: visit.who?.kind !== 'staff' })}
      <p class="aside-text">By title, author, subject, series or ISBN, in any script. Accents and small slips do not matter.</p>
    </div>
    ${
      doors.length > 0 &&
      html`<section aria-label="What you can do"><div class="doors">${doors.map(
        ({ to, label }) => html`<a href="${to}"><strong>${label}</strong>${about[to]}</a>`,
      )}</div></section>`
    }`
}
