import { createHmac, timingSafeEqual } from 'node:crypto'
import { keepSample } from '../store/samples.ts'
import type { Outcome } from '../verdict/standing.ts'
import type { Route } from './given.ts'
import type { Asked, Reply } from './page-server.ts'

/** How far the clocks of a prober and this page may be apart. */
const clockMs = 5 * 60_000
const samplesMost = 500

/** What a prober elsewhere found, as it is sent. */
export type Report = {
  readonly prober: string
  /** Higher with each report, so that none counts twice. */
  readonly sequence: number
  readonly at: number
  readonly samples: readonly {
    readonly component: string
    readonly probe: string
    readonly outcome: Outcome
    readonly latencyMs: number | null
    readonly detail: string
  }[]
}

/** Signs the very bytes of a report. */
export function signReport(key: string, body: string): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
}

/** Takes the report of a prober: signed by its key, of now, and not heard before. */
export function takeReport({ store, config, clock, heard }: Route, { body, headers }: Asked): Reply {
  const report = parsed(body)
  const prober = config.probers.find(({ name }) => name === report?.prober)
  const given = headers['x-status-signature']
  if (
    !report ||
    !prober ||
    typeof given !== 'string' ||
    !isSame(given, signReport(config.secretAt(prober.key), body))
  ) {
    return { status: 401, body: 'The report is not signed by a prober of this page.\n' }
  }
  const now = clock()
  if (Math.abs(report.at - now) > clockMs) {
    return {
      status: 409,
      body: `The clocks are ${Math.round((report.at - now) / 1_000)} s apart; at most ${clockMs / 1_000} s are taken.\n`,
    }
  }
  const isNew = store.atomically(() => {
    const took = store.run(
      `insert into prober (name, last_at, last_sequence) values (?, ?, ?)
       on conflict (name) do update set last_at = excluded.last_at, last_sequence = excluded.last_sequence
       where excluded.last_sequence > last_sequence`,
      [prober.name, now, report.sequence],
    )
    if (took === 0) return false
    // The time is ours: the clocks of probers differ.
    for (const sample of report.samples.filter(isAsked(config)))
      keepSample(store, { ...sample, prober: prober.name, at: now })
    return true
  })
  if (!isNew) return { status: 409, body: 'This report was heard before.\n' }
  heard()
  return { status: 204, body: '' }
}

function isAsked({ components }: Route['config']) {
  return ({ component, probe }: Report['samples'][number]) =>
    components.some(({ id, probes }) => id === component && probes.some((each) => each.id === probe))
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function parsed(body: string): Report | undefined {
  try {
    const report = JSON.parse(body) as Report
    const isWhole =
      typeof report.prober === 'string' &&
      Number.isSafeInteger(report.sequence) &&
      Number.isFinite(report.at) &&
      Array.isArray(report.samples) &&
      report.samples.length <= samplesMost &&
      report.samples.every(isSample)
    return isWhole ? report : undefined
  } catch {
    return undefined
  }
}

function isSample(sample: Partial<Report['samples'][number]> | null): boolean {
  return (
    typeof sample?.component === 'string' &&
    typeof sample.probe === 'string' &&
    ['ok', 'slow', 'failed', 'unknown'].includes(String(sample.outcome)) &&
    (sample.latencyMs === null || Number.isFinite(sample.latencyMs)) &&
    typeof sample.detail === 'string'
  )
}
