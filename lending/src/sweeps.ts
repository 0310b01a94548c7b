import { setTimeout as wait } from 'node:timers/promises'
import type { Library } from './library.ts'
import type { Database } from './postgres/pool.ts'
import type { Sql } from './postgres/sql.ts'

/** One thing that time brings about without anybody asking, such as the end of a hold on the shelf. */
export type Sweep = {
  readonly name: string
  /**
   * Does what is due now, in batches of its own. Doing it twice, late or in part must do no harm: when Bibby is stopped it
   * is ended before its next batch.
   */
  readonly run: (library: Library, now: Date) => Promise<unknown>
}

const everyMs = 60 * 60_000
/** The first round leaves the start of the day to the desks. */
const firstAfterMs = 60_000
/** Any fixed number: of all Bibbys on a database, the one that has it sweeps. */
const sweepLock = 722_110_013

/** Sweeps soon after the start and then every hour, until closed. Closing waits for the batch under way. */
export function startSweeps(
  library: Library,
  sweeps: readonly Sweep[],
  warn: (text: string) => void,
): AsyncDisposable {
  const closing = new AbortController()
  const rounds = async () => {
    for (let pauseMs = firstAfterMs; ; pauseMs = everyMs) {
      await wait(pauseMs, undefined, { signal: closing.signal, ref: false })
      await sweepOnce(library, sweeps, { warn, signal: closing.signal })
    }
  }
  const ended = rounds().catch((error: unknown) => {
    if (!closing.signal.aborted) warn(`The sweeps ended: ${words(error)}`)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await ended
    },
  }
}

/**
 * One round of all sweeps, unless another process is at it; tells which ran well. One that fails does not keep the
 * others from running, and comes again in the next round. One that `signal` cuts short has not failed.
 */
export async function sweepOnce(
  library: Library,
  sweeps: readonly Sweep[],
  { warn, signal }: { warn: (text: string) => void; signal?: AbortSignal },
): Promise<readonly string[]> {
  const ran: string[] = []
  const failed = (text: string) => {
    if (!signal?.aborted) warn(text)
  }
  try {
    const session = await library.db.connectAlone()
    session.on('error', () => undefined)
    try {
      const { rows } = await session.query<{ taken: boolean }>(
        `select pg_try_advisory_lock(${sweepLock}) as taken`,
      )
      if (!rows[0]?.taken) return ran
      for (const sweep of sweeps) {
        if (signal?.aborted) break
        await sweep.run(signal ? stoppable(library, signal) : library, library.clock()).then(
          () => ran.push(sweep.name),
          (error: unknown) => failed(`The sweep “${sweep.name}” failed and comes again: ${words(error)}`),
        )
      }
    } finally {
      await session.end().catch(() => undefined)
    }
  } catch (error) {
    failed(`No sweep could run: ${words(error)}`)
  }
  return ran
}

/** The library, until the signal: then nothing more is begun on its database, and what is under way goes on to its end. */
function stoppable(library: Library, signal: AbortSignal): Library {
  const { db } = library
  const begin = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    return work()
  }
  const until: Database = {
    ...db,
    rows: <R extends object>(statement: Sql) => begin(() => db.rows<R>(statement)),
    transaction: (work) => begin(() => db.transaction(work)),
    withConnection: (work) => begin(() => db.withConnection(work)),
  }
  return { ...library, db: until }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault'
}
