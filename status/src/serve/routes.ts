import { targets } from '../publish/publish.ts'
import { samplesTotal } from '../store/samples.ts'
import type { Kept } from '../watch/evaluate.ts'
import type { Route } from './given.ts'
import type { Asked, Reply } from './page-server.ts'
import { takeReport } from './report.ts'
import { subscriptionPage } from './subscribe.ts'

/** Answers what is more than a file. */
export function route(given: Route, asked: Asked): Reply {
  switch (asked.pathname) {
    case '/healthz':
      return health(given)
    case '/metrics':
      return {
        status: 200,
        body: figures(given),
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      }
    case '/report':
      return takeReport(given, asked)
    default:
      return subscriptionPage(given, asked)
  }
}

/** Well is: judged lately, and published lately at one target at least. */
function health({ store, config, clock }: Route): Reply {
  const now = clock()
  const [row] = store.all<{ at: number | null }>('select max(judged_at) as at from standing')
  const isJudged = Math.abs(now - (row?.at ?? 0)) <= 3 * config.intervalMs + 1_000
  const isPublished = targets(store).some(
    ({ published_at: at }) => Math.abs(now - (at ?? 0)) <= config.page.staleAfterMs,
  )
  if (isJudged && isPublished) return { status: 200, body: 'ok\n' }
  return { status: 503, body: isJudged ? 'Nothing was published lately.\n' : 'Nothing was judged lately.\n' }
}

/** A few figures in the text form of Prometheus. */
function figures({ store, config, clock }: Route): string {
  const standing = new Map(
    store.all<Kept>('select * from standing').map((row) => [row.component, row.verdict]),
  )
  const verdicts = ['operational', 'degraded', 'partial-outage', 'major-outage', 'unknown', 'maintenance']
  const lines = [
    '# HELP bibby_status_component 1 for the verdict of a component, 0 for the others.',
    '# TYPE bibby_status_component gauge',
    ...config.components.flatMap(({ id }) =>
      verdicts.map(
        (verdict) =>
          `bibby_status_component{component="${id}",verdict="${verdict}"} ${Number((standing.get(id) ?? 'unknown') === verdict)}`,
      ),
    ),
    '# HELP bibby_status_published_timestamp_seconds When the page was last published to a target and read back; 0 is never.',
    '# TYPE bibby_status_published_timestamp_seconds gauge',
    ...config.publish.map(({ name }) => {
      const kept = targets(store).find((target) => target.name === name)
      return `bibby_status_published_timestamp_seconds{target="${name}"} ${(kept?.published_at ?? 0) / 1_000}`
    }),
    '# HELP bibby_status_written_timestamp_seconds When the page was last published anywhere; 0 is never.',
    '# TYPE bibby_status_written_timestamp_seconds gauge',
    `bibby_status_written_timestamp_seconds ${Math.max(0, ...targets(store).map(({ published_at: at }) => at ?? 0)) / 1_000}`,
    '# HELP bibby_status_target_failing 1 when the last try to publish to a target failed.',
    '# TYPE bibby_status_target_failing gauge',
    ...config.publish.map(({ name }) => {
      const kept = targets(store).find((target) => target.name === name)
      return `bibby_status_target_failing{target="${name}"} ${Number((kept?.problem ?? '') !== '')}`
    }),
    '# HELP bibby_status_samples_total Samples kept since the database was made.',
    '# TYPE bibby_status_samples_total counter',
    `bibby_status_samples_total ${samplesTotal(store)}`,
    '# HELP bibby_status_deliveries Messages by where they stand.',
    '# TYPE bibby_status_deliveries gauge',
    ...['waiting', 'sending', 'done', 'dead'].map((state) => {
      const [row] = store.all<{ n: number }>('select count(*) as n from delivery where state = ?', [state])
      return `bibby_status_deliveries{state="${state}"} ${row?.n ?? 0}`
    }),
    '# HELP bibby_status_time_seconds The clock of this process.',
    '# TYPE bibby_status_time_seconds gauge',
    `bibby_status_time_seconds ${clock() / 1_000}`,
  ]
  return `${lines.join('\n')}\n`
}
