import { isUtf8 } from 'node:buffer'
import { worded } from '../../language/worded.ts'

/** How the rows of a file are written. */
export type CsvShape = {
  readonly delimiter: ',' | '\t' | ';' | '|'
  /** How rows end: `\n` also takes `\r\n`; `\r` is what old spreadsheets write. */
  readonly rowEnd: '\n' | '\r'
}

/** Where a row stands in the text, and its bytes without the line break. */
export type RowAt = {
  /** 1 is the first row after the header. */
  readonly number: number
  /** Bytes before it and through its line break; the header counts. */
  readonly position: number
  readonly end: number
  readonly raw: Buffer
}

/** One row of the file; a damaged one says what is wrong and is followed by the next good one. */
export type CsvRow =
  | (RowAt & { readonly ok: true; readonly cells: readonly string[] })
  | (RowAt & { readonly ok: false; readonly code: CsvRejectCode; readonly reason: string })

/** What can be wrong with a row. */
export type CsvRejectCode =
  | 'quote-open'
  | 'quote-damaged'
  | 'columns-too-few'
  | 'columns-too-many'
  | 'encoding-invalid'
  | 'control-character'
  | 'record-too-long'

/** The longest row, in bytes. A longer one is mostly a quote that was never closed. */
export const rowBytesMax = 131_072

const quote = 34
const carriageReturn = 13
const noBytes = Buffer.alloc(0)

/**
 * Reads rows from UTF-8 text. Quoted cells may hold delimiters and line breaks. A row that is damaged gives up
 * its first line only, and reading goes on behind it: one lost quote does not swallow what follows. `columns` is
 * how many cells a row must have; undefined takes any number, as for the header. `from` says where the bytes
 * begin in the whole.
 */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  { shape, columns, from }: { shape: CsvShape; columns?: number; from: { position: number; number: number } },
): AsyncGenerator<CsvRow> {
  let held: Buffer = noBytes
  let { position, number } = from
  let tooLong: RowAt | undefined
  const take = function* (isLast: boolean): Generator<CsvRow> {
    let at = 0
    while (at < held.length || (isLast && tooLong)) {
      const reading = { shape, columns, number: number + 1, position: position + at, isLast }
      const found = tooLong ? restOfLine(held, at, reading, tooLong) : rowAt(held, at, reading)
      if (found === 'needs-more') break
      at += found.bytes
      tooLong = found.goesOn
      if (!found.row) continue
      number += 1
      yield found.row
    }
    held = held.subarray(at)
    position += at
  }
  for await (const chunk of bytes) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk])
    yield* take(false)
  }
  yield* take(true)
}

type Reading = {
  readonly shape: CsvShape
  readonly columns: number | undefined
  readonly number: number
  readonly position: number
  /** No bytes follow those that are held. */
  readonly isLast: boolean
}

/** The row (none for an empty line, or when it goes on past the limit) and how many bytes to go on. */
type Found = { readonly row?: CsvRow; readonly bytes: number; readonly goesOn?: RowAt }

function rowAt(held: Buffer, start: number, reading: Reading): Found | 'needs-more' {
  const scan = scanRow(held, start, reading)
  if (scan === 'needs-more') return scan
  if (scan === 'too-long') return firstLine(held, start, reading)
  const { end, next, cuts, hasLines, damage } = scan
  const at = { number: reading.number, position: reading.position }
  if (end === start) return { bytes: next - start }
  const wrong = damage ?? miscount(cuts, end, reading.columns)
  if (wrong && hasLines) return firstLine(held, start, reading, wrong)
  const raw = Buffer.from(held.subarray(start, end))
  const place = { ...at, end: at.position + next - start, raw }
  if (wrong) return { row: { ...place, ok: false, ...wrong }, bytes: next - start }
  const unreadable = unreadableBytes(raw)
  if (unreadable) return { row: { ...place, ok: false, ...unreadable }, bytes: next - start }
  return { row: { ...place, ok: true, cells: cellsOf(held, start, cuts, end) }, bytes: next - start }
}

type Wrong = { readonly code: CsvRejectCode; readonly reason: string }
type Scan = {
  /** Where the row's bytes end, and where the next row begins. */
  readonly end: number
  readonly next: number
  /** Where the delimiters stand. */
  readonly cuts: readonly number[]
  readonly hasLines: boolean
  readonly damage: Wrong | undefined
}

function scanRow(held: Buffer, start: number, { shape, isLast }: Reading): Scan | 'needs-more' | 'too-long' {
  const delimiter = shape.delimiter.charCodeAt(0)
  const rowEnd = shape.rowEnd.charCodeAt(0)
  const cuts: number[] = []
  let inQuotes = false
  let atCellStart = true
  let hasLines = false
  let damage: Wrong | undefined
  let at = start
  for (; at < held.length; at++) {
    if (at - start > rowBytesMax) return 'too-long'
    const byte = held[at]
    if (inQuotes) {
      if (byte === rowEnd) hasLines = true
      if (byte !== quote) continue
      if (at + 1 >= held.length && !isLast) return 'needs-more'
      const after = held[at + 1]
      if (after === quote) {
        at += 1
        continue
      }
      inQuotes = false
      const closes =
        after === undefined || after === delimiter || after === rowEnd || after === carriageReturn
      if (!closes) damage = { code: 'quote-damaged', reason: worded('reject.cell-goes-on') }
    } else if (byte === delimiter) {
      cuts.push(at)
      atCellStart = true
      continue
    } else if (byte === rowEnd) {
      return { end: withoutReturn(held, start, at), next: at + 1, cuts, hasLines, damage }
    } else if (byte === quote && atCellStart) {
      inQuotes = true
    }
    atCellStart = false
  }
  if (!isLast) return 'needs-more'
  if (inQuotes) damage = { code: 'quote-open', reason: worded('reject.quote-open') }
  return { end: withoutReturn(held, start, at), next: at, cuts, hasLines, damage }
}

/** Gives up one line, and goes on behind it. */
function firstLine(held: Buffer, start: number, reading: Reading, wrong?: Wrong): Found {
  const { number, position } = reading
  const end = held.indexOf(reading.shape.rowEnd, start)
  if (end < 0 || end - start > rowBytesMax) {
    const raw = Buffer.from(held.subarray(start, start + rowBytesMax))
    return { bytes: rowBytesMax, goesOn: { number, position, end: position, raw } }
  }
  const reason = worded('reject.quote-open-within', { max: rowBytesMax })
  const why: Wrong = wrong ?? { code: 'quote-open', reason }
  const raw = Buffer.from(held.subarray(start, withoutReturn(held, start, end)))
  const bytes = end - start + 1
  return { row: { number, position, end: position + bytes, raw, ok: false, ...why }, bytes }
}

/** Passes over what is left of a line that is past the limit; its row is told once its end is known. */
function restOfLine(
  held: Buffer,
  start: number,
  { shape, position, isLast }: Reading,
  tooLong: RowAt,
): Found {
  const found = held.indexOf(shape.rowEnd, start)
  if (found < 0 && !isLast) return { bytes: held.length - start, goesOn: tooLong }
  const bytes = (found < 0 ? held.length : found + 1) - start
  const reason = worded('reject.row-too-long', { max: rowBytesMax })
  return { row: { ...tooLong, end: position + bytes, ok: false, code: 'record-too-long', reason }, bytes }
}

function withoutReturn(held: Buffer, start: number, end: number): number {
  return end > start && held[end - 1] === carriageReturn ? end - 1 : end
}

function miscount(cuts: readonly number[], end: number, columns: number | undefined): Wrong | undefined {
  const count = cuts.length + 1
  if (columns === undefined || count === columns) return undefined
  const reason = worded('reject.cells', { cells: count, header: columns })
  if (count < columns) return { code: 'columns-too-few', reason }
  const firstExtra = cuts[columns - 1] ?? end
  // Spreadsheets add empty cells behind the last one.
  if (cuts.length === columns - 1 + (end - firstExtra)) return undefined
  return { code: 'columns-too-many', reason }
}

function unreadableBytes(raw: Buffer): Wrong | undefined {
  if (!isUtf8(raw)) return { code: 'encoding-invalid', reason: worded('reject.row-not-utf-8') }
  const zero = raw.indexOf(0)
  if (zero < 0) return undefined
  return { code: 'control-character', reason: worded('reject.nul', { byte: zero + 1 }) }
}

function cellsOf(held: Buffer, start: number, cuts: readonly number[], end: number): readonly string[] {
  const cells: string[] = []
  let from = start
  for (let index = 0; index <= cuts.length; index++) {
    const to = cuts[index] ?? end
    const text = held.toString('utf8', from, to)
    cells.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text)
    from = to + 1
  }
  return cells
}
