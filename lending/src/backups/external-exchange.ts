import pg from 'pg'
import { openSession } from './session.ts'

/** The two databases that a restore on the operator's own server exchanges; by their numbers they are known under any name. */
export type Exchange = {
  readonly live: string
  readonly liveOid: string
  readonly next: string
  /** Null until it is made. */
  readonly nextOid: string | null
  /** What the old one is called afterwards. */
  readonly before: string
}

/** The address of another database on the same server. */
export function at(databaseUrl: string, database: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** The session from which databases are made, renamed and dropped. */
export function openMaintenance(databaseUrl: string): ReturnType<typeof openSession> {
  return openSession(at(databaseUrl, 'postgres'), 'bibby-restore')
}

/** Which number a database has; undefined where there is none of this name. */
export async function oidOf(maintenance: pg.Client, name: string): Promise<string | undefined> {
  const { rows } = await maintenance.query<{ oid: string }>(
    'select oid::text from pg_database where datname = $1',
    [name],
  )
  return rows[0]?.oid
}

/** Exchanges the names in one transaction. */
export async function exchange(maintenance: pg.Client, { live, next, before }: Exchange): Promise<void> {
  const name = pg.escapeIdentifier
  await maintenance.query('begin')
  try {
    await maintenance.query(`alter database ${name(live)} rename to ${name(before)}`)
    await maintenance.query(`alter database ${name(next)} rename to ${name(live)}`)
    await maintenance.query('commit')
  } catch (error) {
    await maintenance.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Finds out from the databases themselves whether the names are exchanged; undefined where the server has neither. */
export async function isExchanged(
  databaseUrl: string,
  { live, liveOid, nextOid }: Exchange,
): Promise<boolean | undefined> {
  await using maintenance = await openMaintenance(databaseUrl)
  const oid = await oidOf(maintenance, live)
  if (oid !== undefined && oid === nextOid) return true
  return oid === liveOid ? false : undefined
}

/** Drops what was to come into force and did not. */
export async function dropNext(databaseUrl: string, { next }: Pick<Exchange, 'next'>): Promise<void> {
  await using maintenance = await openMaintenance(databaseUrl)
  // Nobody was ever told to connect to it; who is there is what is left of the restore.
  await maintenance.query(`drop database if exists ${pg.escapeIdentifier(next)} with (force)`)
}
