import { bounds } from '../src/incidents/incident.ts'
import type { Component, Summary, Verdict } from '../src/summary.ts'
import {
  aComponent,
  aMaintenance,
  anIncident,
  aPastIncident,
  aSummary,
  before,
  someDays,
  someResponses,
  unknownDays,
} from './site-fixtures.ts'

// Whole pages of status, in the situations that a reader may meet.

const minuteMs = 60_000
const dayMs = 86_400_000

/** The same library while search is out and work goes on at the mail server. */
export function anOutage(): Summary {
  const well = aSummary()
  const since = before(47 * minuteMs)
  const now: Readonly<Record<string, Partial<Component>>> = {
    search: {
      verdict: 'major-outage',
      since,
      because: '3 of 3 probers get no answer.',
      days: someDays({
        0: { worst: 'major-outage', majorMs: 47 * minuteMs },
        3: { worst: 'degraded', degradedMs: 42 * minuteMs },
        31: { worst: 'major-outage', majorMs: 27 * minuteMs, degradedMs: 9 * minuteMs },
        ...Object.fromEntries([60, 61, 62].map((ago) => [ago, { worst: 'unknown', unknownMs: dayMs }])),
      }),
      responses: someResponses({ baseMs: 62, gap: true, spike: 14 }),
    },
    'sign-in': { verdict: 'degraded', since, because: 'Half of the answers take longer than 2 seconds.' },
    notices: { verdict: 'maintenance', since: before(10 * minuteMs), because: '' },
  }
  return {
    ...well,
    overall: 'major-outage',
    components: well.components.map((each) => ({ ...each, ...now[each.id] })),
    incidents: [anIncident('disk-full'), ...well.incidents],
    maintenances: [
      aMaintenance('mail-moves', {
        title: 'The mail server moves',
        state: 'in-progress',
        from: before(10 * minuteMs),
        to: before(-50 * minuteMs),
        components: ['notices'],
        updates: [{ at: before(10 * minuteMs), state: 'in-progress', text: 'Mails wait until it is done.' }],
      }),
      ...well.maintenances,
    ],
    probers: [...well.probers, { name: 'branch in Wells', lastAt: before(dayMs), isSilent: true }],
  }
}

/** A page that was set up a moment ago. */
export function neverMeasured(): Summary {
  return aSummary({
    overall: 'unknown',
    components: ['search', 'desk', 'notices'].map((id) =>
      aComponent(id, {
        verdict: 'unknown',
        since: null,
        days: unknownDays(),
        uptimePercent: null,
        responses: someResponses().map(({ at }) => ({ at, p50Ms: null, p95Ms: null })),
      }),
    ),
    incidents: [],
    maintenances: [],
    shares: [],
    probers: [{ name: 'cellar', lastAt: null, isSilent: false }],
  })
}

/** So many components and incidents, of every verdict. */
export function aHugeSummary({ components = 50, incidents = 200 } = {}): Summary {
  const verdicts: readonly Verdict[] = ['operational', 'degraded', 'partial-outage', 'unknown', 'maintenance']
  return aSummary({
    overall: 'partial-outage',
    components: Array.from({ length: components }, (_, index) =>
      aComponent(`part-${index}`, {
        verdict: verdicts[index % verdicts.length] ?? 'unknown',
        responses: someResponses({ baseMs: 20 + index }),
      }),
    ),
    incidents: Array.from({ length: incidents }, (_, index) =>
      index < 30
        ? anIncident(`open-${index}`)
        : aPastIncident(`past-${index}`, `Trouble ${index}`, { daysAgo: index % 90 }),
    ),
  })
}

/** Ten components, as many incidents open as may be, much work and a past, each text as long as it may be. */
export function atTheLimits(letter: string): Summary {
  const { components } = aHugeSummary({ components: 10, incidents: 0 })
  const given = { title: letter.repeat(bounds.title), components: components.map(({ id }) => id) }
  const text = letter.repeat(bounds.text)
  const many = <Each>(count: number, make: (index: number) => Each) =>
    Array.from({ length: count }, (_, index) => make(index))
  const updates = many(10, () => said('identified' as const, text))
  return aSummary({
    components,
    incidents: [
      ...many(bounds.openMost, (index) => anIncident(`open-${index}`, { ...given, updates })),
      ...many(300, (index) => ({ ...aPastIncident(`past-${index}`, given.title), ...given })),
    ],
    maintenances: (['in-progress', 'scheduled'] as const).flatMap((state) =>
      many(50, (index) =>
        aMaintenance(`${state}-${index}`, { ...given, state, updates: many(3, () => said(state, text)) }),
      ),
    ),
  })
}

/** A site of which every text that people write is this one. */
export function saying(text: string): Summary {
  const { page } = aSummary()
  return aSummary({
    page: { ...page, name: text, subscribeUrl: text, libraryUrl: text },
    components: [
      aComponent('search', { name: text, description: text, because: text, verdict: 'degraded' }),
      aComponent('desk', { name: text, verdict: 'unknown', since: null }),
    ],
    incidents: [
      anIncident('open', { title: text, components: ['search', text], updates: [said('identified', text)] }),
      anIncident('past', {
        title: text,
        state: 'resolved',
        openedAt: before(2 * dayMs),
        resolvedAt: before(dayMs),
        updates: [said('resolved', text)],
      }),
    ],
    maintenances: [
      aMaintenance('planned', { title: text, updates: [said('scheduled', text)] }),
      aMaintenance('now', { title: text, state: 'in-progress', updates: [said('in-progress', text)] }),
    ],
    shares: [text],
    probers: [{ name: text, lastAt: before(minuteMs), isSilent: true }],
  })
}

function said<State>(state: State, text: string) {
  return { at: before(dayMs), state, text }
}
