import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import type { Rows } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { salvagedLines } from '../marc/salvaged.ts'
import type { Reject } from './change-set.ts'
import { csvRows } from './csv-rows.ts'
import type { ImportSetup } from './import-setup.ts'
import { marcEncoding } from './marc-records.ts'

/** A record that was set aside, with its bytes as they came. */
export type RejectToMend = Reject & { readonly raw: Buffer }

/** A record as somebody mends it: a row by its columns, or MARC as lines. */
export type Mending =
  | {
      readonly as: 'cells'
      readonly cells: readonly string[]
      /** What stands behind the last column, where the row has too many cells. */
      readonly spare: readonly string[]
    }
  | { readonly as: 'lines'; readonly lines: string }
  /** What is not mended by hand. */
  | { readonly as: 'too-long' }

/**
 * The record that was set aside and is not mended; undefined where there is none of this number. With `mendedToo` also one
 * that is mended: its form may be sent again, and its key has the answer.
 */
export async function rejectToMend(
  db: { rows: Rows },
  changeSetId: number,
  recordNumber: number,
  { mendedToo = false }: { readonly mendedToo?: boolean } = {},
): Promise<RejectToMend | undefined> {
  const [row] = await db.rows<RejectToMend>(sql`
    select record_number as "recordNumber", position_bytes as "positionBytes", code, reason,
      length(raw) as "rawBytes", raw
    from reject
    where change_set_id = ${changeSetId} and record_number = ${recordNumber}
      and (mended_at is null or ${mendedToo}::boolean)
  `)
  return row
}

/** Makes the record ready to be mended, as far as it can be read. */
export async function mendingOf(setup: ImportSetup, raw: Buffer): Promise<Mending> {
  const { csv, format } = setup
  if (!csv || format !== 'csv') {
    const encoding = marcEncoding(setup.encoding)
    const options = encoding === undefined ? {} : { encoding }
    const lines = await salvagedLines(raw, format === 'marcxml' ? 'marcxml' : 'marc', options)
    return lines ? { as: 'lines', lines: lines.join('\n') } : { as: 'too-long' }
  }
  const text = isUtf8(raw) ? raw : Buffer.from(iconv.decode(raw, 'windows-1252'))
  const found = await cellsOf(text, csv.shape)
  const count = csv.header.length
  return {
    as: 'cells',
    cells: csv.header.map((_, index) => found[index] ?? ''),
    spare: found.slice(count),
  }
}

/** A row whose quotes are damaged is cut at each delimiter. */
async function cellsOf(
  text: Buffer,
  shape: NonNullable<ImportSetup['csv']>['shape'],
): Promise<readonly string[]> {
  for await (const row of csvRows(once(text), { shape, from: { position: 0, number: 0 } }))
    if (row.ok && row.raw.length >= text.length - 1) return row.cells
    else break
  return text
    .toString('utf8')
    .split(shape.delimiter)
    .map((cell) => cell.replaceAll('"', '').replaceAll('\0', ''))
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
