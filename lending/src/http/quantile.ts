/** How many took at most so long: by upper bound in seconds, each bucket counted with all before it; the last bound is infinite. */
export type Buckets = readonly { readonly upTo: number; readonly count: number }[]

/** What came between two counts of the same buckets. */
export function between(before: Buckets, after: Buckets): Buckets {
  return after.map(({ upTo, count }, at) => ({ upTo, count: count - (before[at]?.count ?? 0) }))
}

/** Several counts of the same bounds as one. */
export function together(all: readonly Buckets[]): Buckets {
  const [first = []] = all
  return first.map(({ upTo }, at) => ({
    upTo,
    count: all.reduce((sum, each) => sum + (each[at]?.count ?? 0), 0),
  }))
}

/** How many there are in all. */
export function countIn(buckets: Buckets): number {
  return buckets.at(-1)?.count ?? 0
}

/**
 * The time that this share of them did not exceed, in seconds, as Prometheus reckons it: spread evenly within a bucket,
 * and the last bound where it lies beyond. Undefined where there are none.
 */
export function quantile(buckets: Buckets, share: number): number | undefined {
  const wanted = share * countIn(buckets)
  if (wanted === 0) return undefined
  const at = buckets.findIndex(({ count }) => count >= wanted)
  const { upTo = 0, count = 0 } = buckets[at] ?? {}
  const below = buckets[at - 1] ?? { upTo: 0, count: 0 }
  if (upTo === Number.POSITIVE_INFINITY) return below.upTo
  return below.upTo + (upTo - below.upTo) * ((wanted - below.count) / (count - below.count))
}
