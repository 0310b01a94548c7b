/** The pace doubles after so long, until it is at its most. */
const doublesAfterMs = 10_000

/** How many letters a second may go out, so long after sending began or began anew: from 1, doubling. */
export function lettersPerSecond(sinceMs: number, most: number): number {
  const doublings = Math.floor(Math.max(0, sinceMs) / doublesAfterMs)
  return Math.min(most, 2 ** Math.min(doublings, 30))
}

/** What may go out: letters saved up, and since when. */
export type Allowance = { readonly letters: number; readonly at: number }

/**
 * What may go out now: what was left and what has come since at this pace. No more than a second's worth is saved up, so
 * that a pause is not followed by a rush.
 */
export function allowanceAt(
  { letters, at }: Allowance,
  { now, perSecond }: { readonly now: number; readonly perSecond: number },
): Allowance {
  const grown = letters + (Math.max(0, now - at) / 1_000) * perSecond
  return { letters: Math.min(grown, Math.max(1, perSecond)), at: now }
}

const firstProbeMs = 1_000
const longestProbeMs = 60_000

/** While the service is away one letter at a time is tried: so long after so many that failed in a row. */
export function probeAfterMs(failures: number): number {
  return Math.min(longestProbeMs, firstProbeMs * 2 ** Math.min(30, Math.max(0, failures - 1)))
}
