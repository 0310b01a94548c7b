/** A copy that may come to whoever waits for its title. */
export type ComingCopy = {
  /** In how many days it is free for the next reader; null where nobody can say. */
  readonly freeInDays: number | null
  /** For how many days the rule lends it. */
  readonly loanDays: number
}

/** Those who wait before somebody, and the copies of what they all wait for. */
export type Waiting = { readonly ahead: number; readonly copies: readonly ComingCopy[] }

/** Between two readers a copy lies on the hold shelf or travels for about so long. */
export const handoverDays = 3
/** Whoever has more readers before them is told nothing: too much happens until then. */
export const aheadMax = 1_000

/**
 * In about how many days a copy comes to somebody who waits; undefined where nobody can say. Each copy goes to the
 * first in the queue when it is free, is kept for as long as its rule allows, and goes to the next: early returns make
 * it sooner, late ones later. A copy of which nobody can say when it is free is left out.
 */
export function estimateDays({ ahead, copies }: Waiting): number | undefined {
  const coming = copies.flatMap(({ freeInDays, loanDays }) =>
    freeInDays === null ? [] : [{ first: Math.max(0, freeInDays), every: loanDays + handoverDays }],
  )
  const [one] = coming
  if (!one || ahead > aheadMax) return undefined
  /** How many readers have had one of the copies, or have one, by that day. */
  const servedBy = (day: number) =>
    coming.reduce((sum, { first, every }) => sum + Math.max(0, Math.floor((day - first) / every) + 1), 0)
  // By then a single copy would have come; halving the days that are left finds the first on which one does.
  let [tooSoon, enough] = [-1, one.first + ahead * one.every]
  while (enough - tooSoon > 1) {
    const day = Math.floor((tooSoon + enough) / 2)
    if (servedBy(day) > ahead) enough = day
    else tooSoon = day
  }
  return enough
}

/** A span as people say it: an estimate in days would promise too much. */
export type RoughSpan =
  | { readonly unit: 'few-days' }
  | { readonly unit: 'over-a-year' }
  | { readonly unit: 'weeks' | 'months'; readonly count: number }

/** So many days as people say it. */
export function roughSpan(days: number): RoughSpan {
  if (days <= 4) return { unit: 'few-days' }
  if (days < 60) return { unit: 'weeks', count: Math.max(1, Math.round(days / 7)) }
  if (days <= 365) return { unit: 'months', count: Math.round(days / 30.4) }
  return { unit: 'over-a-year' }
}
