import type { Response } from '../summary.ts'
import { fact, keepFact } from './facts.ts'
import type { Store } from './store.ts'

const sliceMs = 15 * 60_000
const slicesShown = 96

/** The start of the slice that a moment lies in. */
function sliceOf(at: number): number {
  return Math.floor(at / sliceMs) * sliceMs
}

/** Works out the slices that are over, each once, so that the page need not look at all samples. */
export function closeSlices(store: Store, components: readonly string[], now: number): void {
  const current = sliceOf(now)
  const oldest = current - slicesShown * sliceMs
  const from = Math.max(oldest, Number(fact(store, 'slices-closed-to') ?? oldest))
  if (from >= current) return
  store.atomically(() => {
    for (let at = from; at < current; at += sliceMs) {
      for (const component of components) {
        const times = timesIn(store, component, at)
        if (times.length === 0) continue
        store.run('insert or replace into slice (component, at, p50_ms, p95_ms) values (?, ?, ?, ?)', [
          component,
          at,
          share(times, 0.5),
          share(times, 0.95),
        ])
      }
    }
    keepFact(store, { name: 'slices-closed-to', value: String(current) })
  })
}

/** The latest 24 hours, oldest first; the last slice is the one that still goes on. */
export function responsesOf(store: Store, component: string, now: number): Response[] {
  const current = sliceOf(now)
  const first = current - (slicesShown - 1) * sliceMs
  const rows = store.all<{ at: number; p50_ms: number; p95_ms: number }>(
    'select at, p50_ms, p95_ms from slice where component = ? and at >= ?',
    [component, first],
  )
  const closed = new Map(rows.map((row) => [row.at, row]))
  return Array.from({ length: slicesShown }, (_, index) => {
    const at = first + index * sliceMs
    const row = at === current ? open(timesIn(store, component, at)) : closed.get(at)
    return {
      at: new Date(at).toISOString(),
      p50Ms: row ? Math.round(row.p50_ms) : null,
      p95Ms: row ? Math.round(row.p95_ms) : null,
    }
  })
}

function open(times: readonly number[]): { p50_ms: number; p95_ms: number } | undefined {
  return times.length === 0 ? undefined : { p50_ms: share(times, 0.5), p95_ms: share(times, 0.95) }
}

function timesIn(store: Store, component: string, at: number): number[] {
  return store
    .all<{ latency_ms: number }>(
      `select latency_ms from sample
       where at >= ? and at < ? and component = ? and outcome in ('ok', 'slow') and latency_ms is not null`,
      [at, at + sliceMs, component],
    )
    .map((row) => row.latency_ms)
    .toSorted((a, b) => a - b)
}

function share(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0
}
