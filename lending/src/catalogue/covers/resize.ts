import { open, rename, rm } from 'node:fs/promises'
import { setPriority } from 'node:os'
import sharp, { type Sharp } from 'sharp'

// The process that reads pictures. What strangers made is decoded here and nowhere else: one that brings the decoder
// down, or fills its memory, takes no desk with it.

/** A picture to read, and how wide to write it where; to nowhere, all of it is read all the same. */
export type ResizeAsk = {
  readonly from: string
  readonly sizes: readonly { readonly width: number; readonly quality: number; readonly to: string }[]
}

/** What became of it. */
export type Resized =
  | { readonly done: true; readonly kind: PictureKind; readonly width: number; readonly height: number }
  | { readonly refused: PictureRefused }

/** Why a file is not taken for a picture. */
export type PictureRefused = 'cover-no-picture' | 'cover-too-large'

/** The kinds that are read, as their bytes say. */
export type PictureKind = 'jpeg' | 'png' | 'webp'

/** Of a cover scanned at 600 dots an inch there are 20 million; a file of few bytes may claim to have a billion. */
const pixelsMax = 40_000_000
/** A PNG that is interlaced is held whole, and one of 16 bits takes twice the room: 12 million pixels are 96 MB then. */
const heavyPixelsMax = 12_000_000
/** As a search: desks come first. */
const niceness = 15
/** As wide as a picture becomes that is only looked at. */
const looked = 32
/** Of 0 to 6: how long to look for a smaller file. */
const effort = 5

sharp.cache(false)
sharp.concurrency(1)
// What is not named here is not even tried, whatever the bytes say.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['VipsForeignLoadJpegFile', 'VipsForeignLoadPngFile', 'VipsForeignLoadWebpFile'],
})

process.on('message', (ask: ResizeAsk) => void answer(ask))
process.once('disconnect', () => process.exit())
try {
  setPriority(niceness)
} catch {
  // Then it runs as any other.
}
process.send?.('ready')

async function answer(ask: ResizeAsk): Promise<void> {
  const told = await resize(ask).catch((error: unknown) => ({
    failed: error instanceof Error ? error.message : 'unknown fault',
  }))
  if (process.connected) process.send?.(told)
}

async function resize({ from, sizes }: ResizeAsk): Promise<Resized> {
  const kind = await kindOf(from)
  if (!kind) return { refused: 'cover-no-picture' }
  const read = () => sharp(from, { limitInputPixels: pixelsMax, sequentialRead: true, failOn: 'error' })
  try {
    const { width, height, isProgressive, depth } = await read().metadata()
    const isHeavy = kind === 'png' && (isProgressive || depth !== 'uchar')
    // A header that claims more is told apart from bytes that are none.
    if (width * height > (isHeavy ? heavyPixelsMax : pixelsMax)) return { refused: 'cover-too-large' }
    if (sizes.length === 0) await read().resize({ width: looked }).raw().toBuffer()
    for (const size of sizes) await write(read(), size)
    return { done: true, kind, width, height }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    const isTooLarge = error instanceof Error && error.message.includes('pixel limit')
    return { refused: isTooLarge ? 'cover-too-large' : 'cover-no-picture' }
  }
}

/** It appears whole or not at all. */
async function write(picture: Sharp, { width, quality, to }: ResizeAsk['sizes'][number]): Promise<void> {
  const bytes = await picture
    .autoOrient()
    .resize({ width, withoutEnlargement: true })
    .webp({ quality, effort })
    .toBuffer()
  const half = `${to}.new-${process.pid}`
  try {
    await using file = await open(half, 'w', 0o600)
    await file.writeFile(bytes)
  } catch (error) {
    await rm(half, { force: true })
    throw error
  }
  await rename(half, to)
}

const headBytes = 12

async function kindOf(path: string): Promise<PictureKind | undefined> {
  await using file = await open(path)
  const head = Buffer.alloc(headBytes)
  await file.read(head, 0, headBytes, 0)
  if (head.readUIntBE(0, 3) === 0xffd8ff) return 'jpeg'
  if (head.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n') return 'png'
  return head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP'
    ? 'webp'
    : undefined
}
