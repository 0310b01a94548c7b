import { hash } from 'node:crypto'
import type { Flaws } from '../language/flaw.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { incomingMarc } from './import/marc-records.ts'
import { otherTitlesOf } from './kept-record.ts'
import { MarcTooLongError, readIso2709, writeIso2709 } from './marc/iso2709.ts'
import { readMarcxml, writeMarcxml } from './marc/marcxml.ts'
import { isControl, type MarcRecord } from './marc/record.ts'
import { type LineProblem, linesOf, recordFromLines } from './marc/record-lines.ts'
import { storeOne } from './stored-title.ts'
import type { TitleFields } from './title-fields.ts'
import { titleWords } from './tokens.ts'
import { type KeptTitle, keptTitle, wholeRecord } from './whole-record.ts'

/** Which title, from which version, and its whole record as lines. */
export type EditRecordAsk = {
  readonly titleId: number
  /** The version that the editor saw. */
  readonly version: number
  /** As `linesOf` writes them. */
  readonly lines: string
}

/** The title's new version. */
export type RecordEdited = { readonly titleId: number; readonly version: number }

/** Why a record was not edited. */
export type EditRecordRefused =
  | { readonly refused: 'title-unknown' }
  | { readonly refused: 'version-stale'; readonly version: number }
  | { readonly refused: 'record-lines-unfit'; readonly problems: readonly LineProblem[] }
  | { readonly refused: 'record-number-changed' }
  | { readonly refused: 'record-unfit'; readonly because: string }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/**
 * Writes the record of a title anew and makes the title of it, by the same code as an import. Its number stays, by which an
 * import knows it again; and so does what the import knows of the record as it came, so that the same file brought again says
 * nothing new and overwrites nothing.
 */
export const editRecord: Verb<EditRecordAsk, RecordEdited, EditRecordRefused> = {
  action: 'edit-record',
  about: ({ titleId }) => ({ titleId }),
  work: async (tx, { titleId, version, lines }, { occurredAt: at }) => {
    const [found] = await tx.rows<{ version: number }>(sql`
      select version from title where id = ${titleId} and deleted_at is null for no key update
    `)
    const before = found && (await keptTitle(tx, titleId))
    if (!before) return { refused: 'title-unknown' }
    if (before.version !== version) return { refused: 'version-stale', version: before.version }
    const was = await wholeRecord(before)
    const read = recordFromLines(lines, new Set(linesOf(was)))
    if (!read.ok) return { refused: 'record-lines-unfit', problems: read.problems }
    if (numberOf(read.record) !== numberOf(was)) return { refused: 'record-number-changed' }
    const made = await writtenAs(read.record, before)
    if ('refused' in made) return made
    const { controlSource, controlNumber } = before
    const otherTitles = await otherTitlesOf(tx, titleId)
    await storeOne(
      tx,
      { titleId, version: version + 1, fields: { ...made.fields, controlSource, controlNumber } },
      { at, wordsBefore: titleWords({ ...before, otherTitles }) },
    )
    await keepRecord(tx, titleId, made)
    return { titleId, version: version + 1 }
  },
}

/** By which an import knows a record again. */
function numberOf({ fields }: MarcRecord): string {
  return JSON.stringify(
    fields.filter((field) => isControl(field) && (field.tag === '001' || field.tag === '003')),
  )
}

type Made = { readonly format: string; readonly raw: Uint8Array; readonly fields: TitleFields }

/** The record as bytes, and the title that an import would make of these. */
async function writtenAs(
  record: MarcRecord,
  before: KeptTitle,
): Promise<Made | Extract<EditRecordRefused, { refused: 'record-unfit' }>> {
  const iso = before.recordFormat === 'marcxml' ? undefined : iso2709Of(record)
  const raw = iso ?? Buffer.from(writeMarcxml(record))
  const read = iso ? readIso2709 : readMarcxml
  for await (const found of read(once(raw))) {
    const { ok, ...made } = incomingMarc(found, iso ? 'marc' : 'marcxml', { position: 0, number: 0 })
    if (ok && 'fields' in made) return { format: made.format, raw, fields: made.fields }
    if ('reason' in made) return { refused: 'record-unfit', because: made.reason }
  }
  throw new Error('A record was written and cannot be read.')
}

/** MARCXML takes what is too long for ISO 2709. */
function iso2709Of(record: MarcRecord): Uint8Array | undefined {
  try {
    return writeIso2709(record)
  } catch (error) {
    if (error instanceof MarcTooLongError) return undefined
    throw error
  }
}

/** The digests are of the record as it came, where one came. */
async function keepRecord(tx: Tx, titleId: number, { format, raw }: Made): Promise<void> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  await tx.rows(sql`
    insert into title_record (title_id, format, encoding, raw, raw_sha256)
    values (${titleId}, ${format}, 'utf-8', ${bytes}, ${hash('sha256', bytes, 'buffer')})
    on conflict (title_id) do update
    set format = excluded.format, encoding = excluded.encoding, raw = excluded.raw
  `)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
