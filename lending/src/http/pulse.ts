import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Feels } from '../instances/instances.ts'
import type { Library } from '../library.ts'
import type { App } from './app.ts'
import type { Counted } from './metrics.ts'
import { type Buckets, between, countIn, quantile } from './quantile.ts'

/** How long requests of a class took within some seconds. */
export type Latency = { readonly count: number; readonly p50Ms: number; readonly p95Ms: number }

/** What was done within some seconds, and how long it took. */
export type Done = {
  readonly seconds: number
  /** Writes that were done. */
  readonly writes: number
  /** Requests that were refused because too much was asked at once. */
  readonly shed: number
  /** Undefined where there was no such request. */
  readonly checkout: Latency | undefined
  readonly search: Latency | undefined
}

/** How this process felt within some seconds. */
export type Beat = Done & {
  readonly at: Date
  /** The longest that the event loop kept anything waiting. */
  readonly lagMs: number
  readonly memoryBytes: number
}

/** How this process has felt for a quarter of an hour. */
export type Pulse = {
  /** The oldest first. */
  readonly beats: () => readonly Beat[]
  /** What was done since so many seconds before the last beat; since the first, where there were fewer. */
  readonly since: (seconds: number) => Done
  /** Takes one now: of the time since the one before. */
  readonly take: () => Promise<Beat>
  /** Tells each beat from now on; gives what ends that. */
  readonly onBeat: (listener: (beat: Beat) => void) => () => void
}

/** Seconds between two beats. */
export const beatSeconds = 5
/** A quarter of an hour. */
const keptMax = (15 * 60) / beatSeconds
const loopResolutionMs = 20
/** Beats are late by this much, and no more counts as another beat. */
const slackMs = 2_000

/** The counts at a moment; undefined is nothing yet. */
type Look = { readonly at: number; readonly counted: Counted | undefined }

/** Feels the pulse of this server every few seconds, from the counters that /metrics reads too. It asks no database. */
export function addPulse(app: App, { clock }: Pick<Library, 'clock'>): void {
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMs })
  loop.enable()
  const beats: Beat[] = []
  const looks: Look[] = [{ at: performance.now(), counted: undefined }]
  const listeners = new Set<(beat: Beat) => void>()
  const take = async (): Promise<Beat> => {
    const counted = await app.metrics.counted()
    const look = { at: performance.now(), counted }
    const beat = {
      at: clock(),
      ...difference(looks.at(-1), look),
      // An idle loop is late by the resolution of the measure.
      lagMs: Math.max(0, loop.max / 1_000_000 - loopResolutionMs),
      memoryBytes: process.memoryUsage.rss(),
    }
    loop.reset()
    beats.push(beat)
    looks.push(look)
    if (beats.length > keptMax) beats.shift()
    if (looks.length > keptMax + 1) looks.shift()
    for (const listener of listeners) listener(beat)
    return beat
  }
  const timer = setInterval(() => void take(), beatSeconds * 1_000).unref()
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    loop.disable()
    done()
  })
  app.decorate('pulse', {
    beats: () => beats,
    since: (seconds) => {
      const last = looks.at(-1)
      const from = looks.find(({ at }) => (last?.at ?? 0) - at <= seconds * 1_000 + slackMs)
      return difference(from, last)
    },
    take,
    onBeat: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  } satisfies Pulse)
}

/** A beat in the figures that fit beside those of other instances. */
export function feels({ writes, seconds, checkout, search, lagMs, memoryBytes }: Beat): Feels {
  return {
    writesPerSecond: seconds > 0 ? writes / seconds : 0,
    checkoutP95Ms: checkout?.p95Ms ?? null,
    searchP95Ms: search?.p95Ms ?? null,
    lagMs,
    memoryBytes,
  }
}

function difference(before: Look | undefined, after: Look | undefined): Done {
  const [was, is] = [before?.counted, after?.counted]
  return {
    seconds: ((after?.at ?? 0) - (before?.at ?? 0)) / 1_000,
    writes: (is?.writes ?? 0) - (was?.writes ?? 0),
    shed: (is?.shed ?? 0) - (was?.shed ?? 0),
    checkout: latency(between(was?.checkout ?? [], is?.checkout ?? [])),
    search: latency(between(was?.search ?? [], is?.search ?? [])),
  }
}

function latency(buckets: Buckets): Latency | undefined {
  const [p50, p95] = [quantile(buckets, 0.5), quantile(buckets, 0.95)]
  if (p50 === undefined || p95 === undefined) return undefined
  return { count: countIn(buckets), p50Ms: p50 * 1_000, p95Ms: p95 * 1_000 }
}
