import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type ExportedCopy, exportedCopies } from './exported-copy.ts'
import { writeIso2709 } from './marc/iso2709.ts'
import { marcxmlNamespace, writeMarcxml } from './marc/marcxml.ts'
import type { MarcRecord } from './marc/record.ts'
import { withCopies } from './marc/with-copies.ts'
import { ourCsvHead, ourCsvRows } from './our-csv.ts'
import type { TitleFields } from './title-fields.ts'
import { type KeptTitle, keptTitles, wholeRecord } from './whole-record.ts'

/** What a catalogue can be taken away as. */
export type ExportFormat = 'iso2709' | 'marcxml' | 'csv'

/**
 * Gives the whole catalogue, deleted titles left out, in the order of their numbers and in bounded memory: read in
 * pages, so a title that changes meanwhile goes out once, as it was or as it is.
 *
 * - `iso2709` and `marcxml`: a title that came as MARC goes out with every field it came with, in UTF-8, but for
 *   those that were edited since (a UNIMARC record goes out as it came). Any other gets a minimal record. A record too long for ISO 2709 goes out with its lengths at 99999 and 9999,
 *   which Bibby and other lenient readers take; MARCXML knows no such limit.
 * - `csv`: the fields of the title, as `our-csv.ts` says.
 *
 * With `copies`, MARC records get a field 952 for each copy (see `withCopies`), and the CSV a row for each.
 */
export async function* exportTitles(
  db: { readonly rows: Rows },
  { format, copies = false }: { readonly format: ExportFormat; readonly copies?: boolean },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, page, foot } = writers[format]
  if (head(copies) !== '') yield Buffer.from(head(copies))
  for await (const rows of pages(db)) {
    const ids = rows.map(({ titleId }) => titleId)
    yield await page(rows, copies ? await exportedCopies(db, ids) : undefined)
  }
  if (foot !== '') yield Buffer.from(foot)
}

const pageRows = 200

type Row = TitleFields & KeptTitle

async function* pages(db: { readonly rows: Rows }): AsyncGenerator<readonly Row[]> {
  let after = 0
  for (;;) {
    const rows = await db.rows<Row>(sql`
      ${keptTitles}
      where title.id > ${after} and title.deleted_at is null
      order by title.id
      limit ${pageRows}
    `)
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = last.titleId
  }
}

type Copies = ReadonlyMap<number, readonly ExportedCopy[]> | undefined

type Writer = {
  readonly head: (withCopies: boolean) => string
  readonly page: (rows: readonly Row[], copies: Copies) => Promise<Uint8Array>
  readonly foot: string
}

const writers: Readonly<Record<ExportFormat, Writer>> = {
  iso2709: {
    head: () => '',
    page: async (rows, copies) => {
      const records = await recordsOf(rows, copies)
      return Buffer.concat(records.map((record) => writeIso2709(record, { overlong: 'saturate' })))
    },
    foot: '',
  },
  marcxml: {
    head: () => `<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="${marcxmlNamespace}">\n`,
    page: async (rows, copies) => {
      const records = await recordsOf(rows, copies)
      return Buffer.from(records.map((record) => `${writeMarcxml(record)}\n`).join(''))
    },
    foot: '</collection>\n',
  },
  csv: {
    head: (withCopies) => ourCsvHead({ withCopies }),
    page: async (rows, copies) =>
      Buffer.from(rows.map((row) => ourCsvRows(row, copies && (copies.get(row.titleId) ?? []))).join('')),
    foot: '',
  },
}

function recordsOf(rows: readonly Row[], copies: Copies): Promise<MarcRecord[]> {
  return Promise.all(
    rows.map(async (row) => {
      const record = await wholeRecord(row)
      return copies ? withCopies(record, copies.get(row.titleId) ?? []) : record
    }),
  )
}
