import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chown, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, createZstdCompress, createZstdDecompress, zstdDecompress } from 'node:zlib'
import type { Identity } from '../postgres/embedded.ts'
import { systemCode } from '../start-error.ts'
import { archiveName } from './archive-settings.ts'
import { BackupError } from './backup-error.ts'
import { digestOf, newFile, pieceBytes, syncFolder } from './files.ts'

/** A file of the log in the archive. Its name carries the digest of what it holds unpacked. */
export type KeptSegment = { readonly name: string; readonly sha256: string; readonly file: string }

/** The archive of one cluster's log below the folder of backups. */
export function archiveFolder(backups: string, systemId: string): string {
  return join(backups, 'wal', systemId)
}

const segmentName = /^[0-9A-F]{24}$/
const historyName = /^[0-9A-F]{8}\.history$/
const keptName = /^([0-9A-F]{24}|[0-9A-F]{8}\.history)\.([0-9a-f]{64})\.zst$/
const unpacked = promisify(zstdDecompress)
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
}

/**
 * Takes what the server has put down into the archive: packed, flushed, and only then removed there. Killed anywhere, a
 * file is in one of the two, or in both, which the next round mends.
 */
export async function takeIn(cluster: string, archive: string): Promise<readonly string[]> {
  const incoming = join(cluster, archiveName)
  const names = (await readdir(incoming).catch(() => [])).filter(
    (name) => segmentName.test(name) || historyName.test(name),
  )
  if (names.length === 0) return []
  await mkdir(archive, { recursive: true, mode: 0o700 })
  for (const name of names.toSorted()) {
    await takeInOne(join(incoming, name), archive, name).catch((error: unknown) => {
      // Another process was quicker.
      if (systemCode(error) !== 'ENOENT') throw error
    })
  }
  return names
}

async function takeInOne(path: string, archive: string, name: string): Promise<void> {
  const { sha256 } = await digestOf(path)
  const half = join(archive, `.${name}.${process.pid}`)
  await packInto(path, half, join(archive, `${name}.${sha256}.zst`))
  await syncFolder(archive)
  await rm(path, { force: true })
}

/** What is in the archive, by name. */
export async function keptSegments(archive: string): Promise<readonly KeptSegment[]> {
  const files = await readdir(archive).catch(() => [])
  return files.toSorted().flatMap((file) => {
    const [, name, sha256] = keptName.exec(file) ?? []
    return name === undefined || sha256 === undefined ? [] : [{ name, sha256, file }]
  })
}

/** Whether a file of the archive is one of the log, and not a history. */
export const isSegment = (name: string): boolean => segmentName.test(name)

/** The timeline that this is the history of; undefined where it is none. */
export function historyTimeline(name: string): number | undefined {
  return historyName.test(name) ? Number.parseInt(name, 16) : undefined
}

const unpackedBytesMax = 1024 * 1024 * 1024

/** What a file of the archive holds, in memory; undefined where it is not as it was, or gone. */
export async function readKept(archive: string, { sha256, file }: KeptSegment): Promise<Buffer | undefined> {
  const packed = await readFile(join(archive, file)).catch(() => undefined)
  const bytes =
    packed && (await unpacked(packed, { maxOutputLength: unpackedBytesMax }).catch(() => undefined))
  return bytes && createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined
}

/** Unpacks a file of the log for a server to read, with holes for zeros; throws BackupError where it is not as it was. */
export async function unpackSegment(
  archive: string,
  { name, sha256, file }: KeptSegment,
  to: { readonly folder: string; readonly identity: Identity | undefined },
): Promise<void> {
  const path = join(to.folder, name)
  const hash = createHash('sha256')
  const out = await open(path, 'wx', 0o600)
  let at = 0
  try {
    const source = createReadStream(join(archive, file), { highWaterMark: pieceBytes })
    const pieces = source.pipe(createZstdDecompress())
    source.on('error', (error) => pieces.destroy(error))
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      hash.update(piece)
      if (piece.some((byte) => byte !== 0)) await out.write(piece, 0, piece.length, at)
      at += piece.length
    }
    await out.truncate(at)
    if (to.identity) await chown(path, to.identity.uid, to.identity.gid)
  } catch (cause) {
    if (systemCode(cause) === 'ENOSPC') throw cause
    throw damaged(archive, file, cause)
  } finally {
    await out.close()
  }
  if (hash.digest('hex') !== sha256) throw damaged(archive, file)
}

function damaged(archive: string, file: string, cause?: unknown): BackupError {
  return new BackupError(
    'BIBBY_BACKUP_DAMAGED',
    `The file ${join(archive, file)} of the log is damaged: no second after its beginning can be reached through it. Restore an earlier second or a later backup, and run bibby backup run now.`,
    { cause },
  )
}

/** Keeps the history that a restored server wrote when it left its old timeline. */
export async function keepHistories(cluster: string, archive: string): Promise<void> {
  const log = join(cluster, 'pg_wal')
  await mkdir(archive, { recursive: true, mode: 0o700 })
  const there = (await keptSegments(archive)).map(({ name }) => name)
  for (const name of (await readdir(log)).filter((each) => historyName.test(each) && !there.includes(each))) {
    const text = await readFile(join(log, name))
    const sha256 = createHash('sha256').update(text).digest('hex')
    const half = join(archive, `.${name}.${process.pid}`)
    await packInto(join(log, name), half, join(archive, `${name}.${sha256}.zst`))
  }
  await syncFolder(archive)
}

/** Packs a file under a half name first; a fault leaves nothing of it. */
async function packInto(path: string, half: string, whole: string): Promise<void> {
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: pieceBytes }),
      createZstdCompress(compression),
      newFile(half),
    )
    await rename(half, whole)
  } catch (error) {
    await rm(half, { force: true })
    throw error
  }
}
