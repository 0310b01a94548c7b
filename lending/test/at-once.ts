import type { Database } from '../src/postgres/pool.ts'
import { type Sql, sql } from '../src/postgres/sql.ts'

/**
 * Opens so many connections of the pool before the race: else each racer waits for its own to be made, and they
 * come one after another.
 */
export async function warm(db: Database, connections: number): Promise<void> {
  let open = 0
  const { promise: all, resolve: ready } = Promise.withResolvers<void>()
  await Promise.all(
    Array.from({ length: connections }, () =>
      db.withConnection(async () => {
        open += 1
        if (open === connections) ready()
        await all
      }),
    ),
  )
}

/**
 * Settles when somebody, or so many, wait for a lock in this database; or gives up when `meanwhile` has settled
 * without it.
 */
export async function whenSomebodyWaits(
  db: Database,
  meanwhile: Promise<unknown>,
  { waiters = 1 } = {},
): Promise<boolean> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  meanwhile.then(over, over)
  while (!isOver) {
    const waiting = await db.rows(sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    `)
    if (waiting.length >= waiters) return true
  }
  return false
}

/** A transaction of somebody else’s: this statement has run in it, and what it locks is locked until the end of it. */
export async function openTransaction(
  db: Database,
  statement: Sql,
): Promise<AsyncDisposable & { readonly end: (by: 'commit' | 'rollback') => Promise<void> }> {
  const connection = await db.connectAlone()
  try {
    await connection.query('begin')
    await connection.query(statement.text, [...statement.values])
  } catch (error) {
    await connection.end()
    throw error
  }
  return {
    end: async (by) => void (await connection.query(by)),
    [Symbol.asyncDispose]: () => connection.end(),
  }
}
