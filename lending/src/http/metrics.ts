import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyRequest } from 'fastify'
import type { Library } from '../library.ts'
import type { App } from './app.ts'
import { addLibraryGauges } from './library-gauges.ts'
import { monitorsOf } from './monitors.ts'
import { type Buckets, together } from './quantile.ts'
import { type Traffic, trafficBounds } from './traffic.ts'

/** What became of a write. */
export type WriteOutcome = 'done' | 'refused' | 'unknown' | 'failed'

/** A request that was answered; the route is the one that was found for it. */
export type Answered = {
  readonly route: { readonly url: string; readonly method: string } | undefined
  readonly status: number
  /** Left out where it was refused before anybody looked at it: a flood of such would be all that the times say. */
  readonly timed?: { readonly traffic: Traffic; readonly seconds: number }
}

/** What was counted since the start: how much of it came lately is the difference of two. */
export type Counted = {
  /** Writes that were done. */
  readonly writes: number
  /** Requests that were refused because too much was asked at once. */
  readonly shed: number
  readonly checkout: Buckets
  /** By whoever is signed in or not. */
  readonly search: Buckets
}

/** The figures of one server. */
export type Metrics = {
  /** Counts a write. */
  readonly wrote: (action: string, outcome: WriteOutcome) => void
  /** Counts a request by what it was answered. */
  readonly answered: (request: Answered) => void
  /** Makes the series of an action known at 0, so that a rate over its first event is right. */
  readonly expectWrites: (action: string) => void
  /** Whether they are for whoever sent this request. */
  readonly mayBeReadBy: (request: FastifyRequest) => boolean
  /** What the operators' page is made of, read from the same counters. */
  readonly counted: () => Promise<Counted>
  /** All of it, in Prometheus's text form. */
  readonly text: () => Promise<{ readonly type: string; readonly body: string }>
}

const outcomes: readonly WriteOutcome[] = ['done', 'refused', 'unknown', 'failed']
const classes = ['2xx', '3xx', '4xx', '5xx'] as const
/** A counter for each route and class would be half of the figures. */
const ends = ['ok', '4xx', '5xx'] as const
/** Seconds. The promise is p95 < 20 ms for a checkout and < 150 ms for a search. */
const buckets = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** Starts counting on this server: requests by class and route, writes by verb, pools, event loop, memory. */
export function addMetrics(app: App, library: Library): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addLibraryGauges(registry, library)
  const writes = new Counter({
    name: 'bibby_writes_total',
    help: 'Writes by verb and what became of them.',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  })
  const { answered, times } = timeRequests(app, registry)
  addTrafficFigures(app, registry)
  app.decorate('metrics', {
    wrote: (action, outcome) => writes.inc({ action, outcome }),
    answered,
    expectWrites: (action) => {
      for (const outcome of outcomes) writes.inc({ action, outcome }, 0)
    },
    mayBeReadBy: monitorsOf(library),
    counted: async () => {
      const [{ values }, seconds] = await Promise.all([writes.get(), times()])
      const done = values.filter(({ labels }) => 'outcome' in labels && labels.outcome === 'done')
      return {
        writes: done.reduce((sum, { value }) => sum + value, 0),
        shed: Object.values(app.traffic()).reduce((sum, { refused }) => sum + refused, 0),
        checkout: seconds('checkout'),
        search: together([seconds('search'), seconds('visitors')]),
      }
    },
    text: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  } satisfies Metrics)
}

type Timing = {
  readonly answered: Metrics['answered']
  /** The times so far, by class. */
  readonly times: () => Promise<(traffic: Traffic) => Buckets>
}

/** Times by the class of requests, counts by route: a histogram of each route would be most of the figures, and unread. */
function timeRequests(app: App, registry: Registry): Timing {
  const seconds = new Histogram({
    name: 'bibby_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer, by class of request and of status; not of those refused before they were looked at.',
    labelNames: ['traffic', 'class'],
    buckets,
    registers: [registry],
  })
  const requests = new Counter({
    name: 'bibby_requests_total',
    help: 'Requests answered, by route: ok are those of 2xx and 3xx.',
    labelNames: ['route', 'method', 'class'],
    registers: [registry],
  })
  const nowhere = { route: 'unknown', method: 'any' }
  for (const traffic of ['free', ...Object.keys(trafficBounds)]) {
    for (const name of classes) seconds.zero({ traffic, class: name })
  }
  const expect = (route: { readonly route: string; readonly method: string }) => {
    for (const name of ends) requests.inc({ ...route, class: name }, 0)
  }
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      if (each === 'HEAD' || each === 'OPTIONS') continue
      expect({ route: url, method: each })
    }
  })
  expect(nowhere)
  const answered: Metrics['answered'] = ({ route, status, timed }) => {
    const name = classes[Math.min(3, Math.max(0, Math.floor(status / 100) - 2))] ?? '5xx'
    const labels = route === undefined ? nowhere : { route: route.url, method: route.method }
    requests.inc({ ...labels, class: name === '2xx' || name === '3xx' ? 'ok' : name })
    if (timed) seconds.observe({ traffic: timed.traffic, class: name }, timed.seconds)
  }
  app.addHook('onResponse', (request, reply, done) => {
    const { method, traffic } = request
    const { url, config } = request.routeOptions
    const route = url === undefined ? undefined : { url, method }
    const timed = { traffic, seconds: reply.elapsedTime / 1_000 }
    answered({ route, status: reply.statusCode, ...(config.isStream ? {} : { timed }) })
    done()
  })
  return { answered, times: async () => timesIn((await seconds.get()).values) }
}

type Counts = Awaited<ReturnType<Histogram<'traffic' | 'class'>['get']>>['values']

function timesIn(values: Counts): (traffic: Traffic) => Buckets {
  const bounds = [...buckets, Number.POSITIVE_INFINITY]
  return (wanted) => {
    const counts = new Map<number, number>()
    for (const { metricName, labels, value } of values) {
      const { traffic, le } = labels as Readonly<Record<string, string | number | undefined>>
      if (traffic !== wanted || le === undefined || !metricName?.endsWith('_bucket')) continue
      const upTo = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
      counts.set(upTo, (counts.get(upTo) ?? 0) + value)
    }
    return bounds.map((upTo) => ({ upTo, count: counts.get(upTo) ?? 0 }))
  }
}

function addTrafficFigures(app: App, registry: Registry): void {
  new Gauge({
    name: 'bibby_event_loop_late_seconds',
    help: 'The longest that the event loop kept anything waiting within the last 5 s that were looked at.',
    registers: [registry],
    collect() {
      this.set((app.pulse.beats().at(-1)?.lagMs ?? 0) / 1_000)
    },
  })
  new Gauge({
    name: 'bibby_admission',
    help: 'Requests by class and state; waiting are those whose turn has not come.',
    labelNames: ['traffic', 'state'],
    registers: [registry],
    collect() {
      for (const [traffic, { running, waiting }] of Object.entries(app.traffic())) {
        this.set({ traffic, state: 'running' }, running)
        this.set({ traffic, state: 'waiting' }, waiting)
      }
    },
  })
  new Counter({
    name: 'bibby_refused_overloaded_total',
    help: 'Requests that were refused because their class would have waited too long.',
    labelNames: ['traffic'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [traffic, { refused }] of Object.entries(app.traffic())) this.inc({ traffic }, refused)
    },
  })
}
