import { checkedRecord } from './checked-record.ts'
import { csvRows } from './csv-rows.ts'
import { rowReader } from './csv-title.ts'
import type { ImportSetup } from './import-setup.ts'
import type { From, Incoming } from './incoming.ts'
import { marcRecords } from './marc-records.ts'
import { ourRowReader } from './our-csv-title.ts'
import { textBytes } from './source-file.ts'

/** The records of a file from this place on, each ready to go in, or set aside with the reason. */
export async function* recordsOf(filePath: string, setup: ImportSetup, from: From): AsyncGenerator<Incoming> {
  if (setup.format === 'csv') yield* csvRecords(filePath, setup, from)
  else yield* marcRecords(filePath, setup, from)
}

async function* csvRecords(filePath: string, setup: ImportSetup, from: From): AsyncGenerator<Incoming> {
  const { csv, encoding } = setup
  if (!csv) throw new Error('A CSV import was made without its columns.')
  const readRow = csv.isOurs ? ourRowReader(csv.header) : rowReader(csv.mapping, csv.header)
  const position = Math.max(from.position, csv.firstRowAt)
  const rows = csvRows(textBytes(filePath, { encoding, from: position }), {
    shape: csv.shape,
    columns: csv.header.length,
    from: { position, number: from.number },
  })
  for await (const row of rows) {
    const at = { number: row.number, position: row.position, end: row.end, raw: row.raw }
    if (!row.ok) {
      yield { ...at, ok: false, code: row.code, reason: row.reason }
      continue
    }
    if (encoding !== undefined && row.cells.some((cell) => cell.includes('\uFFFD'))) {
      yield { ...at, ok: false, code: 'encoding-invalid', reason: `Some bytes are not ${encoding}.` }
      continue
    }
    const { fields, copy, warnings } = readRow(row.cells)
    yield checkedRecord(at, { fields, copy, warnings, format: 'csv', encoding: encoding ?? 'utf-8' })
  }
}
