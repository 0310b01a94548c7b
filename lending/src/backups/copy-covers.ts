import { createHash, type Hash } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../start-error.ts'
import { BackupError } from './backup-error.ts'
import { type Digest, measured, pieceBytes } from './files.ts'
import type { LeftOut } from './left-out.ts'
import type { FileCopy, Manifest } from './manifest.ts'
import { filesOfTar, fitsTar, tarEnd, tarHeader, tarPadding } from './tar-file.ts'

/** The file of covers within a backup. */
export const coversName = 'covers.tar'

/** What was copied of the covers. `sum` is over what lay there, read apart from what was written; null without a folder. */
export type CoversCopy = {
  readonly count: number
  readonly sum: string | null
  readonly leftOut: LeftOut | null
  readonly files: readonly FileCopy[]
}

/** The bytes of a file, in order. */
export type ReadFile = (path: string) => AsyncIterable<Buffer>

/** A cover that changes while it is read is read again; one that never rests is left out, and told. */
const triesMax = 5
const toldMax = 5

/**
 * Copies the covers into one tar file. Each is read twice: for its digest, which the proof is held against, and for the
 * copy. One that was removed meanwhile is left out; one that was written to is read again. What is no plain file is left
 * out and counted.
 */
export async function copyCovers(
  dataFolder: string,
  folder: string,
  { signal, read = plainFile }: { readonly signal: AbortSignal; readonly read?: ReadFile },
): Promise<CoversCopy> {
  const covers = join(dataFolder, 'covers')
  if (!(await isFolder(covers))) return { count: 0, sum: null, leftOut: null, files: [] }
  const sum = createHash('sha256')
  const strange: string[] = []
  let count = 0
  const file = await open(join(folder, coversName), 'wx', 0o600)
  try {
    const tar = new GrowingTar(file)
    for await (const { name, entry } of below(covers)) {
      signal.throwIfAborted()
      const why = whyStrange(name, entry)
      if (why !== undefined) strange.push(`${name} (${why})`)
      else if (entry.isDirectory()) await tar.add(tarHeader(`${name}/`, 0, '5'))
      else {
        const copied = await copyOne(tar, { name, path: join(covers, name), read })
        if (copied === 'restless') strange.push(`${name} (it was written to each time that it was read)`)
        else if (copied === 'strange') strange.push(`${name} (it is no plain file any more)`)
        else if (copied !== 'gone') {
          sum.update(lineOf({ name, ...copied }))
          count += 1
        }
      }
    }
    await tar.add(tarEnd)
    await file.sync()
    const leftOut = strange.length === 0 ? null : { count: strange.length, first: strange.slice(0, toldMax) }
    const copy: FileCopy = { path: coversName, part: 'covers', ...tar.digest() }
    return { count, sum: sum.digest('hex'), leftOut, files: [copy] }
  } finally {
    await file.close()
  }
}

/** Throws BackupError unless the covers in a backup are what lay there when it was taken. */
export async function proveCovers(
  folder: string,
  { covers, coversSum, files }: Pick<Manifest, 'covers' | 'coversSum' | 'files'>,
): Promise<void> {
  if (!files.some(({ path }) => path === coversName)) return
  const refuse = (why: string, cause?: unknown) =>
    new BackupError(
      'BIBBY_BACKUP_DAMAGED',
      `The backup ${folder} should hold ${covers} covers, and ${why}. Run bibby backup run.`,
      { cause },
    )
  const sum = createHash('sha256')
  let found = 0
  try {
    for await (const each of filesOfTar(join(folder, coversName))) {
      found += 1
      sum.update(lineOf(each))
    }
  } catch (error) {
    throw refuse('its file of covers is not whole', error)
  }
  if (found !== covers) throw refuse(`holds ${found}`)
  // A backup of before there was such a sum has none.
  if (typeof coversSum === 'string' && sum.digest('hex') !== coversSum) {
    throw refuse('they came back as something else than what lay there')
  }
}

const lineOf = ({ name, bytes, sha256 }: Digest & { readonly name: string }) =>
  `${JSON.stringify([name, bytes, sha256])}\n`

/** A link that took the place of a file since is not followed. */
async function* plainFile(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    yield* file.createReadStream({ highWaterMark: pieceBytes, autoClose: false })
  } finally {
    await file.close()
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

async function* below(
  folder: string,
  under = '',
): AsyncGenerator<{ readonly name: string; readonly entry: Dirent }> {
  const found = await readdir(join(folder, under), { withFileTypes: true }).catch((error: unknown) => {
    if (under !== '' && systemCode(error) === 'ENOENT') return []
    throw error
  })
  for (const entry of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = under === '' ? entry.name : `${under}/${entry.name}`
    // Cleanup’s mark is of this folder on this machine, and its trash is no cover.
    if (name.startsWith('.cleanup')) continue
    yield { name, entry }
    if (entry.isDirectory()) yield* below(folder, name)
  }
}

function whyStrange(name: string, entry: Dirent): string | undefined {
  if (entry.isSymbolicLink()) return 'a link'
  if (!entry.isFile() && !entry.isDirectory()) return 'neither a file nor a folder'
  // Node gives what is no UTF-8 in a name as this, and then finds nothing by it.
  if (entry.name.includes('\u{fffd}')) return 'its name is no UTF-8'
  return fitsTar(entry.isDirectory() ? `${name}/` : name) ? undefined : 'its name is too long'
}

type Copied = Digest | 'gone' | 'restless' | 'strange'

async function copyOne(
  tar: GrowingTar,
  { name, path, read }: { name: string; path: string; read: ReadFile },
): Promise<Copied> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const start = tar.mark()
    try {
      const there = await measured(read(path))
      await tar.add(tarHeader(name, there.bytes, '0'))
      const copied = await measured(tar.adding(read(path), there.bytes))
      if (copied.sha256 === there.sha256) {
        await tar.add(tarPadding(there.bytes))
        return there
      }
      await tar.goBack(start)
    } catch (error) {
      await tar.goBack(start)
      if (systemCode(error) === 'ENOENT') return 'gone'
      if (systemCode(error) === 'ELOOP' || systemCode(error) === 'EISDIR') return 'strange'
      throw error
    }
  }
  return 'restless'
}

/** A tar file that is being written, from whose end what came out badly can be taken off again. */
class GrowingTar {
  readonly #file: FileHandle
  #bytes = 0
  #hash = createHash('sha256')
  constructor(file: FileHandle) {
    this.#file = file
  }

  async add(piece: Buffer): Promise<void> {
    for (let written = 0; written < piece.length; ) {
      const { bytesWritten } = await this.#file.write(
        piece,
        written,
        piece.length - written,
        this.#bytes + written,
      )
      written += bytesWritten
    }
    this.#bytes += piece.length
    this.#hash.update(piece)
  }

  /** Adds what comes, no more than this, and passes on all that came. */
  async *adding(pieces: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
    let left = bytesMax
    for await (const piece of pieces) {
      await this.add(piece.subarray(0, left))
      yield piece
      left -= piece.length
      if (left < 0) return
    }
  }

  mark(): { readonly bytes: number; readonly hash: Hash } {
    return { bytes: this.#bytes, hash: this.#hash.copy() }
  }

  async goBack({ bytes, hash }: { readonly bytes: number; readonly hash: Hash }): Promise<void> {
    await this.#file.truncate(bytes)
    this.#bytes = bytes
    this.#hash = hash
  }

  digest(): Digest {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}
