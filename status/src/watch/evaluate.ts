import type { Config } from '../config/config.ts'
import { aheadOf } from '../incidents/maintenance.ts'
import { everyMsOf } from '../probes/rounds.ts'
import { countTime } from '../store/days.ts'
import { changed } from '../store/facts.ts'
import { latestSamples } from '../store/samples.ts'
import type { Store } from '../store/store.ts'
import type { Verdict } from '../summary.ts'
import { type Rules, standingOf } from '../verdict/standing.ts'
import { type Judged, verdictOf } from '../verdict/verdict.ts'

/** A component whose verdict is another than before. */
export type Change = {
  readonly component: string
  readonly from: Verdict
  readonly to: Verdict
  readonly because: string
  readonly at: number
}

/** What is kept of a verdict. */
export type Kept = {
  readonly component: string
  readonly verdict: Verdict
  readonly since: number
  readonly because: string
  readonly counted_to: number
  readonly judged_at: number
}

const dayMs = 86_400_000
/** This process, among the probers. */
export const here = 'here'

/** All who probe. */
export function proberNames(config: Config): string[] {
  return [here, ...config.probers.map(({ name }) => name)]
}

/**
 * Judges every component and counts the time since the last judging to the verdict that held. Time in which nobody
 * judged, because the process was dead or the machine slept, is counted to nothing: it is unknown.
 */
export function evaluate(
  store: Store,
  config: Config,
  now: number,
  tell: (change: Change) => void,
): Change[] {
  return store.atomically(() => {
    const busy = new Set(
      aheadOf(store).flatMap(({ state, components }) => (state === 'in-progress' ? components : [])),
    )
    const kept = new Map(store.all<Kept>('select * from standing').map((row) => [row.component, row]))
    const changes = config.components.flatMap((component): Change[] => {
      const judged = judge(store, config, { component, inMaintenance: busy.has(component.id), now })
      return keep(store, {
        id: component.id,
        before: kept.get(component.id),
        judged,
        now,
        holeMs: 3 * config.intervalMs,
      })
    })
    for (const change of changes) tell(change)
    if (changes.length > 0) changed(store)
    return changes
  })
}

function judge(
  store: Store,
  config: Config,
  {
    component,
    inMaintenance,
    now,
  }: { component: Config['components'][number]; inMaintenance: boolean; now: number },
): Judged {
  const probers = proberNames(config)
  const asked = component.probes.map((probe) => {
    const rules: Rules = {
      ...config.verdict,
      freshMs: everyMsOf(config, probe) * (config.verdict.downAfter + 2) + probe.timeoutMs,
    }
    const seen = probers.map((prober) =>
      standingOf(latestSamples(store, { component: component.id, probe: probe.id, prober }), rules, now),
    )
    return { probe: probe.id, seen }
  })
  return verdictOf(asked, { probers: probers.length, inMaintenance })
}

function keep(
  store: Store,
  {
    id,
    before,
    judged,
    now,
    holeMs,
  }: { id: string; before: Kept | undefined; judged: Judged; now: number; holeMs: number },
): Change[] {
  const from = before?.verdict ?? 'unknown'
  const isOther = judged.verdict !== from
  const since = before && !isOther ? before.since : now
  // A clock that went back: what is counted already is not counted again. One that was years ahead is believed no more.
  const isBehind = before !== undefined && now < before.counted_to && before.counted_to - now < dayMs
  if (before && now > before.counted_to && now - before.counted_to <= holeMs) {
    countTime(store, { component: id, verdict: from, from: before.counted_to, to: now })
  }
  store.run(
    `insert into standing (component, verdict, since, because, counted_to, judged_at) values (?, ?, ?, ?, ?, ?)
     on conflict (component) do update set verdict = excluded.verdict, since = excluded.since,
       because = excluded.because, counted_to = excluded.counted_to,
       judged_at = excluded.judged_at`,
    [id, judged.verdict, since, judged.because, isBehind ? before.counted_to : now, now],
  )
  return isOther ? [{ component: id, from, to: judged.verdict, because: judged.because, at: now }] : []
}
