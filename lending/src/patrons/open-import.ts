import { branches, patronCategories } from '../circulation/places.ts'
import { isMessageId } from '../language/messages.ts'
import { worded } from '../language/worded.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { columnsOf, type PatronColumn } from './patron-columns.ts'
import { type FileRow, openPatronFile, patronEncodings } from './patron-file.ts'
import { type Places, type RejectedRow, rowReader, type WantedRow } from './patron-rows.ts'

/** Why a file was not read at all. */
export type ImportPatronsRefused =
  | { readonly refused: 'file-empty' }
  | { readonly refused: 'encoding-unknown'; readonly known: readonly string[] }
  | {
      readonly refused: 'columns-missing'
      readonly missing: readonly string[]
      readonly found: readonly string[]
    }

/** How to read a file of patrons. */
export type PatronFileOptions = {
  /** Default: `utf-8`. */
  readonly encoding?: string | undefined
  /** Under which name a column stands in this file: `{ card: 'Ausweis' }`. */
  readonly mapping?: Readonly<Partial<Record<PatronColumn, string>>> | undefined
  /** For new patrons of a file that does not say. */
  readonly categoryCode?: string | undefined
  /** The code of the branch for new patrons of a file that does not say. */
  readonly branch?: string | undefined
}

/** A file of patrons whose columns are known. */
export type OpenedImport = {
  readonly header: readonly string[]
  /** As it came, in UTF-8. */
  readonly headerRaw: Buffer
  /** Which cell of a row holds what. */
  readonly at: Readonly<Partial<Record<PatronColumn, number>>>
  readonly ignored: readonly string[]
  readonly rows: AsyncIterable<FileRow>
  /** What a row asks for, or why it is not taken. It remembers the cards that it met. */
  readonly read: (row: FileRow) => WantedRow | RejectedRow
}

/** Opens a file of patrons and finds its columns. */
export async function openImport(
  db: { readonly rows: Rows },
  bytes: AsyncIterable<Uint8Array>,
  options: PatronFileOptions,
): Promise<OpenedImport | ImportPatronsRefused> {
  const encoding = patronEncodings.find((each) => each === (options.encoding ?? 'utf-8').toLowerCase())
  if (!encoding) return { refused: 'encoding-unknown', known: patronEncodings }
  const file = await openPatronFile(bytes, encoding)
  if (!file) return { refused: 'file-empty' }
  const { header, headerRaw, rows } = file
  const { at, ignored } = columnsOf(header, options.mapping)
  const missing = [
    ...(at.card === undefined ? ['card'] : []),
    ...(at.familyName === undefined && at.givenName === undefined ? ['familyName'] : []),
    ...(at.category === undefined && !options.categoryCode ? ['category'] : []),
    ...(at.branch === undefined && !options.branch ? ['branch'] : []),
  ]
  if (missing.length > 0) return { refused: 'columns-missing', missing, found: header }
  const read = rowReader({
    at,
    width: header.length,
    places: await placesOf(db),
    defaults: { category: options.categoryCode, branch: options.branch },
  })
  return { header, headerRaw, at, ignored, rows, read }
}

async function placesOf(db: { readonly rows: Rows }): Promise<Places> {
  return {
    branches: new Map((await branches(db)).map(({ code, branchId }) => [code, branchId])),
    categories: new Set((await patronCategories(db)).map(({ code }) => code)),
  }
}

/** Why a row was not taken, as it is kept, for `readWords`. */
export function reasonOf(code: string): string {
  const id = `reject.because.${code}`
  return worded(isMessageId(id) ? id : 'reject.unknown')
}

/** The patron who has a card already. */
export type Standing = {
  readonly isGone: boolean
  readonly isMerged: boolean
  readonly isProtected: boolean
  readonly fields: Readonly<Record<string, string | number | boolean>>
}

/** The patrons who have these cards already. */
export async function standingOf(
  db: { readonly rows: Rows },
  cards: readonly string[],
): Promise<ReadonlyMap<string, Standing>> {
  const rows = await db.rows<
    Omit<Standing, 'fields'> & { readonly card: string } & Record<string, string | number | boolean>
  >(sql`
    select patron.card, patron.deleted_at is not null as "isGone", kept.id is not null as "isMerged",
      patron.protected as "isProtected", patron_category.code as "categoryCode",
      patron.branch_id as "branchId", patron.given_name as "givenName", patron.family_name as "familyName",
      patron.email, patron.phone, patron.address, patron.note, patron.expires_on as "expiresOn"
    from patron
    join patron_category on patron_category.id = patron.category_id
    left join patron as kept on kept.id = patron.merged_into and kept.deleted_at is null
    where patron.card = any(${cards})
  `)
  return new Map(
    rows.map(({ isGone, isMerged, isProtected, ...fields }) => [
      fields.card,
      { isGone, isMerged, isProtected, fields },
    ]),
  )
}

/** Whether a row holds only what is known of the patron. */
export function saysNothingNew(
  { forNew: _, cardJudged: _judged, ...ask }: WantedRow['ask'],
  { fields }: Standing,
): boolean {
  return Object.entries(ask).every(([name, value]) => value === undefined || fields[name] === value)
}
