import type {
  Component,
  Incident,
  Maintenance,
  MaintenanceState,
  Summary,
  Update,
  Verdict,
} from '../summary.ts'
import { fileOf, publicAddress } from './address.ts'
import { inOneLine, legible } from './markup.ts'
import { overallOf } from './overview-page.ts'
import { tellings } from './words.ts'

const maintenanceStates: Readonly<Record<MaintenanceState, string>> = {
  scheduled: 'scheduled',
  'in-progress': 'in_progress',
  completed: 'completed',
  // Statuspage deletes planned work that is cancelled: to its readers there is none to come, and that is so.
  cancelled: 'completed',
}

/**
 * A component's verdict in the words of Statuspage, which has no `unknown`. What is unknown is told as degraded: a
 * reader with a closed list of words goes on working, and none takes it for operational. The true verdict stands
 * beside it as `verdict`.
 */
const statuses: Readonly<Record<Verdict, string>> = {
  operational: 'operational',
  degraded: 'degraded_performance',
  'partial-outage': 'partial_outage',
  'major-outage': 'major_outage',
  unknown: 'degraded_performance',
  maintenance: 'under_maintenance',
}

const indicators: Readonly<Record<Verdict, string>> = {
  operational: 'none',
  degraded: 'minor',
  'partial-outage': 'major',
  'major-outage': 'critical',
  unknown: 'minor',
  maintenance: 'maintenance',
}

/**
 * The files under `api/v2/`, in the shape of Statuspage's public API, so that what reads its pages reads this one.
 * Beyond that shape: `verdict` beside each status, and `stale_at` of the page, after which nothing in it counts.
 */
export function statuspageFiles(summary: Summary): readonly (readonly [string, string])[] {
  const shown = pageOf(summary)
  const status = statusOf(summary)
  const components = summary.components.map((each, index) => componentOf(summary, each, index + 1))
  const incidents = summary.incidents.map((each) => incidentOf(summary, each))
  const unresolved = incidents.filter((each) => each.status !== 'resolved')
  const works = summary.maintenances.map((each) => maintenanceOf(summary, each))
  const coming = works.filter((each) => each.status !== 'completed')
  return [
    file('summary.json', {
      page: shown,
      status,
      components,
      incidents: unresolved,
      scheduled_maintenances: coming,
    }),
    file('status.json', { page: shown, status }),
    file('components.json', { page: shown, components }),
    file('incidents.json', { page: shown, incidents }),
    file('incidents/unresolved.json', { page: shown, incidents: unresolved }),
    file('scheduled-maintenances.json', { page: shown, scheduled_maintenances: works }),
  ]
}

function file(name: string, content: object): readonly [string, string] {
  return [`api/v2/${name}`, `${JSON.stringify(content)}\n`]
}

const pageId = 'bibby-status'

function pageOf({ page: { name, url, writtenAt, staleAfterMs } }: Summary) {
  const staleAt = new Date(Date.parse(writtenAt) + staleAfterMs)
  return {
    id: pageId,
    name: inOneLine(name),
    url,
    time_zone: 'Etc/UTC',
    updated_at: writtenAt,
    stale_at: Number.isNaN(staleAt.getTime()) ? writtenAt : staleAt.toISOString(),
  }
}

function statusOf(summary: Summary) {
  const verdict = overallOf(summary)
  return { indicator: indicators[verdict], description: tellings[verdict].headline, verdict }
}

function componentOf({ page: { writtenAt } }: Summary, component: Component, position: number) {
  const { id, name, description, verdict, since } = component
  return {
    id,
    name: inOneLine(name),
    status: statuses[verdict],
    verdict,
    created_at: since ?? writtenAt,
    updated_at: since ?? writtenAt,
    position,
    description: description === '' ? null : legible(description),
    showcase: true,
    start_date: component.days[0]?.day ?? null,
    group_id: null,
    page_id: pageId,
    group: false,
    only_show_if_degraded: false,
  }
}

function incidentOf(summary: Summary, incident: Incident) {
  const { id, title, state, impact, openedAt, resolvedAt, updates } = incident
  const monitoring = updates.find((each) => each.state === 'monitoring')
  return {
    id,
    name: inOneLine(title),
    status: state,
    created_at: openedAt,
    updated_at: updates[0]?.at ?? openedAt,
    monitoring_at: monitoring?.at ?? null,
    resolved_at: resolvedAt,
    impact,
    shortlink: publicAddress(summary.page.url, fileOf('incidents', id)),
    started_at: openedAt,
    page_id: pageId,
    incident_updates: updatesOf(id, updates, (each) => each),
    components: affected(summary, incident.components),
  }
}

function maintenanceOf(summary: Summary, work: Maintenance) {
  const { id, title, state, from, to, updates } = work
  const announcedAt = updates.at(-1)?.at ?? from
  return {
    id,
    name: inOneLine(title),
    status: maintenanceStates[state],
    created_at: announcedAt,
    updated_at: updates[0]?.at ?? announcedAt,
    monitoring_at: null,
    resolved_at: updates.find((each) => each.state === 'completed' || each.state === 'cancelled')?.at ?? null,
    impact: 'maintenance',
    shortlink: publicAddress(summary.page.url, fileOf('maintenance', id)),
    started_at: from,
    page_id: pageId,
    incident_updates: updatesOf(id, updates, (each) => maintenanceStates[each]),
    components: affected(summary, work.components),
    scheduled_for: from,
    scheduled_until: to,
  }
}

function updatesOf<State>(
  id: string,
  updates: readonly Update<State>[],
  status: (state: State) => string,
): readonly object[] {
  return updates.map(({ at, state, text }, index) => ({
    // Numbered from the oldest: a number stays when updates are added.
    id: `${id}-${updates.length - index}`,
    status: status(state),
    body: legible(text),
    incident_id: id,
    created_at: at,
    updated_at: at,
    display_at: at,
    affected_components: [],
    deliver_notifications: true,
    custom_tweet: null,
    tweet_id: null,
  }))
}

function affected(summary: Summary, ids: readonly string[]) {
  return summary.components.flatMap((each, index) =>
    ids.includes(each.id) ? [componentOf(summary, each, index + 1)] : [],
  )
}
