import type { MessageId } from '../../language/messages.ts'
import { type Html, html } from './html.ts'
import { openDoors } from './layout.ts'
import { notice } from './notice.ts'
import { saidText } from './said.ts'
import { searchBox } from './search-view.ts'
import type { Visit } from './visit.ts'

const about: Readonly<Record<string, MessageId>> = {
  '/desk': 'home.about.desk',
  '/check-in': 'home.about.check-in',
  '/shelf': 'home.about.shelf',
  '/patrons': 'home.about.patrons',
  '/imports': 'home.about.imports',
  '/rules': 'home.about.rules',
  '/journal': 'home.about.journal',
  '/branches': 'home.about.branches',
  '/staff': 'home.about.staff',
  '/settings': 'home.about.settings',
  '/account': 'home.about.account',
}

/** The first page: one field, and the doors that this person may open. */
export function homeView(visit: Visit): Html {
  const { say, who } = visit
  const said = saidText(visit)
  const doors = openDoors(visit).filter(({ to }) => to !== '/')
  return html`<div class="hero">
      ${said && notice(visit, 'good', { title: said })}
      <h1>${say('home.ask')}</h1>
      ${searchBox(visit, { query: '', autofocus: who?.kind !== 'staff' })}
      <p class="aside-text">${say('home.how-to-search')}</p>
    </div>
    ${
      doors.length > 0 &&
      html`<section aria-label="${say('home.doors')}"><div class="doors">${doors.map(
        ({ to, label }) => html`<a href="${to}"><strong>${label}</strong>${about[to] && say(about[to])}</a>`,
      )}</div></section>`
    }`
}
