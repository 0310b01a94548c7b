import { incidents } from '../incidents/incident.ts'
import { maintenances } from '../incidents/maintenance.ts'
import { openStore } from '../store/store.ts'
import type { Command } from './given.ts'

/** All that is kept, as one JSON object; of those who subscribe only how many. */
export const exportAll: Command = ({ say }, _, configOf) => {
  using store = openStore(configOf().data)
  const count = (sql: string) => store.all<{ n: number }>(sql)[0]?.n ?? 0
  say(
    JSON.stringify({
      incidents: incidents(store, { resolvedSince: 0, most: 100_000 }),
      maintenances: maintenances(store, { endedSince: 0, most: 100_000 }),
      days: store.all('select component, day, verdict, ms from day order by day, component, verdict'),
      responses: store.all('select component, at, p50_ms, p95_ms from slice order by at, component'),
      samples: store.all(
        'select component, probe, prober, at, outcome, latency_ms, detail from sample order by id',
      ),
      subscriptions: count('select count(*) as n from subscription'),
    }),
  )
  return 0
}
