import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { BackupError } from './backup-error.ts'
import { columnList } from './dump-tables.ts'
import { pieceBytes } from './files.ts'
import { libraryTables } from './fingerprint.ts'
import type { Manifest } from './manifest.ts'

/**
 * Loads the tables of a backup into a database that is at the backup's schema, in one transaction. Indexes and foreign
 * keys are taken away before and made again after: faster, in any order, and each key is then checked as a whole.
 * Triggers rest meanwhile.
 */
export async function loadTables(
  session: pg.Client,
  {
    folder,
    manifest,
    signal,
  }: { readonly folder: string; readonly manifest: Manifest; readonly signal: AbortSignal },
): Promise<void> {
  const there = (await libraryTables(session)).map(({ name }) => name)
  // The steps of its schema are known: a table that none of them makes is not Bibby's.
  const strange = manifest.tables.map(({ name }) => name).filter((name) => !there.includes(name))
  if (strange[0] !== undefined) throw strangers(folder, strange)
  await session.query('begin')
  try {
    const { drop, make } = await apart(session)
    for (const statement of drop) await session.query(statement)
    await session.query(`truncate ${there.map((name) => pg.escapeIdentifier(name)).join(', ')}`)
    for (const { name, columns, file } of manifest.tables) {
      // Truncated in this transaction: its rows may be frozen at once.
      const into = `copy ${pg.escapeIdentifier(name)} (${columnList(columns)}) from stdin with (freeze)`
      await pipeline(
        createReadStream(join(folder, file), { highWaterMark: pieceBytes }),
        createZstdDecompress(),
        session.query(copyFrom(into)),
        { signal },
      )
    }
    for (const statement of make) await session.query(statement)
    for (const { name, lastValue, isCalled } of manifest.sequences) {
      await session.query('select setval($1::regclass, $2::bigint, $3)', [
        pg.escapeIdentifier(name),
        lastValue,
        isCalled,
      ])
    }
    await session.query('commit')
  } catch (error) {
    await session.query('rollback').catch(() => undefined)
    throw error
  }
  await session.query('analyze')
}

function strangers(folder: string, names: readonly string[]): BackupError {
  const [table = ''] = names
  const all = names.slice(0, 5).join(', ')
  return new BackupError(
    'BIBBY_BACKUP_FAILED',
    `The backup ${folder} has what is no part of a library, and cannot be restored: when it was taken, somebody had put into the database of the library, among its tables: ${all}. Drop it there, or move it out: create schema elsewhere; alter table ${pg.escapeIdentifier(table)} set schema elsewhere; then run bibby backup run.`,
  )
}

/** The statements that take indexes, foreign keys and triggers away, and those that make them again. */
async function apart(
  session: pg.Client,
): Promise<{ readonly drop: readonly string[]; readonly make: readonly string[] }> {
  const { rows: keys } = await session.query<{ drop: string; make: string }>(`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
    from pg_constraint
    where contype = 'f' and connamespace = current_schema()::regnamespace
    order by conrelid::regclass::text, conname
  `)
  const { rows: indexes } = await session.query<{ drop: string; make: string }>(`
    select format('drop index %s', indexrelid::regclass) as drop, pg_get_indexdef(indexrelid) as make
    from pg_index
    join pg_class on pg_class.oid = indexrelid
    where relnamespace = current_schema()::regnamespace
      and not exists (select from pg_constraint where conindid = indexrelid)
    order by relname
  `)
  // They guard what is there, such as a chain that only grows; what comes back was guarded when it was written.
  const { rows: triggers } = await session.query<{ drop: string; make: string }>(`
    select format('alter table %s disable trigger %I', tgrelid::regclass, tgname) as drop,
      format(
        'alter table %s enable %s trigger %I',
        tgrelid::regclass,
        case tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end,
        tgname
      ) as make
    from pg_trigger
    join pg_class on pg_class.oid = tgrelid
    where not tgisinternal and tgenabled <> 'D' and relnamespace = current_schema()::regnamespace
  `)
  return {
    drop: [...triggers, ...keys, ...indexes].map(({ drop }) => drop),
    make: [...indexes, ...keys, ...triggers].map(({ make }) => make),
  }
}
