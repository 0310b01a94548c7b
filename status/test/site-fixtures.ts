import type { Component, Day, Incident, Maintenance, Response, Summary } from '../src/summary.ts'

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
