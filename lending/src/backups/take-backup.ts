import { mkdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { clusterFolder } from '../postgres/cluster.ts'
import type { Migrated } from '../postgres/migrate.ts'
import type { PoolOptions } from '../postgres/pool.ts'
import { bibbyVersion } from '../version.ts'
import { BackupError } from './backup-error.ts'
import { closeLog } from './close-log.ts'
import { copyCovers } from './copy-covers.ts'
import { dumpTables } from './dump-tables.ts'
import { syncFolder } from './files.ts'
import { sequencesOf } from './fingerprint.ts'
import type { BaseCopy, Manifest } from './manifest.ts'
import { writeManifest } from './manifest.ts'
import { freeName, halfName } from './place.ts'
import { copyBase } from './server-files.ts'
import { openSession } from './session.ts'
import { beginStill } from './still-moment.ts'

/** Whose backups are kept, and where. */
export type Place = {
  readonly dataFolder: string
  readonly libraryId: string
  /** The folder of backups. */
  readonly backups: string
}

/** The database that is backed up. */
export type Source = {
  readonly connection: PoolOptions['connection']
  /** Of our own server whose log is kept: then its files are copied too, and any later second can be restored. */
  readonly withBase: boolean
}

/** Where a run speaks, and what ends it early. */
export type Running = {
  readonly signal: AbortSignal
  readonly now: Date
  readonly step: (text: string) => void
}

/** Takes a backup, not proven yet. Ended anywhere, nothing is left that would be listed as one. */
export async function takeBackup(
  control: pg.Client,
  { place, source, running }: { readonly place: Place; readonly source: Source; readonly running: Running },
): Promise<string> {
  const name = await freeName(place.backups, running.now)
  const folder = join(place.backups, halfName(name, place.libraryId))
  await refuseNarrow(control, { place, source })
  try {
    await mkdir(join(folder, 'tables'), { recursive: true, mode: 0o700 })
    const manifest = await copyAll(control, folder, { name, place, source, running })
    await writeManifest(folder, manifest)
    await syncFolder(join(folder, 'tables'))
    await syncFolder(folder)
    await rename(folder, join(place.backups, name))
    await syncFolder(place.backups)
    return name
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function copyAll(
  control: pg.Client,
  folder: string,
  { name, place, source, running }: { name: string; place: Place; source: Source; running: Running },
): Promise<Manifest> {
  const { signal, step } = running
  const cluster = clusterFolder(place.dataFolder)
  step('Copying the files of the database')
  const copied = source.withBase ? await copyBase(control, cluster, { folder, signal }) : undefined
  step('Copying the tables')
  await using reader = await openSession(source.connection, 'bibby-backup')
  await using copier = await openSession(source.connection, 'bibby-backup')
  const sequences = copied ? await sequencesOf(reader) : []
  const moment = await beginStill({ reader, copier }, { isWanted: copied !== undefined, signal })
  const facts = await factsOf(reader)
  const dumped = await dumpTables({ reader, copier }, folder, signal)
  const covers = await copyCovers(place.dataFolder, folder, { signal })
  if (copied) {
    step('Waiting for the log')
    await closeLog(control, { place, signal })
  }
  const base: BaseCopy | null = copied
    ? { ...copied.base, stillAt: moment.isStill ? moment.lsn : null, sequences }
    : null
  return {
    format: 1,
    name,
    bibby: bibbyVersion(),
    libraryId: place.libraryId,
    server: source.withBase || typeof source.connection !== 'string' ? 'embedded' : 'external',
    ...facts,
    takenAt: moment.takenAt,
    lsn: moment.lsn,
    tables: dumped.tables,
    sequences: dumped.sequences,
    covers: covers.count,
    coversSum: covers.sum,
    coversLeftOut: covers.leftOut,
    base,
    files: [...dumped.files, ...covers.files, ...(copied ? [copied.file] : [])],
  }
}

type Facts = Pick<Manifest, 'libraryName' | 'serverVersion' | 'databaseBytes' | 'migrations'>

async function factsOf(session: pg.Client): Promise<Facts> {
  const { rows } = await session.query<Omit<Facts, 'migrations' | 'databaseBytes'> & { bytes: string }>(`
    select coalesce((select name from library), '') as "libraryName",
      current_setting('server_version') as "serverVersion",
      pg_database_size(current_database())::text as bytes
  `)
  const { rows: migrations } = await session.query<Migrated>(
    'select version, name, sha256 from schema_migration order by version',
  )
  const [found] = rows
  if (!found) throw new Error('The database did not say what it is.')
  const { libraryName, serverVersion, bytes } = found
  return { libraryName, serverVersion, databaseBytes: Number(bytes), migrations }
}

const mebibyte = 1024 * 1024
/** Text that is packed, and pages that are: shares of the database, below what was ever seen. */
const tablesShare = 0.1
const baseShare = 0.2
/** A restored database and the log of its load. */
const scratchShare = 1.3
const spareBytes = 64 * mebibyte

/** Refuses where there is clearly no room, before the disk that a live database needs is filled by a copy of it. */
async function refuseNarrow(
  control: pg.Client,
  { place, source }: { place: Place; source: Source },
): Promise<void> {
  const { rows } = await control.query<{ bytes: string }>(
    'select pg_database_size(current_database())::text as bytes',
  )
  const bytes = Number(rows[0]?.bytes)
  const copies = bytes * (source.withBase ? tablesShare + baseShare : tablesShare)
  for (const { folder, needed, why } of [
    { folder: place.backups, needed: copies, why: 'the backup' },
    {
      folder: place.dataFolder,
      needed: bytes * scratchShare + spareBytes,
      why: 'restoring it for the proof',
    },
  ]) {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize >= needed) continue
    const megabytes = (value: number) => Math.ceil(value / mebibyte)
    throw new BackupError(
      'BIBBY_BACKUP_FAILED',
      `The disk of ${folder} has ${megabytes(bavail * bsize)} MB free, and ${why} needs about ${megabytes(needed)} MB. Nothing was begun. Make room there, or set BIBBY_BACKUP_FOLDER to a larger disk.`,
    )
  }
}
