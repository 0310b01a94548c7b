import type { Health } from '@bibby/cleanup/host.ts'
import { type Database, openPool, type PoolOptions, sqlState } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { runningAddress, type Where } from './running-bibby.ts'

const statementLimitMs = 10_000
const answerLimitMs = 10_000
/** Doors of a running Bibby that everybody may go through, and that ask for most of what it stands on. */
const doors = ['/actuator/health', '/'] as const

/**
 * A deep look at the library: each table and each index of it, over a connection that has opened no file yet, and the
 * doors of a Bibby that runs. A server that has a table's file open answers as if it were there.
 */
export async function deepHealth(connection: PoolOptions['connection'], where: Where): Promise<Health> {
  const found = await Promise.all([databaseHealth(connection), doorsHealth(where)])
  return Object.assign({}, ...found)
}

async function databaseHealth(connection: PoolOptions['connection']): Promise<Health> {
  const health: Record<string, string | undefined> = {}
  try {
    await using db = openPool({
      connection,
      name: 'bibby-health',
      connectionsMax: 1,
      statementLimitMs,
      readOnly: true,
    })
    const tables = await db.rows<{ name: string }>(sql`
      select relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'm')
      order by relname
    `)
    for (const { name } of tables) health[`table ${name}`] = await readable(db, name)
  } catch (error) {
    health.database = wordsOf(error)
  }
  return health
}

/** Planning asks for the size of the table and of each of its indexes, for which their files are opened. */
async function readable(db: Database, name: string): Promise<string | undefined> {
  try {
    await db.withConnection((connection) =>
      connection.query(`select from ${connection.escapeIdentifier(name)} limit 1`),
    )
    return undefined
  } catch (error) {
    return wordsOf(error)
  }
}

async function doorsHealth(where: Where): Promise<Health> {
  const address = await runningAddress(where)
  if (address === undefined) return {}
  const health: Record<string, string | undefined> = {}
  for (const door of doors) health[door] = await answerOf(new URL(door, address))
  return health
}

async function answerOf(url: URL): Promise<string | undefined> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) })
    await reply.arrayBuffer()
    return reply.ok ? undefined : `was answered ${reply.status}`
  } catch (error) {
    return wordsOf(error)
  }
}

function wordsOf(error: unknown): string {
  const code = sqlState(error)
  const text = error instanceof Error ? error.message : 'unknown fault'
  return code === undefined ? text : `${text} (${code})`
}
