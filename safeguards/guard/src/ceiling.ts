/** The most that one operation may touch. Both hold at once. */
export type Ceiling = {
  readonly rows: number
  /** Of all rows of the kind, as the plan counts them. 100 says that all of them may go. */
  readonly percent: number
}

/** What went past the ceiling, and what the ceiling is. */
export type OverCeiling = {
  readonly over: 'rows' | 'percent'
  readonly count: number
  readonly total: number
  readonly ceiling: Ceiling
}

/** Refuses what is too much. It never trims: a set that is too large was probably not the one that was meant. */
export function overCeiling(
  { count, total }: { readonly count: number; readonly total: number },
  ceiling: Ceiling,
): OverCeiling | undefined {
  if (count > ceiling.rows) return { over: 'rows', count, total, ceiling }
  if (count * 100 > ceiling.percent * total) return { over: 'percent', count, total, ceiling }
  return undefined
}
