import type { Incident, Maintenance, Summary } from '../summary.ts'
import { fileOf } from './address.ts'
import {
  incidentArticle,
  incidentLine,
  maintenanceArticle,
  maintenanceLine,
  type Place,
} from './announcement.ts'
import { page } from './frame.ts'
import { type Markup, markup } from './markup.ts'
import { dayOf, monthText } from './moments.ts'

type Entry = { readonly at: string; readonly line: Markup }

/** All incidents and all planned work that the value knows, newest first, by month. */
export function historyPage(summary: Summary): string {
  const place: Place = { back: '', level: 3, components: summary.components }
  const entries: readonly Entry[] = [
    ...summary.incidents.map((each) => ({ at: each.openedAt, line: incidentLine(each, place) })),
    ...summary.maintenances.map((each) => ({ at: each.from, line: maintenanceLine(each, place) })),
  ].toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at))
  const months = Map.groupBy(entries, ({ at }) => monthText(dayOf(at)))
  const content = markup`<div class="page-head"><h1>History</h1><p>Incidents and planned work of the latest 90 days.</p></div>
${
  entries.length === 0
    ? markup`<p class="nothing">No incident and no planned work in the latest 90 days.</p>`
    : [...months].map(
        ([month, lines]) =>
          markup`<section class="month"><h2>${month}</h2><ul class="lines ruled">${lines.map(({ line }) => line)}</ul></section>`,
      )
}`
  return page({ summary, title: 'History', file: 'history.html', content })
}

/** The page of an incident, by its file. */
export function incidentPage(summary: Summary, incident: Incident): readonly [string, string] {
  const file = fileOf('incidents', incident.id)
  const content = markup`${incidentArticle(incident, alone(summary))}${onward}`
  return [file, page({ summary, title: incident.title, file, content })]
}

/** The page of planned work, by its file. */
export function maintenancePage(summary: Summary, work: Maintenance): readonly [string, string] {
  const file = fileOf('maintenance', work.id)
  const content = markup`${maintenanceArticle(work, alone(summary))}${onward}`
  return [file, page({ summary, title: work.title, file, content })]
}

const onward = markup`<p class="more"><a href="../index.html">How it is now</a> <a href="../history.html">History of 90 days</a></p>`

function alone({ components }: Summary): Place {
  return { back: '../', level: 1, components }
}
