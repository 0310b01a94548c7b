import type { Config } from '../config/config.ts'
import { ask } from '../probes/ask.ts'
import { fact, keepFact } from '../store/facts.ts'
import type { Store } from '../store/store.ts'
import { setAlert } from './alerts.ts'
import { burning, grown, type Stretch } from './burn-rate.ts'
import { type Counts, countsIn } from './counts.ts'

const timeoutMs = 10_000
const burns = ['BibbyErrorsFast', 'BibbyErrorsSlow', 'BibbyErrorsFew'] as const

/** Reads the counters of the library, keeps how they grew, and tells the contacts of errors and of a signal that is gone. */
export async function watchTraffic(
  store: Store,
  config: Config,
  { clock }: { clock: () => number },
): Promise<void> {
  const { alerts } = config
  if (!alerts) return
  const counts = await ask(alerts.metricsUrl, { timeoutMs, bytesMost: 16 * 1024 * 1024 }).then(
    ({ status, text }) => (status === 200 ? countsIn(text) : undefined),
    () => undefined,
  )
  const now = clock()
  store.atomically(() => {
    if (counts) keepGrowth(store, counts, now)
    // The signal is missed from the first look on, also when it was never there.
    // A clock that was set back has not heard of it later than now.
    const heardAt = Math.min(now, Number(fact(store, 'traffic-heard-at') ?? now))
    if (!counts && fact(store, 'traffic-heard-at') !== undefined)
      keepFact(store, { name: 'traffic-heard-at', value: String(heardAt) })
    if (!counts && fact(store, 'traffic-heard-at') === undefined)
      keepFact(store, { name: 'traffic-heard-at', value: String(now) })
    const isMissing = !counts && now - heardAt >= alerts.missingAfterMs
    setAlert(store, config, {
      name: 'BibbyUnseen',
      sentence: isMissing
        ? `Nothing was read from ${alerts.metricsUrl} for ${Math.round((now - heardAt) / 1_000)} s.`
        : '',
      now,
    })
    const stretches = store.all<Stretch>('select at, requests, errors from traffic')
    const hold = burning(stretches, alerts, now)
    for (const name of burns)
      setAlert(store, config, {
        name,
        sentence: hold.find((burn) => burn.name === name)?.sentence ?? '',
        now,
      })
  })
}

/** Longer without a look, and counting begins anew. */
const holeMostMs = 5 * 60_000

function keepGrowth(store: Store, counts: Counts, now: number): void {
  const before = JSON.parse(fact(store, 'traffic-counts') ?? 'null') as Counts | null
  const heardAt = Number(fact(store, 'traffic-heard-at') ?? 0)
  // What came about in a longer hole is of no known minute, and alarms for nobody.
  if (before && Math.abs(now - heardAt) <= holeMostMs) {
    // By the minute, so that three days are few rows.
    const minute = Math.floor(now / 60_000) * 60_000
    store.run(
      `insert into traffic (at, requests, errors) values (?, ?, ?)
       on conflict (at) do update set requests = requests + excluded.requests, errors = errors + excluded.errors`,
      [minute, grown(before.requests, counts.requests), grown(before.errors, counts.errors)],
    )
  }
  keepFact(store, { name: 'traffic-counts', value: JSON.stringify(counts) })
  keepFact(store, { name: 'traffic-heard-at', value: String(now) })
}
