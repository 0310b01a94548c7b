import type { Sighting } from './run-record.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/**
 * Between two looks with a restart of the machine in between, no more than this counts: nothing there tells a long night
 * from a clock that was set.
 */
export const unseenHoursMax = 36

/**
 * How long something has lain there for sure, milliseconds: the time between one look and the next, reckoned by the clock that
 * only runs while the machine does; and by the clock on the wall where the machine was started in between.
 */
export function provenAgeMs(sightings: readonly Sighting[]): number {
  let ageMs = 0
  for (const [at, next] of sightings.entries()) {
    const before = sightings[at - 1]
    if (before) ageMs += betweenMs(before, next)
  }
  return ageMs
}

function betweenMs(before: Sighting, next: Sighting): number {
  const wallMs = Date.parse(next.at) - Date.parse(before.at)
  if (!Number.isFinite(wallMs)) return 0
  if (before.boot === next.boot)
    return Math.max(0, Math.min(wallMs + minuteMs, next.uptimeMs - before.uptimeMs))
  return Math.max(0, Math.min(wallMs, unseenHoursMax * hourMs))
}
