import type { PoolClient } from 'pg'
import type { Database } from '../src/postgres/pool.ts'

/** When the connection is cut: before the statement is sent, or after the server ran it, its reply lost. */
export type Cut = 'before' | 'reply-lost'

/**
 * The same database, but the connection breaks at statement `at` (1 is `begin`) of each transaction. `reached`
 * tells whether any transaction had that many statements: the loop over `at` ends when it is false.
 */
export function cutAt(db: Database, at: number, cut: Cut): Database & { readonly reached: () => boolean } {
  let reached = false
  const withConnection: Database['withConnection'] = (work) =>
    db.withConnection(async (connection) => {
      const restore = countStatements(connection, (n) => {
        if (n !== at) return
        reached = true
        breakOff(connection, cut)
      })
      try {
        return await work(connection)
      } finally {
        restore()
      }
    })
  return { ...db, withConnection, reached: () => reached }
}

function countStatements(connection: PoolClient, beforeEach: (n: number) => void): () => void {
  let n = 0
  const query = connection.query.bind(connection) as (...args: unknown[]) => unknown
  Object.defineProperty(connection, 'query', {
    configurable: true,
    value: (...args: unknown[]) => {
      n += 1
      beforeEach(n)
      return query(...args)
    },
  })
  return () => Reflect.deleteProperty(connection, 'query')
}

function breakOff(connection: PoolClient, cut: Cut): void {
  const { stream } = (connection as unknown as { connection: { stream: import('node:net').Socket } })
    .connection
  if (cut === 'before') {
    stream.destroy()
    return
  }
  // The reply arrives and is thrown away unread: the server has done its part, and we do not know.
  stream.removeAllListeners('data')
  stream.once('data', () => stream.destroy())
}
