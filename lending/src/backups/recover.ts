import { createReadStream } from 'node:fs'
import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createZstdDecompress } from 'node:zlib'
import type { Identity } from '../postgres/embedded.ts'
import { BackupError } from './backup-error.ts'
import { pieceBytes } from './files.ts'
import { differences } from './fingerprint.ts'
import { cannotFollow, chainFrom } from './log-chain.ts'
import { endingsIn } from './log-endings.ts'
import type { BaseCopy, Manifest } from './manifest.ts'
import { refuseDifferent, refuseStrangeSchema } from './prove-tables.ts'
import { openScratch, type Scratch, type ScratchServer, thrownAway } from './scratch-server.ts'
import { baseName } from './server-files.ts'
import { untar } from './tar-file.ts'
import { timelineOf, wayTo, wayWithin } from './timelines.ts'
import { archiveFolder, historyTimeline, keptSegments, unpackSegment } from './wal-archive.ts'

/**
 * Where a recovery stops: just before a place in the log of the base's own timeline, or after the last commit before a
 * time, on the timeline that was in force then.
 */
export type Target = { readonly lsn: string } | { readonly time: string; readonly timeline: number }

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
    refuseDifferent(folder, await differences(session, { ...manifest, sequences: manifest.base.sequences }))
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
  const timeline = 'lsn' in target ? timelineOf(manifest.base.startSegment) : target.timeline
  await unpackLog(archive, manifest.base, {
    target,
    timeline,
    to: { folder: log, identity: scratch.identity },
  })
  await writeFile(join(cluster, 'recovery.signal'), '')
  await give(cluster, scratch.identity)
  await give(log, scratch.identity)
  const server = await scratch.start({ ...settings, ...recoverySettings(target, timeline) })
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

function recoverySettings(target: Target, timeline: number): Readonly<Record<string, string>> {
  return {
    // The server works in its folder, and the log lies beside it.
    restore_command: 'cp ../log/%f "%p"',
    recovery_target_timeline: String(timeline),
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

/** Unpacks what the way to the target needs, and nothing beyond it: the log may be broken there. */
async function unpackLog(
  archive: string,
  base: BaseCopy,
  {
    target,
    timeline,
    to,
  }: { target: Target; timeline: number; to: { folder: string; identity: Identity | undefined } },
): Promise<void> {
  const kept = await keptSegments(archive)
  const way = 'lsn' in target ? wayWithin(timeline) : await wayTo(archive, kept, timeline)
  if (!way) throw cannotFollow(archive, null)
  // All of them: the timeline that is begun afterwards is a new one.
  for (const history of kept.filter(({ name }) => historyTimeline(name) !== undefined)) {
    await unpackSegment(archive, history, to)
  }
  const { links, broken } = chainFrom(kept, base, way)
  const last = 'lsn' in target ? segmentOf(target.lsn, base.segmentBytes) : undefined
  for (const { segment, before } of links) {
    await unpackSegment(archive, segment, to)
    if (last !== undefined) {
      if (segment.name.slice(8) === last) return
      continue
    }
    const untilMs = 'time' in target ? Date.parse(target.time) : 0
    const endings = endingsIn(await readFile(join(to.folder, segment.name)))
    if (endings.some(({ lsn, atMs }) => (before === null || lsn < before) && atMs > untilMs)) return
  }
  throw cannotFollow(archive, broken)
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
