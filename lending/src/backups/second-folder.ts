import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BackupError } from './backup-error.ts'
import { digestOf, syncFolder } from './files.ts'
import { readManifest } from './manifest.ts'
import { type Backup, listBackups, readyPlace } from './place.ts'

/**
 * Copies a backup and the log to a second folder, and compares every file with what the manifest says. It is listed there
 * only when it is whole. Throws BackupError otherwise: the first folder has it still.
 */
export async function copyToSecond(backups: string, second: string, { name, folder }: Backup): Promise<void> {
  try {
    await readyPlace(second)
    if ((await listBackups(second)).some((each) => each.name === name)) return
    const half = join(second, `${name}.partial-${process.pid}`)
    const { manifest } = await readManifest(folder)
    try {
      for (const { path, sha256 } of manifest.files) {
        await copyWhole(join(folder, path), join(half, path))
        if ((await digestOf(join(half, path))).sha256 !== sha256) {
          throw new Error(`${path} came out as something else`)
        }
      }
      for (const path of ['manifest.json', 'manifest.sha256', 'proven.json']) {
        await copyWhole(join(folder, path), join(half, path))
      }
      await rename(half, join(second, name))
      await syncFolder(second)
    } finally {
      await rm(half, { recursive: true, force: true })
    }
    await copyLog(backups, second)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown fault'
    throw new BackupError(
      'BIBBY_BACKUP_FAILED',
      `The backup ${name} was proven, but could not be copied to ${second}: ${why}. See that the disk is there and has room, then run bibby backup run.`,
      { cause },
    )
  }
}

/** Copies the files of the log that the second folder has not yet. */
export async function copyLog(backups: string, second: string): Promise<void> {
  for (const systemId of await readdir(join(backups, 'wal')).catch(() => [])) {
    const [from, to] = [join(backups, 'wal', systemId), join(second, 'wal', systemId)]
    await mkdir(to, { recursive: true, mode: 0o700 })
    const there = new Set(await readdir(to))
    for (const file of await readdir(from)) {
      if (file.startsWith('.') || there.has(file)) continue
      const half = join(to, `.${file}.${process.pid}`)
      await copyWhole(join(from, file), half)
      await rename(half, join(to, file))
    }
    await syncFolder(to)
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const file = await open(to, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
