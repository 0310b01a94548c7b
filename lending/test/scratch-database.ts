import { randomUUID } from 'node:crypto'
import { embeddedUser } from '../src/postgres/embedded.ts'
import { type Database, openPool, type PoolOptions } from '../src/postgres/pool.ts'
import { socketFolderVariable, templateDatabase } from './postgres-for-tests.ts'

/** A database of the test's own on the run's PostgreSQL; dropped when the test ends. */
export type ScratchDatabase = Database & { readonly connection: Exclude<PoolOptions['connection'], string> }

/** Makes an empty library database: `await using db = await scratchDatabase()`. */
export async function scratchDatabase({ connectionsMax = 20 } = {}): Promise<ScratchDatabase> {
  const host = process.env[socketFolderVariable]
  if (!host) throw new Error('No PostgreSQL for tests. Run the file by `npm run try -- FILE`.')
  const name = `scratch_${randomUUID().replaceAll('-', '')}`
  const at = { host, port: 5432, user: embeddedUser }
  const maintenance = openPool({
    connection: { ...at, database: 'postgres' },
    name: 'scratch',
    connectionsMax: 1,
    statementLimitMs: 60_000,
  })
  // The other strategy writes each of its ten megabytes to the log of the server too.
  await maintenance.withConnection((connection) =>
    connection.query(`create database ${name} template ${templateDatabase} strategy file_copy`),
  )
  const connection = { ...at, database: name }
  const db = openPool({ connection, name: 'scratch', connectionsMax, statementLimitMs: 60_000 })
  return {
    ...db,
    connection,
    [Symbol.asyncDispose]: async () => {
      await db[Symbol.asyncDispose]()
      await maintenance.withConnection((drop) => drop.query(`drop database ${name} with (force)`))
      await maintenance[Symbol.asyncDispose]()
    },
  }
}
