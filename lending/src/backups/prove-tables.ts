import type pg from 'pg'
import { knownMigrations, migrate } from '../postgres/migrate.ts'
import { ourDatabase } from '../postgres/our-server.ts'
import { openPool, type PoolOptions } from '../postgres/pool.ts'
import { bibbyVersion } from '../version.ts'
import { BackupError } from './backup-error.ts'
import { differences } from './fingerprint.ts'
import { loadTables } from './load-tables.ts'
import type { Manifest } from './manifest.ts'
import { openScratch, type ScratchServer, thrownAway } from './scratch-server.ts'

/** Restores the tables of a backup into a throwaway server and compares. Throws BackupError when they are not the same. */
export async function proveTables(
  folder: string,
  manifest: Manifest,
  { dataFolder, signal }: { readonly dataFolder: string; readonly signal: AbortSignal },
): Promise<void> {
  await using scratch = await openScratch(dataFolder, { signal })
  await scratch.initialise()
  const server = await scratch.start(thrownAway)
  await makeDatabase(server)
  const session = await server.connect()
  try {
    await loadLibrary(session, server.connection, { folder, manifest, signal })
  } finally {
    await session.end().catch(() => undefined)
  }
}

/** Makes the empty database of a library on a server of ours. */
export async function makeDatabase(server: ScratchServer): Promise<void> {
  const maintenance = await server.connect('postgres')
  try {
    await maintenance.query(`create database ${ourDatabase} template template0`)
  } finally {
    await maintenance.end()
  }
}

/** A migration may take this long on an empty database; none takes a second. */
const migrationLimitMs = 60_000

/**
 * Brings an empty database to the schema of the backup, loads the backup and compares every table. Throws BackupError
 * when a table came back as something else.
 */
export async function loadLibrary(
  session: pg.Client,
  connection: PoolOptions['connection'],
  given: { readonly folder: string; readonly manifest: Manifest; readonly signal: AbortSignal },
): Promise<void> {
  const { folder, manifest } = given
  await refuseStrangeSchema(folder, manifest)
  {
    await using db = openPool({
      connection,
      name: 'bibby-restore',
      connectionsMax: 1,
      statementLimitMs: migrationLimitMs,
    })
    await migrate(db, bibbyVersion(), { upTo: manifest.migrations.length })
  }
  await loadTables(session, given)
  given.signal.throwIfAborted()
  refuseDifferent(folder, await differences(session, manifest))
}

/** Throws BackupError when anything differs. */
export function refuseDifferent(folder: string, told: readonly string[]): void {
  if (told.length === 0) return
  const more = told.length > toldMax ? ` And ${told.length - toldMax} more differences.` : ''
  throw new BackupError(
    'BIBBY_BACKUP_DAMAGED',
    `The backup ${folder} came back as something else than what was backed up. ${told.slice(0, toldMax).join(' ')}${more} Restore another, by bibby backup list, and run bibby backup run.`,
  )
}

const toldMax = 5

/** Throws BackupError when this Bibby cannot make the schema that the backup was taken at. */
export async function refuseStrangeSchema(folder: string, { migrations, bibby }: Manifest): Promise<void> {
  const known = await knownMigrations()
  for (const { version, name, sha256 } of migrations) {
    if (known[version - 1]?.sha256 === sha256) continue
    throw new BackupError(
      'BIBBY_BACKUP_OTHER_VERSION',
      `The backup ${folder} was made by Bibby ${bibby}, and its schema has a step ${name} that this Bibby (${bibbyVersion()}) does not know. Restore it with that Bibby.`,
    )
  }
}
