/** p50, p95, p99 and the longest of these, in the unit that they came in. */
export function percentiles(values: readonly number[]): {
  p50: number
  p95: number
  p99: number
  max: number
} {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}
