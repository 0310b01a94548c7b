import { stringify } from 'csv-stringify/sync'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { formatOf } from './marc/format-of.ts'
import { readIso2709, writeIso2709 } from './marc/iso2709.ts'
import { marcxmlNamespace, readMarcxml, writeMarcxml } from './marc/marcxml.ts'
import { type MarcEncoding, type MarcRecord, marcEncodings } from './marc/record.ts'
import { recordOfTitle } from './marc/record-of-title.ts'
import { withEdits } from './marc/with-edits.ts'
import type { TitleFields } from './title-fields.ts'

/** What a catalogue can be taken away as. */
export type ExportFormat = 'iso2709' | 'marcxml' | 'csv'

/**
 * Gives the whole catalogue, deleted titles left out, in the order of their numbers and in bounded memory: read in
 * pages, so a title that changes meanwhile goes out once, as it was or as it is.
 *
 * - `iso2709` and `marcxml`: a title that came as MARC goes out with every field it came with, in UTF-8, but for
 *   those that were edited since (a UNIMARC record goes out as it came). Any other gets a minimal record. A record too long for ISO 2709 goes out with its lengths at 99999 and 9999,
 *   which Bibby and other lenient readers take; MARCXML knows no such limit.
 * - `csv`: the fields of the title. A text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`
 *   or `@`, or a tab or line end) has an apostrophe in front; authors, ISBNs, subjects and series are joined by
 *   ` | `. Begins with a byte order mark, without which Excel takes UTF-8 for something else.
 */
export async function* exportTitles(
  db: { readonly rows: Rows },
  { format }: { readonly format: ExportFormat },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, page, foot } = writers[format]
  if (head !== '') yield Buffer.from(head)
  for await (const rows of pages(db)) yield await page(rows)
  if (foot !== '') yield Buffer.from(foot)
}

const pageRows = 200
/** A title of this version was never touched since it came. */
const firstVersion = 1

type Row = TitleFields & {
  readonly titleId: number
  readonly createdAt: Date
  readonly version: number
  readonly recordFormat: 'marc21' | 'unimarc' | 'marcxml' | 'csv' | null
  readonly encoding: string | null
  readonly raw: Buffer | null
}

async function* pages(db: { readonly rows: Rows }): AsyncGenerator<readonly Row[]> {
  let after = 0
  for (;;) {
    const rows = await db.rows<Row>(sql`
      select
        title.id as "titleId", title.control_source as "controlSource", title.control_number as "controlNumber",
        title.title, title.subtitle, title.authors, title.publisher, title.published_year as "publishedYear",
        title.language, title.material, title.isbns, title.subjects, title.series, title.summary,
        title.created_at as "createdAt", title_record.format as "recordFormat", title_record.encoding,
        title_record.raw, title.version
      from title
      left join title_record on title_record.title_id = title.id
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

type Writer = {
  readonly head: string
  readonly page: (rows: readonly Row[]) => Promise<Uint8Array>
  readonly foot: string
}

const columns = [
  'id',
  'control_source',
  'control_number',
  'title',
  'subtitle',
  'authors',
  'publisher',
  'published_year',
  'language',
  'material',
  'isbns',
  'subjects',
  'series',
  'summary',
] as const

const writers: Readonly<Record<ExportFormat, Writer>> = {
  iso2709: {
    head: '',
    page: async (rows) => {
      const records = await Promise.all(rows.map(recordOf))
      return Buffer.concat(records.map((record) => writeIso2709(record, { overlong: 'saturate' })))
    },
    foot: '',
  },
  marcxml: {
    head: `<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="${marcxmlNamespace}">\n`,
    page: async (rows) => {
      const records = await Promise.all(rows.map(recordOf))
      return Buffer.from(records.map((record) => `${writeMarcxml(record)}\n`).join(''))
    },
    foot: '</collection>\n',
  },
  csv: {
    head: `\uFEFF${columns.join(',')}\n`,
    page: async (rows) => Buffer.from(stringify(rows.map(cells), { escape_formulas: true })),
    foot: '',
  },
}

/** The record as it came, in Unicode; or one made of the fields, where none came. */
async function recordOf(row: Row): Promise<MarcRecord> {
  const kept = row.raw && row.recordFormat !== 'csv' ? await readAgain(row, row.raw) : undefined
  if (!kept) return recordOfTitle(row, row)
  return row.version > firstVersion && formatOf(kept) === 'marc21' ? withEdits(kept, row, row) : kept
}

/**
 * Reads a record as the import did: by itself, unless that gives another encoding than the one that was asked for
 * then.
 */
async function readAgain({ recordFormat, encoding }: Row, raw: Buffer): Promise<MarcRecord | undefined> {
  const read = recordFormat === 'marcxml' ? readMarcxml : readIso2709
  const asked = marcEncodings.find((name) => name === encoding)
  const ways: readonly (MarcEncoding | undefined)[] = [undefined, asked]
  for (const way of ways) {
    for await (const found of read(once(raw), way ? { encoding: way } : {})) {
      if (found.ok && (found.encoding === asked || asked === undefined)) return found.record
      break
    }
  }
  return undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function cells(row: Row): readonly (string | number | null)[] {
  const joined = (texts: readonly string[]) => texts.join(' | ')
  return [
    row.titleId,
    row.controlSource,
    row.controlNumber,
    row.title,
    row.subtitle,
    joined(row.authors),
    row.publisher,
    row.publishedYear,
    row.language,
    row.material,
    joined(row.isbns),
    joined(row.subjects),
    joined(row.series),
    row.summary,
  ]
}
