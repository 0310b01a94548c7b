import type { Patterns } from '@bibby/patterns/patterns.ts'
import { worded } from '../../language/worded.ts'
import { checkedRecord } from './checked-record.ts'
import { csvRows } from './csv-rows.ts'
import { rowReader } from './csv-title.ts'
import type { ImportSetup } from './import-setup.ts'
import type { From, Incoming } from './incoming.ts'
import { marcRecords } from './marc-records.ts'
import { ourRowReader } from './our-csv-title.ts'
import { placedColumns } from './placed-columns.ts'
import { textBytes } from './source-file.ts'
import { withTakenCells } from './taken-cells.ts'

/** The records of a file from this place on, each ready to go in, or set aside with the reason. */
export async function* recordsOf(file: FileToRead, from: From): AsyncGenerator<Incoming> {
  if (file.setup.format === 'csv') yield* csvRecords(file, from)
  else yield* marcRecords(file.filePath, file.setup, from)
}

/** A file, how it is read, and where the patterns of its mapping run: none are started where it has none. */
export type FileToRead = {
  readonly filePath: string
  readonly setup: ImportSetup
  readonly patterns: () => Promise<Patterns>
}

async function* csvRecords(file: FileToRead, from: From): AsyncGenerator<Incoming> {
  const { encoding, csv } = file.setup
  const position = Math.max(from.position, csv?.firstRowAt ?? 0)
  const bytes = textBytes(file.filePath, { encoding, from: position })
  yield* csvRecordsIn(bytes, file, { position, number: from.number })
}

/** The records that rows in UTF-8 make, under the header and by the mapping of their import. */
export async function* csvRecordsIn(
  bytes: AsyncIterable<Uint8Array>,
  { setup, patterns }: Omit<FileToRead, 'filePath'>,
  from: From,
): AsyncGenerator<Incoming> {
  const { csv, encoding } = setup
  if (!csv) throw new Error('A CSV import was made without its columns.')
  const readRow = csv.isOurs ? ourRowReader(csv.header) : rowReader(csv.mapping, csv.header)
  const rows = csvRows(bytes, { shape: csv.shape, columns: csv.header.length, from })
  const { takings } = csv.isOurs ? { takings: [] } : placedColumns(csv.mapping, csv.header)
  const read = takings.length > 0 ? withTakenCells(rows, { takings, patterns }) : rows
  for await (const row of read) {
    const at = { number: row.number, position: row.position, end: row.end, raw: row.raw }
    if (!row.ok) {
      yield { ...at, ok: false, code: row.code, reason: row.reason }
      continue
    }
    if (encoding !== undefined && row.cells.some((cell) => cell.includes('\uFFFD'))) {
      yield {
        ...at,
        ok: false,
        code: 'encoding-invalid',
        reason: worded('reject.bytes-not-in', { encoding }),
      }
      continue
    }
    const { fields, copy, warnings } = readRow(row.cells)
    yield checkedRecord(at, { fields, copy, warnings, format: 'csv', encoding: encoding ?? 'utf-8' })
  }
}
