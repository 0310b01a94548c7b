import type { Database } from '@bibby/lending/postgres/pool.ts'

/** One statement as it went to the server. */
export type Recorded = { readonly text: string; readonly values: readonly unknown[] }

/** The same database; every statement on its connections is also written into `into`. */
export function recording(db: Database, into: Recorded[]): Database {
  return {
    ...db,
    withConnection: (work) =>
      db.withConnection(async (connection) => {
        const query = connection.query.bind(connection) as (...args: unknown[]) => unknown
        Object.defineProperty(connection, 'query', {
          configurable: true,
          value: (...args: unknown[]) => {
            const [first] = args as [string | Recorded]
            into.push(
              typeof first === 'string'
                ? { text: first, values: [] }
                : { text: first.text, values: first.values },
            )
            return query(...args)
          },
        })
        try {
          return await work(connection)
        } finally {
          Reflect.deleteProperty(connection, 'query')
        }
      }),
  }
}
