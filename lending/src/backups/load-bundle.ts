import { join } from 'node:path'
import pg from 'pg'
import { checkTheirServer } from '../postgres/their-server.ts'
import { BackupError } from './backup-error.ts'
import { libraryTables } from './fingerprint.ts'
import { readManifest } from './manifest.ts'
import { loadLibrary } from './prove-tables.ts'
import { makeAnother, restoreCovers } from './restore-run.ts'
import { openSession } from './session.ts'
import type { Place, Running } from './take-backup.ts'

/** Whether the operator's database has any table: loading a bundle empties all that it finds. */
export async function holdsAnything(databaseUrl: string): Promise<boolean> {
  await checkTheirServer(databaseUrl)
  await using session = await openSession(databaseUrl, 'bibby-look')
  return (await libraryTables(session)).length > 0
}

/** Loads a backup into the operator's empty database, and compares; what is refused leaves it as empty as it was. */
export async function loadBundle(
  databaseUrl: string,
  { place, name, running }: { readonly place: Place; readonly name: string; readonly running: Running },
): Promise<void> {
  const folder = join(place.backups, name)
  const { manifest } = await readManifest(folder)
  running.step('Loading the tables, and comparing')
  await using session = await openSession(databaseUrl, 'bibby-restore')
  const before = await thingsIn(session)
  try {
    await loadLibrary(session, databaseUrl, { folder, manifest, signal: running.signal })
    await makeAnother(session)
    await restoreCovers(folder, manifest, place.dataFolder)
  } catch (error) {
    await dropNew(databaseUrl, before).catch((cause: unknown) => {
      throw halfFilled(databaseUrl, error, cause)
    })
    throw error
  }
}

type Thing = { readonly id: string; readonly drop: string }

/** All that a library makes in a database, by what takes it away: tables, functions and extensions, tables first. */
async function thingsIn(session: pg.Client): Promise<readonly Thing[]> {
  const { rows } = await session.query<Thing>(`
    select 'table ' || pg_class.oid as id, format('drop table if exists %s cascade', pg_class.oid::regclass) as drop
    from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace
    union all
    select 'routine ' || pg_proc.oid, format('drop routine if exists %s cascade', pg_proc.oid::regprocedure)
    from pg_proc
    where pronamespace = current_schema()::regnamespace
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    union all
    select 'extension ' || pg_extension.oid, format('drop extension if exists %I cascade', extname) from pg_extension
  `)
  return rows
}

/** Drops what was not there before, in one transaction, over a session that no fault of the load has touched. */
async function dropNew(databaseUrl: string, before: readonly Thing[]): Promise<void> {
  const known = new Set(before.map(({ id }) => id))
  await using session = await openSession(databaseUrl, 'bibby-restore')
  await session.query('begin')
  for (const { id, drop } of await thingsIn(session)) if (!known.has(id)) await session.query(drop)
  await session.query('commit')
}

function halfFilled(databaseUrl: string, error: unknown, cause: unknown): BackupError {
  const database = pg.escapeIdentifier(decodeURIComponent(new URL(databaseUrl).pathname.slice(1)))
  const words = (fault: unknown) =>
    (fault instanceof Error ? fault.message : 'unknown fault').replace(/\.$/, '')
  return new BackupError(
    'BIBBY_BACKUP_FAILED',
    `${words(error)}. What was loaded could not be taken away again (${words(cause)}): before the bundle is loaded once more, run on that server: drop database ${database}; create database ${database} template template0 encoding 'UTF8';`,
    { cause: error },
  )
}
