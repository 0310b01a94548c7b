import type { PoolClient } from 'pg'
import { ConnectionsBusyError, DatabaseUnreachableError } from '../postgres/faults.ts'
import { type Database, type Rows, rowsOn, sqlState } from '../postgres/pool.ts'

/**
 * Runs `work` on one connection of the search pool, with plans that are made once. A search has ten indexes to
 * choose from, and planning it anew for each word costs more than finding the word. A short misspelt word shares few
 * letter triples with what was meant: at 0.15 nine in ten are found, at the usual 0.3 fewer (decision 3).
 */
export function searchConnection<T>(
  searchDb: Database,
  work: (db: { rows: Rows }) => Promise<T>,
): Promise<T> {
  return searchDb.withConnection(async (connection) => {
    if (!prepared.has(connection)) {
      await connection.query(settings)
      prepared.add(connection)
    }
    return work({ rows: rowsOn(connection) })
  })
}

/** Whether the search has no time for this now, or is out of reach: what is only a help is left out then. */
export function isNotNow(error: unknown): boolean {
  return (
    error instanceof ConnectionsBusyError || error instanceof DatabaseUnreachableError || wasStopped(error)
  )
}

/** Whether the database stopped a search at its time limit. */
export function wasStopped(error: unknown): boolean {
  return sqlState(error) === '57014'
}

const prepared = new WeakSet<PoolClient>()

const settings = `
  set plan_cache_mode = force_generic_plan;
  set jit = off;
  set max_parallel_workers_per_gather = 0;
  set pg_trgm.similarity_threshold = 0.15
`
