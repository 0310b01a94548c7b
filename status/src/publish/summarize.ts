import type { Config } from '../config/config.ts'
import { incidents } from '../incidents/incident.ts'
import { maintenances } from '../incidents/maintenance.ts'
import { daysOf, daysShown } from '../store/days.ts'
import { fact } from '../store/facts.ts'
import { responsesOf } from '../store/slices.ts'
import type { Store } from '../store/store.ts'
import type { Component, Incident, Summary } from '../summary.ts'
import { said, toldOf } from '../verdict/told.ts'
import { type Judged, overall, uptimePercent } from '../verdict/verdict.ts'
import { here, type Kept, proberNames } from '../watch/evaluate.ts'

const dayMs = 86_400_000
const notFoundOut = JSON.stringify(['It was not found out yet what this page shares with the library.'])

/**
 * All that the page tells at this moment. A verdict that nobody renewed lately is told as unknown: a command that
 * publishes while the daemon is dead must not tell of the time when it lived.
 */
export function summarize(store: Store, config: Config, now: number): Summary {
  const kept = new Map(store.all<Kept>('select * from standing').map((row) => [row.component, row]))
  const since = now - daysShown * dayMs
  const written = incidents(store, { resolvedSince: since })
  const open = written.filter(({ state }) => state !== 'resolved')
  const components = config.components.map((component) =>
    describe(store, config, {
      component,
      kept: kept.get(component.id),
      named: open.filter(({ components: named }) => named.includes(component.id)),
      now,
    }),
  )
  const { page } = config
  const url = page.url.replace(/\/$/, '')
  return {
    page: {
      name: page.name,
      url,
      libraryUrl: page.libraryUrl,
      writtenAt: new Date(now).toISOString(),
      staleAfterMs: page.staleAfterMs,
      subscribeUrl: config.subscriptions.areOpen ? `${url}/subscribe` : '',
    },
    overall: overall([...components.map(({ verdict }) => verdict), ...open.map(said)]),
    components,
    incidents: written,
    maintenances: maintenances(store, { endedSince: since }),
    shares: JSON.parse(fact(store, 'shares') ?? notFoundOut) as string[],
    probers: probers(store, config, now),
  }
}

function describe(
  store: Store,
  config: Config,
  {
    component: { id, name, description },
    kept,
    named,
    now,
  }: {
    component: Config['components'][number]
    kept: Kept | undefined
    named: readonly Incident[]
    now: number
  },
): Component {
  const { days, goodMs } = daysOf(store, id, now)
  const sum = (of: 'partialMs' | 'majorMs') => days.reduce((total, day) => total + day[of], 0)
  const isRenewed = kept !== undefined && Math.abs(now - kept.judged_at) <= config.page.staleAfterMs
  const measured: Judged = isRenewed
    ? { verdict: kept.verdict, because: kept.because }
    : { verdict: 'unknown', because: 'Nothing was heard lately.' }
  const measuredSince = kept ? new Date(isRenewed ? kept.since : kept.judged_at).toISOString() : null
  const { verdict, because } = toldOf(measured, named)
  const lifting = verdict === measured.verdict ? undefined : named.find((each) => said(each) === verdict)
  return {
    id,
    name,
    description,
    verdict,
    since: lifting?.openedAt ?? measuredSince,
    because,
    days,
    uptimePercent: uptimePercent({ goodMs, partialMs: sum('partialMs'), majorMs: sum('majorMs') }),
    responses: responsesOf(store, id, now),
  }
}

function probers(store: Store, config: Config, now: number): Summary['probers'] {
  const heard = new Map(
    store
      .all<{ name: string; last_at: number }>('select name, last_at from prober')
      .map((row) => [row.name, row.last_at]),
  )
  const silentAfterMs = config.intervalMs * (config.verdict.downAfter + 2)
  return proberNames(config).map((name) => {
    const [own] =
      name === here
        ? store.all<{ at: number | null }>(
            'select at from sample where prober = ? order by id desc limit 1',
            [name],
          )
        : []
    const lastAt = own?.at ?? heard.get(name) ?? null
    return {
      name,
      lastAt: lastAt === null ? null : new Date(lastAt).toISOString(),
      isSilent: lastAt === null || now - lastAt > silentAfterMs,
    }
  })
}
