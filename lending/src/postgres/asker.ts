import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import { cancelOn } from './cancel.ts'
import { AskerLeftError } from './faults.ts'
import type { Sql } from './sql.ts'

/**
 * Whose connections: `watch` is health, figures and halting; `catalogue` what a page of search reads beside the search;
 * `unasked` what nobody waits for, as sweeps. See pools.ts.
 */
export type PoolName = 'watch' | 'desk' | 'people' | 'catalogue' | 'reports' | 'unasked'

/**
 * Who waits for what is asked of the database: a request. When they have left, what runs for them is stopped and
 * nothing more is begun. Work without an asker (sweeps, commands) ends by its own limits.
 */
export type Asker = {
  /** Whose connections what they ask runs on. */
  readonly pool: PoolName
  /** After `answered`, what was begun for them goes on for itself. */
  stands: 'waits' | 'left' | 'answered'
  readonly uses: Set<Use>
}

/**
 * A connection in use for an asker. Whether what runs there may be stopped: not before it is known that a transaction
 * has begun (what follows a stopped `begin` would commit by itself), and never from its commit on.
 */
export type Use = {
  readonly asker: Asker
  readonly connection: pg.ClientBase
  mayStop: 'not-yet' | 'yes' | 'never'
  /** Where it is alone, outside a transaction. */
  statement?: Sql
  isDoubtful: boolean
  stopping?: { readonly ended: AbortController; readonly over: Promise<void> }
}

const asking = new AsyncLocalStorage<Asker | undefined>()
/** Who uses a connection now. */
const used = new WeakMap<pg.ClientBase, Use>()

/** Somebody who waits. */
export function anAsker(pool: PoolName): Asker {
  return { pool, stands: 'waits', uses: new Set() }
}

/** For what goes on whoever leaves, on connections of this pool. */
export function nobody(pool: PoolName): Asker {
  return { pool, stands: 'answered', uses: new Set() }
}

/** Runs this for the asker, and whatever it begins. */
export function askedBy<T>(asker: Asker | undefined, work: () => T): T {
  return asking.run(asker, work)
}

/** The same asker for each step of what is read later, bit by bit. */
export function stillAsked<T>(parts: AsyncIterable<T>): AsyncIterable<T> {
  const within = AsyncLocalStorage.snapshot()
  return {
    [Symbol.asyncIterator]: () => {
      const steps = parts[Symbol.asyncIterator]()
      return {
        next: () => within(() => steps.next()),
        return: async () => within(() => steps.return?.() ?? { done: true, value: undefined }),
      }
    },
  }
}

/** They have no more use for an answer. */
export function leave(asker: Asker): void {
  if (asker.stands !== 'waits') return
  asker.stands = 'left'
  for (const use of asker.uses) stop(use)
}

/** They have their answer. */
export function answered(asker: Asker): void {
  if (asker.stands === 'waits') asker.stands = 'answered'
}

/** Who asks here. Throws when they have left. */
export function whoAsks(): Asker | undefined {
  const asker = asking.getStore()
  if (asker?.stands === 'left') throw new AskerLeftError()
  return asker
}

/** Whose connections what is asked here runs on. */
export function poolAsked(): PoolName {
  return asking.getStore()?.pool ?? 'unasked'
}

/** Notes that the connection works for the asker. */
export function beginUse(asker: Asker, connection: pg.ClientBase): Use {
  const use: Use = { asker, connection, mayStop: 'not-yet', isDoubtful: false }
  asker.uses.add(use)
  used.set(connection, use)
  return use
}

/** Settles when nothing is on its way to the connection; true when that is not known, and it must not be used again. */
export async function endUse(use: Use): Promise<boolean> {
  use.asker.uses.delete(use)
  used.delete(use.connection)
  await never(use)
  return use.isDoubtful
}

/** From now on what runs on the connection may be stopped: all of it reads, or it is in a transaction. */
export function mayBeStopped(connection: pg.ClientBase, statement?: Sql): void {
  const use = used.get(connection)
  if (use?.mayStop !== 'not-yet') return
  use.mayStop = 'yes'
  if (statement) use.statement = statement
  if (use.asker.stands === 'left') stop(use)
}

/** Throws when whoever the connection works for has left. */
export function mustWait(connection: pg.ClientBase): void {
  if (used.get(connection)?.asker.stands === 'left') throw new AskerLeftError()
}

/** From now on nothing on the connection is stopped, whoever leaves. Settles when no stop is on its way any more. */
export function neverStopped(connection: pg.ClientBase): Promise<void> | undefined {
  const use = used.get(connection)
  return use && never(use)
}

function never(use: Use): Promise<void> | undefined {
  use.mayStop = 'never'
  use.stopping?.ended.abort()
  return use.stopping?.over
}

/** A statement that writes and stands alone commits itself. */
const writes = /\b(insert|update|delete|merge)\b/i

function stop(use: Use): void {
  if (use.mayStop !== 'yes' || use.stopping) return
  if (use.statement && writes.test(use.statement.text)) return
  const ended = new AbortController()
  use.stopping = { ended, over: keepStopping(use, ended.signal) }
}

/** A session that has not begun to read the statement yet does not hear the first request. */
const triesMax = 5
const betweenTriesMs = 200

async function keepStopping(use: Use, ended: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= triesMax && !ended.aborted; attempt++) {
    const became = await cancelOn(use.connection)
    if (became === 'doubtful') {
      use.isDoubtful = true
      return
    }
    await setTimeout(betweenTriesMs, undefined, { signal: ended, ref: false }).catch(() => undefined)
  }
}
