import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BackupError } from './backup-error.ts'
import { digestOf, pieceBytes, syncFolder } from './files.ts'
import { readManifest } from './manifest.ts'
import { type Backup, halfName, isOfDead, listBackups, readyPlace, removeBackup } from './place.ts'
import { removeOld } from './remove-old.ts'

/** What the second folder is to have. */
export type ToSecond = {
  readonly backups: string
  readonly second: string
  /** Others' backups that lie in the first folder stay there. */
  readonly libraryId: string
  readonly keep: number
  /** Not the backups, only the log. */
  readonly onlyLog: boolean
}

/** Told with every piece: it goes on. */
export type Alive = () => void

/**
 * Copies what the second folder has not yet: the proven backups, the newest first, and the log. Each file is compared with what
 * the manifest says, and a backup is listed there only when it is whole. Throws BackupError otherwise: the first folder
 * has it still, and the next time goes on from there.
 */
export async function copyToSecond(task: ToSecond, alive: Alive): Promise<void> {
  const { backups, second, libraryId, keep, onlyLog } = task
  if (onlyLog) return copyLog(task, alive)
  let name: string | undefined
  try {
    await readyPlace(second, libraryId)
    const there = new Map((await listBackups(second)).map((each) => [each.name, each.state]))
    const missing = (await listBackups(backups)).filter(
      ({ state, manifest, name: here }) =>
        state === 'proven' && manifest?.libraryId === libraryId && there.get(here) !== 'proven',
    )
    const prune = () => removeOld(second, { keep, libraryId, now: new Date() })
    for (const backup of missing.slice(0, keep)) {
      name = backup.name
      await copyBackup(backup, { second, isThere: there.has(name), alive })
      // Now and not at the end: older ones that do not fit must not keep the next new one out.
      await prune()
    }
    name = undefined
    await copyLog(task, alive)
    await prune()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown fault'
    const what = name === undefined ? 'What was proven' : `The backup ${name} was proven, but`
    throw new BackupError(
      'BIBBY_BACKUP_FAILED',
      `${what} could not be copied to ${second}: ${why.replace(/\.$/, '')}. See that the disk is there and has room: the next run copies what is missing there.`,
      { cause },
    )
  }
}

async function copyBackup(
  { name, folder }: Backup,
  { second, isThere, alive }: { second: string; isThere: boolean; alive: Alive },
): Promise<void> {
  const { manifest } = await readManifest(folder)
  const half = join(second, halfName(name, manifest.libraryId))
  try {
    for (const { path, sha256 } of manifest.files) {
      await copyWhole(join(folder, path), join(half, path), alive)
      if ((await digestOf(join(half, path), alive)).sha256 !== sha256) {
        throw new Error(`${path} came out as something else`)
      }
    }
    for (const path of ['manifest.json', 'manifest.sha256', 'proven.json']) {
      await copyWhole(join(folder, path), join(half, path), alive)
    }
    // What lies there under this name counts no more.
    if (isThere) await removeBackup({ backups: second, libraryId: manifest.libraryId }, name)
    await rename(half, join(second, name))
    await syncFolder(second)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

async function copyLog({ backups, second }: ToSecond, alive: Alive): Promise<void> {
  for (const systemId of await readdir(join(backups, 'wal')).catch(() => [])) {
    const [from, to] = [join(backups, 'wal', systemId), join(second, 'wal', systemId)]
    await mkdir(to, { recursive: true, mode: 0o700 })
    const there = new Set(await readdir(to))
    for (const half of there) {
      if (isOfDead(/^\..+\.(\d{1,10})$/.exec(half)?.[1])) await rm(join(to, half), { force: true })
    }
    for (const file of await readdir(from)) {
      if (file.startsWith('.') || there.has(file)) continue
      const half = join(to, `.${file}.${process.pid}`)
      await copyWhole(join(from, file), half, alive)
      await rename(half, join(to, file))
    }
    await syncFolder(to)
  }
}

/** So much is on the disk before more is written: a flush of it ends before the disk counts as hung. */
const flushBytes = 16 * 1024 * 1024

async function copyWhole(from: string, to: string, alive: Alive): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await using source = await open(from, 'r')
  await using copy = await open(to, 'w', 0o600)
  const buffer = Buffer.allocUnsafe(pieceBytes)
  for (let unflushed = 0; ; ) {
    alive()
    const { bytesRead } = await source.read(buffer, 0, pieceBytes)
    if (bytesRead === 0) break
    await copy.writeFile(buffer.subarray(0, bytesRead))
    unflushed += bytesRead
    if (unflushed < flushBytes) continue
    await copy.datasync()
    unflushed = 0
  }
  await copy.sync()
}
