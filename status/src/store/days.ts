import type { Day, Verdict } from '../summary.ts'
import { worse } from '../verdict/verdict.ts'
import type { Store } from './store.ts'

const dayMs = 86_400_000
/** Days that the page shows. */
export const daysShown = 90
const daysMost = 400

/** The day of a moment, by UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** Adds time to the days that it lies in. Unknown time is not kept: it is what is left of a day. */
export function countTime(
  store: Store,
  { component, verdict, from, to }: { component: string; verdict: Verdict; from: number; to: number },
): void {
  if (verdict === 'unknown') return
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / dayMs) + 1) * dayMs)
    store.run(
      `insert into day (component, day, verdict, ms) values (?, ?, ?, ?)
       on conflict (component, day, verdict) do update set ms = min(ms + excluded.ms, ${dayMs})`,
      [component, dayOf(start), verdict, Math.round(end - start)],
    )
    // A hole of years is not walked through day by day.
    start = end - from > daysMost * dayMs ? to : end
  }
}

type Counted = { readonly day: string; readonly verdict: Verdict; readonly ms: number }

/** The latest 90 days of a component, oldest first. */
export function daysOf(store: Store, component: string, now: number): { days: Day[]; goodMs: number } {
  const first = dayOf(now - (daysShown - 1) * dayMs)
  const counted = store.all<Counted>('select day, verdict, ms from day where component = ? and day >= ?', [
    component,
    first,
  ])
  let goodMs = 0
  const days = Array.from({ length: daysShown }, (_, index) => {
    const day = dayOf(now - (daysShown - 1 - index) * dayMs)
    const of = counted.filter((each) => each.day === day)
    const ms = (verdict: Verdict) => of.find((each) => each.verdict === verdict)?.ms ?? 0
    const elapsedMs = Math.min(dayMs, now - Date.parse(day))
    const measuredMs = of.reduce((sum, each) => sum + each.ms, 0)
    goodMs += ms('operational') + ms('degraded')
    return {
      day,
      worst: of.length === 0 ? 'unknown' : of.map((each) => each.verdict).reduce(worse),
      degradedMs: ms('degraded'),
      partialMs: ms('partial-outage'),
      majorMs: ms('major-outage'),
      unknownMs: Math.max(0, elapsedMs - measuredMs),
      maintenanceMs: ms('maintenance'),
    }
  })
  return { days, goodMs }
}
