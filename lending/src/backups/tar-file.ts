import { once } from 'node:events'
import { createReadStream, createWriteStream, type Dirent } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemCode } from '../start-error.ts'
import { type Digest, measured, pieceBytes } from './files.ts'

/** A file or a folder that goes into a tar file; `bytes` is how long it was when it was looked at. */
export type TarEntry =
  | { readonly name: string; readonly path: string; readonly bytes: number }
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly isFolder: true }

const blockBytes = 512

/**
 * A tar file (POSIX ustar, which every tar reads) of these entries, as it comes. A file that grows meanwhile is cut at
 * the length that it had, and one that shrinks is filled up with zeros: the server's log makes such pages good.
 */
export async function* tarOf(entries: AsyncIterable<TarEntry> | Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for await (const entry of entries) {
    if ('isFolder' in entry) {
      yield tarHeader(`${entry.name}/`, 0, '5')
      continue
    }
    if ('text' in entry) {
      const bytes = Buffer.from(entry.text)
      yield Buffer.concat([tarHeader(entry.name, bytes.length, '0'), bytes, tarPadding(bytes.length)])
      continue
    }
    yield tarHeader(entry.name, entry.bytes, '0')
    let left = entry.bytes
    if (left > 0) {
      const pieces = createReadStream(entry.path, { end: left - 1, highWaterMark: pieceBytes })
      try {
        for await (const piece of pieces) {
          left -= (piece as Buffer).length
          yield piece as Buffer
        }
      } catch (error) {
        // A table that was dropped since took its file along.
        if (systemCode(error) !== 'ENOENT') throw error
      }
    }
    for (; left > 0; left -= pieceBytes) yield Buffer.alloc(Math.min(left, pieceBytes))
    yield tarPadding(entry.bytes)
  }
  yield tarEnd
}

/** What stands behind the last entry. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes)

/** What fills up the last block of a file of so many bytes. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes)
}

/** Where a name parts at a slash into 155 and 100 bytes; -1 for one of up to 100; undefined where it does not fit. */
function cutOf(name: string): number | undefined {
  const bytes = Buffer.from(name)
  if (bytes.length <= 100) return -1
  const cut = bytes.indexOf('/', bytes.length - 101)
  return cut < 0 || cut > 155 ? undefined : cut
}

/** Whether a tar file can carry this name. */
export function fitsTar(name: string): boolean {
  return cutOf(name) !== undefined
}

/** The block before a file (type 0) or a folder (type 5). */
export function tarHeader(name: string, bytes: number, type: '0' | '5'): Buffer {
  const block = Buffer.alloc(blockBytes)
  const cut = cutOf(name)
  if (cut === undefined) throw new Error(`The name ${name} is too long for a tar file.`)
  const inBytes = Buffer.from(name)
  inBytes.copy(block, 0, cut + 1)
  if (cut >= 0) inBytes.copy(block, 345, 0, cut)
  block.write(`${type === '5' ? '0000700' : '0000600'}\0`, 100)
  block.write('0000000\0'.repeat(2), 108)
  // Twelve octal digits hold 8 GiB; beyond, the number is binary, as GNU tar has it.
  if (bytes < 0o77777777777) block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124)
  else {
    block.writeUInt8(0x80, 124)
    block.writeBigUInt64BE(BigInt(bytes), 128)
  }
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** Unpacks a tar file that is on the disk below `folder`, which is there. */
export async function untarFile(path: string, folder: string): Promise<Unpacked> {
  return untar(createReadStream(path, { highWaterMark: pieceBytes }), folder)
}

/** What was unpacked. */
export type Unpacked = { readonly files: number }

/**
 * Unpacks a tar file below `folder`, which is there. A name that leads out of it, an entry that is no file or folder, or
 * an end that comes too soon is refused.
 */
export async function untar(source: AsyncIterable<Buffer>, folder: string): Promise<Unpacked> {
  let files = 0
  for await (const { name, isFolder, pieces } of entriesIn(source)) {
    const path = join(folder, name)
    if (isFolder) await mkdir(path, { recursive: true, mode: 0o700 })
    else {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await unpackFile(pieces(path), path)
      files += 1
    }
  }
  return { files }
}

/** Reads a tar file through, keeping nothing, and gives the digest of every file in it; throws where it is not whole. */
export async function* filesOfTar(path: string): AsyncGenerator<Digest & { readonly name: string }> {
  const source = createReadStream(path, { highWaterMark: pieceBytes })
  for await (const { name, isFolder, pieces } of entriesIn(source)) {
    if (!isFolder) yield { name, ...(await measured(pieces(name))) }
  }
}

type Take = (bytes: number, orLess?: boolean) => Promise<Buffer | undefined>

type EntryIn = {
  readonly name: string
  readonly isFolder: boolean
  /** To be read to its end before the next entry is; the word is for the fault of an end that comes too soon. */
  readonly pieces: (word: string) => AsyncGenerator<Buffer>
}

async function* entriesIn(source: AsyncIterable<Buffer>): AsyncGenerator<EntryIn> {
  const take = reader(source)
  for (;;) {
    const block = await take(blockBytes)
    if (!block) throw new Error('The tar file ends before its end.')
    if (block.every((byte) => byte === 0)) {
      // Read on to the end of what is under it, so that its checksum is seen.
      while (await take(pieceBytes, true));
      return
    }
    const { name, bytes, type } = parsed(block)
    yield { name, isFolder: type === '5', pieces: (word) => piecesOf(take, bytes, word) }
  }
}

async function* piecesOf(take: Take, bytes: number, word: string): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; ) {
    const piece = await take(Math.min(left, pieceBytes))
    if (!piece) throw new Error(`The tar file ends within ${word}.`)
    left -= piece.length
    yield piece
  }
  if (tarPadding(bytes).length > 0) await take(tarPadding(bytes).length)
}

async function unpackFile(pieces: AsyncIterable<Buffer>, path: string): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  const failing = once(file, 'error').then(([error]) => Promise.reject(error))
  failing.catch(() => undefined)
  for await (const piece of pieces) {
    if (!file.write(piece)) await Promise.race([once(file, 'drain'), failing])
  }
  file.end()
  await Promise.race([once(file, 'close'), failing])
}

function parsed(block: Buffer): { name: string; bytes: number; type: string } {
  const text = (from: number, length: number) => {
    const field = block.subarray(from, from + length)
    const end = field.indexOf(0)
    return field.toString('utf8', 0, end < 0 ? length : end)
  }
  const [prefix, last] = [text(345, 155), text(0, 100)]
  const name = prefix === '' ? last : `${prefix}/${last}`
  const type = text(156, 1)
  const bytes =
    (block[124] ?? 0) & 0x80 ? Number(block.readBigUInt64BE(128)) : Number.parseInt(text(124, 12) || '0', 8)
  const without = Buffer.from(block)
  without.write('        ', 148)
  const sum = without.reduce((all, byte) => all + byte, 0)
  const isOurs = (type === '0' || type === '5') && Number.isSafeInteger(bytes) && bytes >= 0
  if (Number.parseInt(text(148, 8), 8) !== sum || !isOurs) throw new Error('The tar file is damaged.')
  if (name.startsWith('/') || name.split('/').includes('..') || name === '') {
    throw new Error(`The tar file has the name ${JSON.stringify(name.slice(0, 200))}, which leads elsewhere.`)
  }
  return { name, bytes, type }
}

/** Gives the next bytes of a stream, exactly as many as asked for; undefined at its end. */
function reader(source: AsyncIterable<Buffer>): Take {
  const pieces = source[Symbol.asyncIterator]()
  let held: Buffer[] = []
  let heldBytes = 0
  return async (bytes, orLess = false) => {
    while (heldBytes < bytes) {
      const { done, value } = await pieces.next()
      if (done) break
      held.push(value)
      heldBytes += value.length
    }
    if (heldBytes === 0 || (heldBytes < bytes && !orLess)) return undefined
    const all = held.length === 1 && held[0] ? held[0] : Buffer.concat(held)
    held = all.length > bytes ? [all.subarray(bytes)] : []
    heldBytes = Math.max(0, all.length - bytes)
    return all.subarray(0, bytes)
  }
}

/** The entries of a folder and all below it, those first that are named first; `skip` leaves some out. */
export async function* entriesBelow(
  folder: string,
  skip: (name: string, entry: Dirent) => boolean = () => false,
  below = '',
): AsyncGenerator<TarEntry> {
  const found = await readdir(join(folder, below), { withFileTypes: true })
  for (const entry of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (skip(name, entry)) continue
    if (entry.isDirectory()) {
      yield { name, isFolder: true }
      yield* entriesBelow(folder, skip, name)
    } else if (entry.isFile()) {
      // A table that is dropped meanwhile takes its file along.
      const size = await stat(join(folder, name)).then(
        (found) => found.size,
        () => undefined,
      )
      if (size !== undefined) yield { name, path: join(folder, name), bytes: size }
    }
  }
}
