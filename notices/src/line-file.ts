import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isErrorOf } from './kept-secret.ts'

/** A file of lines that is only added to. A line counts when it is on the disk, not before. */
export type LineFile = {
  /** Resolves when the line is on the disk; `apply` is called at that moment, before anything else is written. */
  readonly append: (line: string, apply: () => void) => Promise<void>
  readonly close: () => Promise<void>
}

type Waiting = { line: string; apply: () => void } & Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>

/** So many lines more than needed are kept before the file is written anew. */
const spareLines = 10_000

/**
 * Reads a file of lines and opens it for more. What stands behind the last end of line was torn off by a crash and is
 * not given. Lines that wait together are written together. After any failed write the file is written anew from
 * `snapshot` before the next line, because what a disk has after a failed sync, nobody knows.
 */
export async function openLineFile(
  path: string,
  { restore, snapshot }: { restore: (lines: readonly string[]) => void; snapshot: () => readonly string[] },
): Promise<LineFile> {
  restore(await readLines(path))
  let needed = snapshot()
  let file = await replace(path, needed)
  let lines = needed.length
  let isDoubtful = false
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined

  const writeAnew = async () => {
    needed = snapshot()
    const old = file
    file = await replace(path, needed)
    lines = needed.length
    isDoubtful = false
    await old.close()
  }
  const write = async (batch: readonly Waiting[]) => {
    if (isDoubtful || lines > 2 * needed.length + spareLines) await writeAnew()
    isDoubtful = true
    await file.appendFile(batch.map(({ line }) => `${line}\n`).join(''))
    await file.datasync()
    isDoubtful = false
    lines += batch.length
  }
  const writeAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await write(batch)
        for (const { apply, resolve } of batch) {
          apply()
          resolve()
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    writing = undefined
  }
  return {
    append: (line, apply) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ line, apply, resolve, reject })
      writing ??= writeAll()
      return promise
    },
    close: async () => {
      await writing
      await file.close()
    },
  }
}

async function readLines(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  } catch (error) {
    if (isErrorOf('ENOENT', error)) return []
    throw error
  }
}

/** The old file stays until the new one is complete on the disk. */
async function replace(path: string, lines: readonly string[]): Promise<FileHandle> {
  const half = `${path}.new`
  const file = await open(half, 'w', 0o600)
  try {
    await file.writeFile(lines.map((line) => `${line}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(half, path)
  await syncFolder(dirname(path))
  return open(path, 'a', 0o600)
}

/** A new name is on the disk when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
