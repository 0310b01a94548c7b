import { doorGroups, openDoors } from './doors.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { saidText } from './said.ts'
import { searchBox } from './search-view.ts'
import type { Visit } from './visit.ts'

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
    ${doorGroups.map((group) => {
      const here = doors.filter((each) => each.group === group)
      if (here.length === 0) return undefined
      const heading = say(`frame.group.${group}`)
      return html`<section class="door-group" aria-label="${heading}">
        ${group !== 'daily' && html`<h2>${heading}</h2>`}
        <div class="doors">${here.map(
          ({ to, label, about }) => html`<a href="${to}"><strong>${label}</strong>${about}</a>`,
        )}</div></section>`
    })}`
}
