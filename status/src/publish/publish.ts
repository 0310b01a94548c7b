import type { Config, Target } from '../config/config.ts'
import { renderSite } from '../site/render-site.ts'
import { revision } from '../store/facts.ts'
import type { Store } from '../store/store.ts'
import { lockWithin } from './lock.ts'
import { summarize } from './summarize.ts'
import { send } from './targets.ts'

/** A target, and what is wrong with it; null when readers have what was written. */
export type Published = {
  readonly target: string
  /** False where it was published so lately that nothing was done: that reads nothing back. */
  readonly isSent: boolean
  readonly problem: string | null
  /** Files that were lost or altered there, and were put again. */
  readonly mended: readonly string[]
}

/** What is kept of a target. */
export type KeptTarget = {
  readonly name: string
  readonly revision: number
  readonly published_at: number | null
  readonly problem: string
}

const lockWaitMs = 4_000

/**
 * Publishes the state of this moment to one target. One process at a time writes to it; one that is stuck is not waited
 * for long: files are renamed into place whole, and the daemon mends what an older hand may leave. Who publishes again and
 * again counts its turns from 0, and begins anew after a problem: all is read back then, and some of it in each later turn.
 */
export async function publishTo(
  store: Store,
  config: Config,
  target: Target,
  { clock, unlessNewerThanMs = 0, turn }: { clock: () => number; unlessNewerThanMs?: number; turn?: number },
): Promise<Published> {
  using _ = await lockWithin(config.data, `target-${target.name}`, lockWaitMs)
  const now = clock()
  const wanted = revision(store)
  const kept = targets(store).find(({ name }) => name === target.name)
  if (
    kept &&
    kept.revision >= wanted &&
    kept.problem === '' &&
    Math.abs(now - (kept.published_at ?? 0)) < unlessNewerThanMs
  ) {
    return { target: target.name, isSent: false, problem: null, mended: [] }
  }
  const files = renderSite(summarize(store, config, now))
  const sent = await send(config, target, { files, turn }).then(
    (mended) => ({ problem: null, mended }),
    (error: unknown) => ({ problem: error instanceof Error ? error.message : 'fault', mended: [] }),
  )
  keep(store, { name: target.name, wanted, now, problem: sent.problem })
  return { target: target.name, isSent: true, ...sent }
}

/** Publishes to all targets at once; none waits for another. */
export async function publishEverywhere(
  store: Store,
  config: Config,
  clock: () => number,
): Promise<Published[]> {
  return Promise.all(config.publish.map((target) => publishTo(store, config, target, { clock })))
}

/** What is kept of all targets. */
export function targets(store: Store): KeptTarget[] {
  return store.all<KeptTarget>('select * from target order by name')
}

function keep(
  store: Store,
  { name, wanted, now, problem }: { name: string; wanted: number; now: number; problem: string | null },
): void {
  const at = problem === null ? now : null
  store.run(
    `insert into target (name, revision, published_at, problem) values (?, ?, ?, ?)
     on conflict (name) do update set revision = excluded.revision, problem = excluded.problem,
       published_at = coalesce(excluded.published_at, published_at)`,
    [name, problem === null ? wanted : 0, at, problem ?? ''],
  )
}
