import type { Outcome, Sample } from '../verdict/standing.ts'
import type { Store } from './store.ts'

/** Samples that a verdict looks back on. */
export const samplesLookedAt = 60
const detailCharactersMost = 300

/** One asking and what it found. */
export type Found = {
  readonly component: string
  readonly probe: string
  readonly prober: string
  readonly at: number
  readonly outcome: Outcome
  readonly latencyMs: number | null
  readonly detail: string
}

/** Keeps one, on disk when it returns. */
export function keepSample(
  store: Store,
  { component, probe, prober, at, outcome, latencyMs, detail }: Found,
): void {
  store.run(
    `insert into sample (component, probe, prober, at, outcome, latency_ms, detail) values (?, ?, ?, ?, ?, ?, ?)`,
    [component, probe, prober, Math.round(at), outcome, latencyMs, detail.slice(0, detailCharactersMost)],
  )
}

/** The latest of one probe by one prober, oldest first, in the order in which they were heard. */
export function latestSamples(
  store: Store,
  { component, probe, prober }: { component: string; probe: string; prober: string },
): Sample[] {
  return store
    .all<Sample>(
      `select at, outcome, detail from sample where component = ? and probe = ? and prober = ? order by id desc limit ?`,
      [component, probe, prober, samplesLookedAt],
    )
    .toReversed()
}

/** How many were ever kept. */
export function samplesTotal(store: Store): number {
  const [row] = store.all<{ seq: number }>(`select seq from sqlite_sequence where name = 'sample'`)
  return row?.seq ?? 0
}
