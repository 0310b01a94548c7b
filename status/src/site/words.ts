import type { Incident, IncidentState, MaintenanceState, Verdict } from '../summary.ts'

/** How a verdict is told: by a word, by a sign and by a colour, so that no one of them has to carry it. */
export type Telling = {
  readonly word: string
  /** The class of what is coloured by it. */
  readonly tone: Tone
  /** One letter that is told apart without colour. */
  readonly sign: string
  /** The headline when all of the page is so. */
  readonly headline: string
}

/** The colours that the page knows. */
export type Tone = 'good' | 'slow' | 'part' | 'down' | 'none' | 'work'

/** What each verdict is called. */
export const tellings: Readonly<Record<Verdict, Telling>> = {
  operational: { word: 'Operational', tone: 'good', sign: '✓', headline: 'Everything works' },
  degraded: { word: 'Degraded', tone: 'slow', sign: '~', headline: 'Some things are slow or fail at times' },
  'partial-outage': { word: 'Partial outage', tone: 'part', sign: '!', headline: 'Part of it is out' },
  'major-outage': { word: 'Major outage', tone: 'down', sign: '✕', headline: 'There is a major outage' },
  unknown: { word: 'Unknown', tone: 'none', sign: '?', headline: 'Nothing certain is known' },
  maintenance: { word: 'Maintenance', tone: 'work', sign: '↻', headline: 'Planned work is under way' },
}

/** What the states of incidents and of planned work are called. */
export const stateWords: Readonly<Record<IncidentState | MaintenanceState, string>> = {
  investigating: 'Investigating',
  identified: 'Identified',
  monitoring: 'Monitoring',
  resolved: 'Resolved',
  scheduled: 'Scheduled',
  'in-progress': 'In progress',
  completed: 'Completed',
  cancelled: 'Cancelled',
}

/** What the weight of an incident is called. */
export const impactWords: Readonly<
  Record<Incident['impact'], { readonly word: string; readonly tone: Tone }>
> = {
  minor: { word: 'Minor', tone: 'slow' },
  major: { word: 'Major', tone: 'part' },
  critical: { word: 'Critical', tone: 'down' },
}

const minuteMs = 60_000
const hourMinutes = 60

/** `3 h 5 min`; what is not nothing is at least one minute. */
export function lengthText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / minuteMs))
  const hours = Math.floor(minutes / hourMinutes)
  const rest = minutes % hourMinutes
  if (hours === 0) return `${minutes} min`
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
}

/** `99.982 %`, cut and never rounded up: 100 is said only of 100. A dash where nothing was measured. */
export function percentText(percent: number | null): string {
  if (percent === null) return '–'
  if (percent >= 100) return '100 %'
  const digits = percent < 99 ? 1 : 3
  return `${(Math.floor(Math.max(percent, 0) * 10 ** digits) / 10 ** digits).toFixed(digits)} %`
}

/** `1 day`, `3 days`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
