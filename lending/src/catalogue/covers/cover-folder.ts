import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { type CoverKey, keyOfFile } from './cover-names.ts'

/** A cover as it lies in the folder. The mark changes whenever the file does. */
export type CoverFile = { readonly key: CoverKey; readonly path: string; readonly mark: string }

/** The folder of covers, as it is now: files come and go by hand too. */
export type CoverFolder = {
  /** The first of these covers that is there. */
  readonly find: (keys: readonly CoverKey[]) => Promise<CoverFile | undefined>
  /** Something was put there just now: it is seen at the next look. */
  readonly look: () => void
}

/** While somebody copies many covers, the folder changes all the time: so often at most are the names read anew. */
const readEveryMs = 2_000
/** Names that are read between two turns of the event loop. */
const namesATurn = 1_000
/** A folder that changed this shortly before it was read may have changed since, within one tick of its clock. */
const tickMs = 2_000

/** Knows the names of a folder, and reads them anew when the folder changed. */
export function openCoverFolder(folder: string): CoverFolder {
  let names: ReadonlyMap<CoverKey, string> = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let readOf = Number.NaN
  let reading: Promise<void> | undefined

  const read = async () => {
    const now = performance.now()
    if (now - readAt < readEveryMs) return
    const changedMs = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    readAt = now
    if (changedMs === readOf) return
    // A folder that cannot be read now is as it was: a search does without pictures, not the other way round.
    names = await readNames(folder).catch(() => names)
    readOf = Date.now() - changedMs < tickMs ? Number.NaN : changedMs
  }
  const fresh = () => {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }
  return {
    find: async (keys) => {
      await fresh()
      for (const key of keys) {
        const name = names.get(key)
        const found = name && (await fileAt(key, join(folder, name)))
        if (found) return found
      }
      return undefined
    },
    look: () => {
      readAt = Number.NEGATIVE_INFINITY
      readOf = Number.NaN
    },
  }
}

async function readNames(folder: string): Promise<ReadonlyMap<CoverKey, string>> {
  const found = await readdir(folder)
  const names = new Map<CoverKey, string>()
  for (const [at, name] of found.toSorted().entries()) {
    if (at % namesATurn === namesATurn - 1) await turn()
    const key = keyOfFile(name)
    if (key !== undefined && !names.has(key)) names.set(key, name)
  }
  return names
}

async function fileAt(key: CoverKey, path: string): Promise<CoverFile | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return undefined
  const facts = JSON.stringify([path, found.ino, found.size, found.mtimeMs])
  return { key, path, mark: createHash('sha256').update(facts).digest('base64url').slice(0, 12) }
}
