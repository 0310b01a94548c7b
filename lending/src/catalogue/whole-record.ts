import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { checkedFields } from './checked-fields.ts'
import { formatOf } from './marc/format-of.ts'
import { readIso2709 } from './marc/iso2709.ts'
import { readMarcxml } from './marc/marcxml.ts'
import { type MarcEncoding, type MarcRecord, marcEncodings } from './marc/record.ts'
import { recordOfTitle } from './marc/record-of-title.ts'
import { titleOf } from './marc/title-of.ts'
import { withEdits } from './marc/with-edits.ts'
import type { TitleFields } from './title-fields.ts'

/** A title, and the record that is kept of it. */
export type KeptTitle = Omit<TitleFields, 'otherTitles'> & {
  readonly titleId: number
  readonly createdAt: Date
  readonly version: number
  readonly recordFormat: 'marc21' | 'unimarc' | 'marcxml' | 'csv' | null
  readonly encoding: string | null
  readonly raw: Buffer | null
}

/** `select` and `from` of `KeptTitle`. */
export const keptTitles: Sql = sql`
  select
    title.id as "titleId", title.control_source as "controlSource", title.control_number as "controlNumber",
    title.title, title.subtitle, title.authors, title.publisher, title.published_year as "publishedYear",
    title.language, title.material, title.isbns, title.subjects, title.series, title.summary,
    title.created_at as "createdAt", title_record.format as "recordFormat", title_record.encoding,
    title_record.raw, title.version
  from title
  left join title_record on title_record.title_id = title.id
`

/** One title with its record; undefined where the catalogue has none. */
export async function keptTitle(db: { rows: Rows }, titleId: number): Promise<KeptTitle | undefined> {
  const [row] = await db.rows<KeptTitle>(sql`
    ${keptTitles} where title.id = ${titleId} and title.deleted_at is null
  `)
  return row
}

/** A title of this version was never touched since it came. */
const firstVersion = 1

/** The record as it came, in Unicode, with what was edited since; or one made of the fields, where none came. */
export async function wholeRecord(title: KeptTitle): Promise<MarcRecord> {
  const fields = { ...title, otherTitles: [] }
  const kept = title.raw && title.recordFormat !== 'csv' ? await readAgain(title, title.raw) : undefined
  if (!kept) return recordOfTitle(fields, title)
  return title.version > firstVersion && formatOf(kept) === 'marc21' ? withEdits(kept, fields, title) : kept
}

/** Whether the title is what its record says. It is not where a title of UNIMARC was edited: that is kept beside the record. */
export async function saysTheSame(title: KeptTitle): Promise<boolean> {
  const record = await wholeRecord(title)
  const format = formatOf(record)
  if (format === 'marc21') return true
  const fields = titleOf(record, format)
  const said = checkedFields('refused' in fields ? {} : fields)
  return (
    said.ok && compared.every((name) => JSON.stringify(said.fields[name]) === JSON.stringify(title[name]))
  )
}

const compared = [
  'title',
  'subtitle',
  'authors',
  'publisher',
  'publishedYear',
  'language',
  'material',
  'isbns',
  'subjects',
  'series',
  'summary',
] as const

/**
 * Reads a record as the import did: by itself, unless that gives another encoding than the one that was asked for
 * then.
 */
async function readAgain(
  { recordFormat, encoding }: KeptTitle,
  raw: Buffer,
): Promise<MarcRecord | undefined> {
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
