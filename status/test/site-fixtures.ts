import { bounds } from '../src/incidents/incident.ts'
import type { Component, Day, Incident, Maintenance, Response, Summary, Verdict } from '../src/summary.ts'

/** When the pages of these tests are written. */
export const writtenAt = '2026-11-28T14:05:00.000Z'

const minuteMs = 60_000
const dayMs = 86_400_000
const nothing = { degradedMs: 0, partialMs: 0, majorMs: 0, unknownMs: 0, maintenanceMs: 0 }

/** A moment so long before the page is written. */
export function before(ms: number): string {
  return new Date(Date.parse(writtenAt) - ms).toISOString()
}

/** A component that was always well, or what is given. */
export function aComponent(id: string, given: Partial<Component> = {}): Component {
  return {
    id,
    name: `${id.charAt(0).toUpperCase()}${id.slice(1).replaceAll('-', ' ')}`,
    description: '',
    verdict: 'operational',
    since: before(12 * dayMs),
    because: '',
    days: someDays({}),
    uptimePercent: 100,
    responses: someResponses(),
    ...given,
  }
}

/** 90 days that were well, but for those given by how many days ago they were. */
export function someDays(troubled: Readonly<Record<number, Partial<Day>>>): readonly Day[] {
  return Array.from({ length: 90 }, (_, index) => {
    const ago = 89 - index
    return { day: before(ago * dayMs).slice(0, 10), worst: 'operational', ...nothing, ...troubled[ago] }
  })
}

/** Days of which nothing is known. */
export function unknownDays(): readonly Day[] {
  return someDays(
    Object.fromEntries(
      Array.from({ length: 90 }, (_, ago) => [ago, { worst: 'unknown', unknownMs: dayMs } as const]),
    ),
  )
}

/** A day in slices of 15 minutes: a little slower by day, with some noise that is the same each time. */
export function someResponses({ baseMs = 40, gap = false, spike = 1 } = {}): readonly Response[] {
  let seed = baseMs
  const noise = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648
  }
  return Array.from({ length: 96 }, (_, index) => {
    const at = before((95 - index) * 15 * minuteMs)
    if (gap && index > 40 && index < 52) return { at, p50Ms: null, p95Ms: null }
    const busy = 1 + 0.5 * Math.sin((index / 96) * 2 * Math.PI - 1)
    const worse = index > 88 ? spike : 1
    const p50Ms = baseMs * busy * (0.9 + 0.2 * noise()) * worse
    return { at, p50Ms, p95Ms: p50Ms * (2 + noise()) }
  })
}

/** An open incident with two updates, or what is given. */
export function anIncident(id: string, given: Partial<Incident> = {}): Incident {
  return {
    id,
    title: 'Search answers slowly or not at all',
    impact: 'major',
    state: 'identified',
    openedAt: before(47 * minuteMs),
    resolvedAt: null,
    components: ['search'],
    updates: [
      {
        at: before(19 * minuteMs),
        state: 'identified',
        text: 'A disk of the search server is full. We are moving the index to another one.\n\nLending at the desks is not touched by it: books can be borrowed and returned.',
      },
      {
        at: before(47 * minuteMs),
        state: 'investigating',
        text: 'Searches take long or end in an error. We are looking for the cause.',
      },
    ],
    ...given,
  }
}

/** An incident that was over after so many minutes, some days ago. */
export function aPastIncident(id: string, title: string, { daysAgo = 3, minutes = 42 } = {}): Incident {
  const openedAt = before(daysAgo * dayMs)
  const resolvedAt = before(daysAgo * dayMs - minutes * minuteMs)
  return anIncident(id, {
    title,
    impact: 'minor',
    state: 'resolved',
    openedAt,
    resolvedAt,
    updates: [
      { at: resolvedAt, state: 'resolved', text: 'It works again, and has for ten minutes.' },
      { at: openedAt, state: 'investigating', text: 'We are looking into it.' },
    ],
  })
}

/** Planned work that begins in three days, or what is given. */
export function aMaintenance(id: string, given: Partial<Maintenance> = {}): Maintenance {
  return {
    id,
    title: 'New disks for the catalogue',
    state: 'scheduled',
    from: before(-3 * dayMs),
    to: before(-3 * dayMs - 90 * minuteMs),
    components: ['search', 'sign-in'],
    updates: [
      {
        at: before(2 * dayMs),
        state: 'scheduled',
        text: 'Search will be away for up to ninety minutes. Desks go on lending.',
      },
    ],
    ...given,
  }
}

/** A library that is well, with a past. */
export function aSummary(given: Partial<Summary> = {}): Summary {
  return {
    page: {
      name: 'Millbrook Library status',
      url: 'https://status.millbrook.example',
      libraryUrl: 'https://library.millbrook.example',
      writtenAt,
      staleAfterMs: 5 * minuteMs,
      subscribeUrl: '',
    },
    overall: 'operational',
    components: [
      aComponent('search', {
        description: 'Finding books, here and from home.',
        days: someDays({
          3: { worst: 'degraded', degradedMs: 42 * minuteMs },
          31: { worst: 'major-outage', majorMs: 27 * minuteMs, degradedMs: 9 * minuteMs },
        }),
        uptimePercent: 99.9648,
        responses: someResponses({ baseMs: 62 }),
      }),
      aComponent('desk', {
        description: 'Borrowing, returning and registering at the desks.',
        days: someDays({ 31: { worst: 'partial-outage', partialMs: 12 * minuteMs } }),
        uptimePercent: 99.9907,
        responses: someResponses({ baseMs: 18 }),
      }),
      aComponent('sign-in', { name: 'Sign-in and My account', responses: someResponses({ baseMs: 120 }) }),
      aComponent('notices', {
        description: 'Mails about holds and due dates.',
        days: someDays({ 12: { worst: 'maintenance', maintenanceMs: 50 * minuteMs } }),
        responses: someResponses({ baseMs: 9 }),
      }),
    ],
    incidents: [
      aPastIncident('slow-search-2', 'Search was slow'),
      aPastIncident('search-away', 'Search was away', { daysAgo: 31, minutes: 36 }),
    ],
    maintenances: [
      aMaintenance('new-disks'),
      aMaintenance('mail-server', {
        title: 'A newer mail server',
        state: 'completed',
        from: before(12 * dayMs),
        to: before(12 * dayMs - 50 * minuteMs),
        components: ['notices'],
        updates: [{ at: before(12 * dayMs - 50 * minuteMs), state: 'completed', text: 'Done.' }],
      }),
    ],
    shares: [
      'The same operator: one set of people can break both.',
      'The name server of millbrook.example: without it neither name is found.',
    ],
    probers: [
      { name: 'cellar', lastAt: before(minuteMs), isSilent: false },
      { name: 'rented server in Oslo', lastAt: before(2 * minuteMs), isSilent: false },
    ],
    ...given,
  }
}

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
