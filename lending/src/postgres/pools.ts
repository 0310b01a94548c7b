import { availableParallelism } from 'node:os'
import { type PoolName, poolAsked } from './asker.ts'
import { type Database, openPool, type PoolOptions } from './pool.ts'

/** All connections of a process that serves a library, but for the few that stand alone. */
export type Pools = AsyncDisposable & {
  /** Takes its connections from the pool of whoever asks. */
  readonly db: Database
  /** For search alone: role bibby_search where the server has it, read-only. */
  readonly searchDb: Database
  /** Each of them, for the figures. */
  readonly all: Readonly<Record<PoolName | 'search', Pick<Database, 'counts'>>>
}

/**
 * What each pool may take of the server. Whoever asks has connections of their kind and no others, so that nothing
 * slow, however much there is of it, takes one from a desk. They are made when they are needed, and closed when they
 * have idled for 10 s, but for those kept: a new session reads the tables of the system anew and plans each statement
 * for the first time, which costs somebody who waits a tenth of a second, and those of a few desks at once four. An idle
 * one holds 5 MB. The sum, with what is outside the pools, stands in docs/concepts/overload.md.
 */
const bounds: Readonly<
  Record<
    PoolName,
    Pick<PoolOptions, 'connectionsMax' | 'connectionsKept' | 'statementLimitMs' | 'standsLast'>
  >
> = {
  // Never behind a desk that is stuck: halting is for that moment.
  watch: { connectionsMax: 2, statementLimitMs: 5_000 },
  // What two cores keep busy; measured, see docs/decisions/0007.
  desk: { connectionsMax: 12, connectionsKept: 12, statementLimitMs: 5_000 },
  people: { connectionsMax: 4, connectionsKept: 2, statementLimitMs: 5_000 },
  catalogue: { connectionsMax: 2, connectionsKept: 2, statementLimitMs: 5_000 },
  // Nothing waits behind a report, so it may take its time.
  reports: { connectionsMax: 3, statementLimitMs: 15_000, standsLast: true },
  // It holds locks that a desk may want.
  unasked: { connectionsMax: 4, statementLimitMs: 5_000 },
}
/**
 * No more sessions search than there are processors: a desk that is woken finds each of them busy, and two search as
 * much as four where there are two. Two at least, so that one slow search is not all of them; figures in decision 14.
 */
export const searchSessions = Math.min(4, Math.max(2, availableParallelism()))
const searchBounds = {
  connectionsMax: searchSessions,
  connectionsKept: searchSessions,
  statementLimitMs: 500,
  standsLast: true,
}

/** Opens the pools; no connection is made before it is needed. A command needs no more than `eachMax` of a kind. */
export function openPools(
  connection: PoolOptions['connection'],
  { eachMax = Number.POSITIVE_INFINITY }: { readonly eachMax?: number | undefined } = {},
): Pools {
  const open = (name: PoolName) => {
    const connectionsMax = Math.min(eachMax, bounds[name].connectionsMax)
    return openPool({ connection, name: `bibby-${name}`, ...bounds[name], connectionsMax })
  }
  const pools: Readonly<Record<PoolName, Database>> = {
    watch: open('watch'),
    desk: open('desk'),
    people: open('people'),
    catalogue: open('catalogue'),
    reports: open('reports'),
    unasked: open('unasked'),
  }
  const searchDb = openPool({
    connection,
    name: 'bibby-search',
    ...searchBounds,
    connectionsMax: Math.min(eachMax, searchBounds.connectionsMax),
    readOnly: true,
    role: 'bibby_search',
  })
  const all = { ...pools, search: searchDb }
  return {
    db: ofWhoAsks(pools),
    searchDb,
    all,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(Object.values(all).map((pool) => pool[Symbol.asyncDispose]()))
    },
  }
}

/** One database, by the pool of whoever asks. */
function ofWhoAsks(pools: Readonly<Record<PoolName, Database>>): Database {
  const theirs = () => pools[poolAsked()]
  return {
    rows: (statement) => theirs().rows(statement),
    transaction: (work) => theirs().transaction(work),
    withConnection: (work) => theirs().withConnection(work),
    connectAlone: (limits) => theirs().connectAlone(limits),
    counts: () => {
      const counts = Object.values(pools).map((pool) => pool.counts())
      const sum = (of: 'open' | 'idle' | 'waiting') => counts.reduce((all, each) => all + each[of], 0)
      return { open: sum('open'), idle: sum('idle'), waiting: sum('waiting') }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(Object.values(pools).map((pool) => pool[Symbol.asyncDispose]()))
    },
  }
}
