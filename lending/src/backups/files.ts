import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'

/** What a file was when it was written: all of it is in the digest. */
export type Digest = { readonly bytes: number; readonly sha256: string }

/** A stream that counts and hashes what goes through it. */
export function measuring(): { readonly stream: Transform; readonly digest: () => Digest } {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      hash.update(chunk)
      done(null, chunk)
    },
  })
  return { stream, digest: () => ({ bytes, sha256: hash.digest('hex') }) }
}

/** The digest of what comes; `alive` is called with every piece. */
export async function measured(pieces: AsyncIterable<Buffer>, alive?: () => void): Promise<Digest> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    hash.update(piece)
    alive?.()
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The digest of a file as it is now; `alive` is called with every piece. */
export async function digestOf(path: string, alive?: () => void): Promise<Digest> {
  return measured(createReadStream(path, { highWaterMark: pieceBytes }), alive)
}

/** So much is read or written at a time. */
export const pieceBytes = 1024 * 1024

/** A new file for `pipeline`, private, flushed to the disk before it is closed. */
export function newFile(path: string): NodeJS.WritableStream {
  return createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true, highWaterMark: pieceBytes })
}

/** Writes a small file so that it is there whole or not at all, and on the disk. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const half = `${path}.new-${process.pid}`
  try {
    const file = await open(half, 'w', 0o600)
    await finishing(file, async () => {
      await file.writeFile(text)
      await file.sync()
    })
    await rename(half, path)
  } catch (error) {
    await rm(half, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** What was made, renamed or removed in this folder is so on the disk too. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await finishing(folder, () => folder.sync())
}

async function finishing(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } finally {
    await file.close()
  }
}
