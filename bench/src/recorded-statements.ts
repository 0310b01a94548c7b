import type { Database } from '@bibby/lending/postgres/pool.ts'

/** One statement as it went to the server. */
export type Recorded = { readonly text: string; readonly values: readonly unknown[] }

/** What `pg` sends by: `query` for a bare text, `bind` for a prepared statement, whose text the server knows by name. */
type Wire = {
  readonly parsedStatements: Readonly<Record<string, string>>
  readonly submittedNamedStatements: Readonly<Record<string, string>>
  query: (text: string) => unknown
  parse: (config: { name: string; text: string }) => unknown
  bind: (config: { statement: string; values: readonly unknown[] }) => unknown
}

/** The same database; every statement on its connections is also written into `into`, as it goes on the wire. */
export function recording(db: Database, into: Recorded[]): Database {
  return {
    ...db,
    withConnection: (work) =>
      db.withConnection(async (connection) => {
        const { connection: wire } = connection as unknown as { connection: Wire }
        const { query, parse, bind } = wire
        /** Read by the server last without a name. */
        let unnamed: string | undefined
        const record = (way: 'query' | 'parse' | 'bind', value: unknown) =>
          Object.defineProperty(wire, way, { configurable: true, value })
        record('query', (text: string) => {
          into.push({ text, values: [] })
          return query.call(wire, text)
        })
        record('parse', (config: Parameters<Wire['parse']>[0]) => {
          if (!config.name) unnamed = config.text
          return parse.call(wire, config)
        })
        record('bind', (config: Parameters<Wire['bind']>[0]) => {
          const { statement, values } = config
          const text = statement
            ? (wire.parsedStatements[statement] ?? wire.submittedNamedStatements[statement])
            : unnamed
          if (text === undefined) throw new Error('A statement was sent whose text is not known.')
          into.push({ text, values })
          return bind.call(wire, config)
        })
        try {
          return await work(connection)
        } finally {
          Reflect.deleteProperty(wire, 'query')
          Reflect.deleteProperty(wire, 'parse')
          Reflect.deleteProperty(wire, 'bind')
        }
      }),
  }
}
