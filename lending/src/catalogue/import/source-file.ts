import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import iconv from 'iconv-lite'
import { type CsvShape, csvRows, rowBytesMax } from './csv-rows.ts'
import { shapeOf } from './csv-shape.ts'

/** The bytes of a file, unpacked when it is packed by gzip, from this byte (of the unpacked) on. */
export async function* fileBytes(filePath: string, from: number): AsyncGenerator<Uint8Array> {
  if (!(await isPacked(filePath))) {
    yield* createReadStream(filePath, { start: from, highWaterMark: chunkBytes })
    return
  }
  const unpacked = createGunzip({ chunkSize: chunkBytes })
  pipeline(createReadStream(filePath), unpacked, () => undefined)
  yield* behind(unpacked, from)
}

/**
 * The same as UTF-8 text. Without an encoding, the mark at the start of the file decides between UTF-16 and
 * UTF-8; places are counted in the UTF-8 text.
 */
export async function* textBytes(
  filePath: string,
  { encoding, from }: { encoding: string | undefined; from: number },
): AsyncGenerator<Uint8Array> {
  const named = encoding ?? (await encodingByMark(filePath))
  if (isUtf8Name(named)) {
    yield* fileBytes(filePath, from)
    return
  }
  yield* behind(decoded(fileBytes(filePath, 0), named), from)
}

/** The start of a CSV file: how its rows are written, its columns, and where the first row begins. */
export type CsvHead = {
  readonly shape: CsvShape
  readonly header: readonly string[]
  /** The header as it stands in the file, without its line break. */
  readonly headerText: string
  readonly firstRowAt: number
}

/** Reads the header; undefined when the file has no first row. */
export async function csvHead(filePath: string, encoding: string | undefined): Promise<CsvHead | undefined> {
  const sample = await firstBytes(textBytes(filePath, { encoding, from: 0 }), rowBytesMax * 2)
  const mark = sample.subarray(0, 3).equals(utf8Mark) ? 3 : 0
  const shape = shapeOf(sample.toString('utf8', mark))
  const rows = csvRows(one(sample.subarray(mark)), { shape, from: { position: mark, number: 0 } })
  const { value: first } = await rows.next()
  if (!first?.ok) return undefined
  return {
    shape,
    header: first.cells.map((cell: string) => cell.trim()),
    headerText: first.raw.toString('utf8'),
    firstRowAt: first.end,
  }
}

/** Whether the library can read this encoding; UTF-8 always. */
export function isKnownEncoding(encoding: string): boolean {
  return iconv.encodingExists(encoding)
}

const chunkBytes = 65_536
const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf])

async function isPacked(filePath: string): Promise<boolean> {
  const file = await open(filePath)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

async function encodingByMark(filePath: string): Promise<string> {
  const start = await firstBytes(fileBytes(filePath, 0), 2)
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le'
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

function isUtf8Name(encoding: string): boolean {
  return /^utf-?8$/i.test(encoding)
}

async function firstBytes(bytes: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytes) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= count) break
  }
  return Buffer.concat(chunks).subarray(0, count)
}

async function* decoded(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = iconv.getDecoder(encoding)
  for await (const chunk of bytes) {
    const text = decoder.write(Buffer.from(chunk))
    if (text !== '') yield Buffer.from(text)
  }
  const rest = decoder.end()
  if (rest) yield Buffer.from(rest)
}

async function* behind(bytes: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array> {
  let left = from
  for await (const chunk of bytes) {
    if (left < chunk.length) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
