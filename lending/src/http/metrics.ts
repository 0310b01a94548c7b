import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyRequest } from 'fastify'
import { backupFigures } from '../backups/figures.ts'
import type { Library } from '../library.ts'
import { fence } from '../postgres/fence.ts'
import type { App } from './app.ts'
import { monitorsOf } from './monitors.ts'
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
  addPoolGauges(registry, library)
  addJobGauge(registry, library)
  addBuildGauge(registry, library)
  addNoticeFigures(registry, library)
  addHaltGauge(registry, library)
  addBackupGauges(registry, library)
  const writes = new Counter({
    name: 'bibby_writes_total',
    help: 'Writes by verb and what became of them.',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  })
  const answered = timeRequests(app, registry)
  addTrafficFigures(app, registry)
  app.decorate('metrics', {
    wrote: (action, outcome) => writes.inc({ action, outcome }),
    answered,
    expectWrites: (action) => {
      for (const outcome of outcomes) writes.inc({ action, outcome }, 0)
    },
    mayBeReadBy: monitorsOf(library),
    text: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  } satisfies Metrics)
}

/** Times by the class of requests, counts by route: a histogram of each route would be most of the figures, and unread. */
function timeRequests(app: App, registry: Registry): Metrics['answered'] {
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
    const { url } = request.routeOptions
    const route = url === undefined ? undefined : { url, method }
    answered({
      route,
      status: reply.statusCode,
      timed: { traffic, seconds: reply.elapsedTime / 1_000 },
    })
    done()
  })
  return answered
}

function addTrafficFigures(app: App, registry: Registry): void {
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

function addPoolGauges(registry: Registry, library: Library): void {
  new Gauge({
    name: 'bibby_pool_connections',
    help: 'Connections to the database by pool and state; waiting are callers without one.',
    labelNames: ['pool', 'state'],
    registers: [registry],
    collect() {
      for (const [pool, db] of Object.entries(library.pools)) {
        for (const [state, count] of Object.entries(db.counts())) this.set({ pool, state }, count)
      }
    },
  })
}

function addJobGauge(registry: Registry, { threads }: Library): void {
  new Gauge({
    name: 'bibby_jobs',
    help: 'Jobs on threads: exports, previews, imports of patrons, verifications of the audit chain.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(threads.counts())) this.set({ state }, count)
    },
  })
}

/** What is halted, by verb; `all` is every write. Absent where the database does not say. */
function addHaltGauge(registry: Registry, { db }: Library): void {
  new Gauge({
    name: 'bibby_halted',
    help: '1 while writes are stopped (verb "all") or those of one verb are halted.',
    labelNames: ['verb'],
    registers: [registry],
    async collect() {
      this.reset()
      const stands = await fence(db).catch(() => undefined)
      if (!stands) return
      this.set({ verb: 'all' }, stands.mode === 'normal' ? 0 : 1)
      for (const verb of Object.keys(stands.haltedVerbs)) this.set({ verb }, 1)
    },
  })
}

/** How it goes with backups. A time of 0 is never: there from the start, so that an alert on its age is right. */
function addBackupGauges(registry: Registry, { backups }: Library): void {
  if (backups === undefined) return
  const registers = [registry]
  new Gauge({
    name: 'bibby_backup_newest_proven_timestamp_seconds',
    help: 'The moment that the newest backup holds that was restored and compared; 0 where there is none.',
    registers,
    async collect() {
      this.set((await backupFigures(backups)).newestProven)
    },
  })
  new Gauge({
    name: 'bibby_backup_last_run_timestamp_seconds',
    help: 'When a backup was last begun, by what became of it; 0 is never.',
    labelNames: ['outcome'],
    registers,
    async collect() {
      const { lastRun } = await backupFigures(backups)
      for (const [outcome, at] of Object.entries(lastRun)) this.set({ outcome }, at)
    },
  })
  new Gauge({
    name: 'bibby_backup_recovery_seconds',
    help: 'How long it took to restore the newest proven backup into an empty server and compare it.',
    registers,
    async collect() {
      this.set((await backupFigures(backups)).recoverySeconds)
    },
  })
}

function addNoticeFigures(registry: Registry, { noticeFigures: figures }: Library): void {
  const registers = [registry]
  new Counter({
    name: 'bibby_notice_tries_total',
    help: 'Letters given to the notice service by this process, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const [kind, outcomes] of Object.entries(figures.tries)) {
        for (const [outcome, count] of Object.entries(outcomes)) this.inc({ kind, outcome }, count)
      }
    },
  })
  new Gauge({
    name: 'bibby_notices',
    help: 'Notices that wait: queued ones for the sender, dead ones for a person.',
    labelNames: ['kind', 'state'],
    registers,
    collect() {
      for (const [kind, { queued, dead }] of Object.entries(figures.queue)) {
        this.set({ kind, state: 'queued' }, queued)
        this.set({ kind, state: 'dead' }, dead)
      }
    },
  })
  new Gauge({
    name: 'bibby_notice_oldest_seconds',
    help: 'Age of the oldest queued notice.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, { oldestSeconds }] of Object.entries(figures.queue)) this.set({ kind }, oldestSeconds)
    },
  })
  new Gauge({
    name: 'bibby_notice_ledger_difference',
    help: 'By how many notices the ledger and the rows disagree. Anything but 0: somebody went past Bibby.',
    registers,
    collect() {
      this.set(figures.ledgerDifference)
    },
  })
  new Gauge({
    name: 'bibby_notices_over_run',
    help: 'Notices that were due in the last run and over the most that it may cause.',
    registers,
    collect() {
      this.set(figures.overRunMax)
    },
  })
}

function addBuildGauge(registry: Registry, { version, commit, instance }: Library): void {
  new Gauge({
    name: 'bibby_build_info',
    help: 'Always 1; its labels say which Bibby this is.',
    labelNames: ['version', 'commit', 'instance'],
    registers: [registry],
  }).set({ version, commit, instance }, 1)
}
