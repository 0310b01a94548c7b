import iconv from 'iconv-lite'
import { type CsvRow, csvRows } from '../catalogue/import/csv-rows.ts'
import { shapeOf } from '../catalogue/import/csv-shape.ts'

/** The encodings that a patron file may be in. */
export const patronEncodings = [
  'utf-8',
  'utf-16le',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'koi8-r',
] as const

/** One row, good or damaged, and the line on which it begins; the header is on line 1. */
export type FileRow = { readonly row: CsvRow; readonly line: number }

/** The rows of a file with its header, and the line on which each begins. */
export type PatronFile = {
  readonly header: readonly string[]
  /** As it came, in UTF-8. */
  readonly headerRaw: Buffer
  readonly rows: AsyncIterable<FileRow>
}

const sampleBytes = 65_536

/** Opens a CSV file: commas, semicolons or tabs, as its header has them. Undefined when it has no header. */
export async function openPatronFile(
  bytes: AsyncIterable<Uint8Array>,
  encoding: (typeof patronEncodings)[number],
): Promise<PatronFile | undefined> {
  const pieces = utf8(bytes, encoding)
  const head: Buffer[] = []
  let size = 0
  for (;;) {
    const piece = size < sampleBytes ? await pieces.next() : undefined
    if (!piece || piece.done) break
    head.push(piece.value)
    size += piece.value.length
  }
  const start = Buffer.concat(head)
  const shape = shapeOf(start.toString('utf8'))
  const breaks: number[] = []
  const watched = watch(start, pieces, { breaks, rowEnd: shape.rowEnd.charCodeAt(0) })
  const all = csvRows(watched, { shape, from: { position: 0, number: -1 } })
  const first = await all.next()
  if (first.done || !first.value.ok) return undefined
  const { cells, raw } = first.value
  return { header: cells, headerRaw: raw, rows: withLines(all, breaks) }
}

/** Counts the line breaks before a row. How many cells it must have is for the reader of rows to say. */
async function* withLines(rows: AsyncIterable<CsvRow>, breaks: number[]): AsyncGenerator<FileRow> {
  let line = 1
  for await (const row of rows) {
    let passed = 0
    while (passed < breaks.length && (breaks[passed] ?? 0) < row.position) passed += 1
    line += passed
    breaks.splice(0, passed)
    yield { row, line }
  }
}

/** Notes where lines end as the bytes pass by; what was passed is let go of again. */
async function* watch(
  start: Buffer,
  rest: AsyncIterable<Buffer>,
  { breaks, rowEnd }: { breaks: number[]; rowEnd: number },
): AsyncGenerator<Buffer> {
  let position = 0
  const noted = (piece: Buffer): Buffer => {
    for (let at = piece.indexOf(rowEnd); at >= 0; at = piece.indexOf(rowEnd, at + 1))
      breaks.push(position + at)
    position += piece.length
    return piece
  }
  yield noted(start)
  for await (const piece of rest) yield noted(piece)
}

const mark = Buffer.from('\ufeff')

async function* utf8(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = encoding === 'utf-8' ? undefined : iconv.getDecoder(encoding, { stripBOM: true })
  let held = Buffer.alloc(0)
  let begun = false
  for await (const piece of bytes) {
    const chunk = decoder ? Buffer.from(decoder.write(Buffer.from(piece))) : Buffer.from(piece)
    if (begun) {
      if (chunk.length > 0) yield chunk
      continue
    }
    // A mark of byte order may come in pieces.
    held = Buffer.concat([held, chunk])
    if (held.length < mark.length) continue
    begun = true
    yield held.subarray(0, mark.length).equals(mark) ? held.subarray(mark.length) : held
  }
  const end = Buffer.from(decoder?.end() ?? '')
  const last = begun ? end : Buffer.concat([held, end])
  if (last.length > 0) yield last
}
