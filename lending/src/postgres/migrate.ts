import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Database } from './pool.ts'
import { sql } from './sql.ts'

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url))

/** Any fixed number: who migrates takes it, and all others wait. */
const migrationLock = 722_110_011

/** The database was made by a newer Bibby, or its history is not ours. Nothing was changed. */
export class SchemaUnknownError extends Error {
  override readonly name = 'SchemaUnknownError'
  readonly code = 'BIBBY_SCHEMA_UNKNOWN'
}

type Migration = { version: number; name: string; text: string; sha256: string; oldest: string }
type Applied = { version: number; sha256: string; oldest_bibby: string }

/**
 * Brings the database to this Bibby's schema, each step in a transaction of its own, and says which steps ran.
 * Runs against a newer schema only if every newer step lets this version. Two at once: one waits for the other.
 */
export async function migrate(
  db: Database,
  ourVersion: string,
  /** No further than this step: a backup is loaded at the schema that it was taken at. Default: to the last. */
  { upTo = Number.POSITIVE_INFINITY }: { readonly upTo?: number } = {},
): Promise<readonly string[]> {
  const known = (await migrations()).slice(0, upTo)
  const connection = await db.connectAlone()
  try {
    await connection.query(`select pg_advisory_lock(${migrationLock})`)
    await connection.query(`
      create table if not exists schema_migration (
        version integer primary key,
        name text not null,
        sha256 text not null,
        oldest_bibby text not null,
        applied_at timestamptz not null default now()
      )
    `)
    const { rows: applied } = await connection.query<Applied>(
      'select version, sha256, oldest_bibby from schema_migration order by version',
    )
    refuseStrangers(applied, known, ourVersion)
    const ran: string[] = []
    for (const step of known.slice(applied.filter(({ version }) => version <= known.length).length)) {
      await connection.query('begin')
      await connection.query(step.text)
      await connection.query(
        'insert into schema_migration (version, name, sha256, oldest_bibby) values ($1, $2, $3, $4)',
        [step.version, step.name, step.sha256, step.oldest],
      )
      await connection.query('commit')
      ran.push(step.name)
    }
    return ran
  } finally {
    await connection.end()
  }
}

/** A step of the schema, as a database or a backup remembers it. */
export type Migrated = { readonly version: number; readonly name: string; readonly sha256: string }

/** The steps that this Bibby knows, in order. */
export async function knownMigrations(): Promise<readonly Migrated[]> {
  return (await migrations()).map(({ version, name, sha256 }) => ({ version, name, sha256 }))
}

/** How many migrations this Bibby knows, and how many the database has. */
export async function migrationLevel(db: Database): Promise<{ expected: number; found: number }> {
  const [row] = await db.rows<{ found: number }>(sql`select count(*) as found from schema_migration`)
  return { expected: (await migrations()).length, found: row?.found ?? 0 }
}

function refuseStrangers(applied: readonly Applied[], known: readonly Migration[], ourVersion: string): void {
  for (const { version, sha256, oldest_bibby } of applied) {
    const ours = known[version - 1]
    if (ours && ours.sha256 !== sha256) {
      throw new SchemaUnknownError(
        `Migration ${version} of this database is not the one that this Bibby (${ourVersion}) knows. ` +
          'It was made by another Bibby. Use that one, or point BIBBY_DATA or BIBBY_DATABASE_URL elsewhere.',
      )
    }
    if (!ours && isOlder(ourVersion, oldest_bibby)) {
      throw new SchemaUnknownError(
        `This database was made by a newer Bibby: it needs ${oldest_bibby} or newer, and this is ${ourVersion}. ` +
          'Start that version instead; nothing was changed.',
      )
    }
  }
}

function isOlder(one: string, other: string): boolean {
  return one.localeCompare(other, 'en', { numeric: true }) < 0
}

async function migrations(): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(
    files.map(async (name, index) => {
      const text = await readFile(`${folder}${name}`, 'utf8')
      const oldest = /^-- oldest bibby that may run on it: (\d{1,4}\.\d{1,4}\.\d{1,4})$/m.exec(text)?.[1]
      if (!oldest || Number(name.slice(0, 4)) !== index + 1) {
        throw new Error(`${name}: its number must follow the last one, and it must name the oldest Bibby.`)
      }
      return {
        version: index + 1,
        name,
        text,
        oldest,
        sha256: createHash('sha256').update(text).digest('hex'),
      }
    }),
  )
}
