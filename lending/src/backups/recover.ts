import { createReadStream } from 'node:fs'
import { chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createZstdDecompress } from 'node:zlib'
import type { Identity } from '../postgres/embedded.ts'
import { BackupError } from './backup-error.ts'
import { pieceBytes } from './files.ts'
import { differences } from './fingerprint.ts'
import type { BaseCopy, Manifest } from './manifest.ts'
import { refuseDifferent, refuseStrangeSchema } from './prove-tables.ts'
import { openScratch, type Scratch, type ScratchServer, thrownAway } from './scratch-server.ts'
import { baseName } from './server-files.ts'
import { untar } from './tar-file.ts'
import { archiveFolder, type Chain, chainFrom, gap, keptSegments, unpackSegment } from './wal-archive.ts'

/** Where a recovery stops: just before a place in the log, or after the last commit before a time. */
export type Target = { readonly lsn: string } | { readonly time: string }

/** What a recovery reads. */
export type RecoverFrom = {
  /** Of the backup. */
  readonly folder: string
  readonly manifest: Manifest & { readonly base: BaseCopy }
  /** All backups, with the archive of the log among them. */
  readonly backups: string
}

/**
 * Restores the base of a backup into a throwaway server, plays the archived log up to the moment whose fingerprints were
 * taken, and compares. Uses nothing but what is in the backup and in the archive.
 */
export async function proveBase(
  from: RecoverFrom,
  { dataFolder, signal }: { readonly dataFolder: string; readonly signal: AbortSignal },
): Promise<void> {
  const { manifest, folder } = from
  const { stillAt } = manifest.base
  if (stillAt === null) {
    throw new BackupError(
      'BIBBY_BACKUP_FAILED',
      `The library was never still for a moment while ${manifest.name} was taken, so its base could not be compared. Its tables count. Run bibby backup run when no import is under way.`,
    )
  }
  await using scratch = await openScratch(dataFolder, { signal })
  const server = await recover(from, scratch, { target: { lsn: stillAt }, settings: thrownAway })
  const session = await server.connect()
  try {
    refuseDifferent(folder, await differences(session, manifest))
  } finally {
    await session.end().catch(() => undefined)
  }
}

/** Unpacks a base into the scratch place, plays the log up to the target, and gives the server, which takes writes then. */
export async function recover(
  { folder, manifest, backups }: RecoverFrom,
  scratch: Scratch,
  { target, settings }: { readonly target: Target; readonly settings: Readonly<Record<string, string>> },
): Promise<ScratchServer> {
  await refuseStrangeSchema(folder, manifest)
  const cluster = scratch.folder
  await mkdir(cluster, { mode: 0o700 })
  const source = createReadStream(join(folder, baseName), { highWaterMark: pieceBytes })
  const pieces = source.pipe(createZstdDecompress())
  source.on('error', (error) => pieces.destroy(error))
  await untar(pieces, cluster)
  for (const name of emptyFolders) await mkdir(join(cluster, name), { recursive: true, mode: 0o700 })
  const log = join(scratch.parent, 'log')
  await mkdir(log, { mode: 0o700 })
  const archive = archiveFolder(backups, manifest.base.systemId)
  await unpackLog(archive, manifest.base, { target, to: { folder: log, identity: scratch.identity } })
  await writeFile(join(cluster, 'recovery.signal'), '')
  await give(cluster, scratch.identity)
  await give(log, scratch.identity)
  const server = await scratch.start({ ...settings, ...recoverySettings(target) })
  await rm(log, { recursive: true, force: true })
  return server
}

/** They are empty in every base, and a server does not start without them. */
const emptyFolders = [
  'pg_commit_ts',
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_tblspc',
  'pg_twophase',
  'pg_wal/archive_status',
  'pg_wal/summaries',
]

function recoverySettings(target: Target): Readonly<Record<string, string>> {
  return {
    // The server works in its folder, and the log lies beside it.
    restore_command: 'cp ../log/%f "%p"',
    recovery_target_timeline: 'latest',
    recovery_target_action: 'promote',
    ...('lsn' in target
      ? { recovery_target_lsn: target.lsn, recovery_target_inclusive: 'off' }
      : { recovery_target_time: timeOf(target.time) }),
    hot_standby: 'off',
    // What a server recovers must not have been written with less than this.
    wal_level: 'replica',
  }
}

/** As this setting takes it, before the server knows any zone by name. */
function timeOf(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '+00')
}

async function unpackLog(
  archive: string,
  base: BaseCopy,
  { target, to }: { target: Target; to: { folder: string; identity: Identity | undefined } },
): Promise<void> {
  const kept = await keptSegments(archive)
  const chain: Chain = chainFrom(kept, base)
  if (chain.segments.length === 0) throw gap(base.startSegment)
  const last = 'lsn' in target ? segmentOf(target.lsn, base.segmentBytes) : undefined
  const needed = chain.segments.filter(({ name }) => last === undefined || name.slice(8) <= last)
  if (chain.missing !== null && (last === undefined || chain.missing.slice(8) <= last))
    throw gap(chain.missing)
  if (last !== undefined && !needed.some(({ name }) => name.slice(8) === last)) {
    throw gap(`${base.startSegment.slice(0, 8)}${last}`)
  }
  refuseTwins(archive, needed)
  for (const segment of kept.filter(({ name }) => name.endsWith('.history'))) {
    await unpackSegment(archive, segment, to)
  }
  for (const segment of needed) await unpackSegment(archive, segment, to)
}

/** A copy of the data folder that runs as well writes another history under the same names. */
function refuseTwins(archive: string, segments: Chain['segments']): void {
  const twin = segments.find(({ name }, at) => segments.findIndex((each) => each.name === name) < at)
  if (!twin) return
  throw new BackupError(
    'BIBBY_BACKUP_DAMAGED',
    `Two files in ${archive} are called ${twin.name} and differ: two libraries keep their log there, one a copy of the other. Restore a backup without --to, set BIBBY_BACKUP_FOLDER of the copy elsewhere, and run bibby backup run.`,
  )
}

/** The file of the log that holds this place, without its timeline. */
function segmentOf(lsn: string, segmentBytes: number): string {
  const [high = '0', low = '0'] = lsn.split('/')
  const number = Math.floor(Number.parseInt(low, 16) / segmentBytes)
  const hex = (text: string) => text.toUpperCase().padStart(8, '0')
  return hex(high) + hex(number.toString(16))
}

/** Gives a folder and all in it to the server's user. */
export async function give(folder: string, identity: Identity | undefined): Promise<void> {
  if (!identity) return
  await chown(folder, identity.uid, identity.gid)
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await chown(join(entry.parentPath, entry.name), identity.uid, identity.gid)
  }
}
