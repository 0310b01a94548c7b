import type { Socket } from 'node:net'
import type { Database } from '../src/postgres/pool.ts'

/** When the connection is cut: before the statement is sent, or after the server ran it, its reply lost. */
export type Cut = 'before' | 'reply-lost'

/**
 * The same database, but the connection breaks at statement `at` (1 is `begin`) of each transaction. Statements are
 * counted on the wire, where several may share a message: those before the cut reach the server. `reached` tells
 * whether any transaction had that many statements: the loop over `at` ends when it is false.
 */
export function cutAt(db: Database, at: number, cut: Cut): Database & { readonly reached: () => boolean } {
  let reached = false
  const withConnection: Database['withConnection'] = (work) =>
    db.withConnection(async (connection) => {
      const { connection: wire } = connection as unknown as { connection: Wire }
      const restore = countStatements(wire, (n) => {
        if (n !== at) return
        reached = true
        breakOff(wire, cut)
      })
      try {
        return await work(connection)
      } finally {
        restore()
      }
    })
  return { ...db, withConnection, reached: () => reached }
}

/** What `pg` sends by: `query` for a bare text, `execute` for each prepared statement. */
type Wire = { readonly stream: Socket; query: Send; execute: Send }
type Send = (...args: unknown[]) => unknown

function countStatements(wire: Wire, beforeEach: (n: number) => void): () => void {
  let n = 0
  for (const way of ['query', 'execute'] as const) {
    const send = wire[way].bind(wire)
    Object.defineProperty(wire, way, {
      configurable: true,
      value: (...args: unknown[]) => {
        n += 1
        beforeEach(n)
        return send(...args)
      },
    })
  }
  return () => {
    Reflect.deleteProperty(wire, 'query')
    Reflect.deleteProperty(wire, 'execute')
  }
}

function breakOff({ stream }: Wire, cut: Cut): void {
  if (cut === 'before') {
    // What was sent before it, if in the same message, goes out: the server runs that, and then finds nobody there.
    stream.destroySoon()
    return
  }
  // The reply arrives and is thrown away unread: the server has done its part, and we do not know.
  stream.removeAllListeners('data')
  stream.once('data', () => stream.destroy())
}
