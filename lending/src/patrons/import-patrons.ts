import { branches, patronCategories } from '../circulation/places.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type By, write } from '../postgres/write.ts'
import { importPatron } from './import-patron.ts'
import { columnsOf, type PatronColumn } from './patron-columns.ts'
import { type FileRow, openPatronFile, patronEncodings } from './patron-file.ts'
import { type Places, type RejectedRow, rowReader, type WantedRow } from './patron-rows.ts'

/** What became of one row; `line` is where it begins in the file, the header being line 1. */
export type PatronRowResult = { readonly line: number } & (
  | { readonly became: 'registered' | 'updated' | 'unchanged'; readonly card: string }
  | RejectedRow
)

/** The account of an import: read = registered + updated + unchanged + rejected. */
export type PatronImport = {
  readonly read: number
  readonly registered: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
  /** The first thousand; `onRow` is told of all. */
  readonly rejects: readonly { readonly line: number; readonly code: string; readonly reason: string }[]
  /** Columns of the file that were not read. */
  readonly ignoredColumns: readonly string[]
}

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
  readonly onRow?: ((result: PatronRowResult) => void) | undefined
}

const rejectsMax = 1_000
const batchRows = 200
/** Rows of one batch have different cards, so some may be written side by side. */
const writesAtOnce = 4
/** How often the commit of one row is asked about again when its outcome is unknown. */
const triesMax = 3

/**
 * Registers and updates patrons from CSV, each row a write of its own under the key of the import and its line:
 * cut off, it can be run again. A row that says nothing new writes nothing. An empty cell leaves what there is. A
 * protected patron is never changed. Passwords, blocks and flags are not imported.
 */
export async function importPatrons(
  db: Database,
  by: By,
  bytes: AsyncIterable<Uint8Array>,
  options: PatronFileOptions = {},
): Promise<PatronImport | ImportPatronsRefused> {
  const encoding = patronEncodings.find((each) => each === (options.encoding ?? 'utf-8').toLowerCase())
  if (!encoding) return { refused: 'encoding-unknown', known: patronEncodings }
  const file = await openPatronFile(bytes, encoding)
  if (!file) return { refused: 'file-empty' }
  const { at, ignored } = columnsOf(file.header, options.mapping)
  const missing = [
    ...(at.card === undefined ? ['card'] : []),
    ...(at.familyName === undefined && at.givenName === undefined ? ['familyName'] : []),
    ...(at.category === undefined && !options.categoryCode ? ['category'] : []),
    ...(at.branch === undefined && !options.branch ? ['branch'] : []),
  ]
  if (missing.length > 0) return { refused: 'columns-missing', missing, found: file.header }
  const counts = { registered: 0, updated: 0, unchanged: 0, rejected: 0 }
  const rejects: { line: number; code: string; reason: string }[] = []
  const reader = rowReader({
    at,
    width: file.header.length,
    places: await placesOf(db),
    defaults: { category: options.categoryCode, branch: options.branch },
  })
  for await (const batch of inBatches(file.rows)) {
    for (const result of await importBatch(db, by, batch.map(reader))) {
      counts[result.became] += 1
      if (result.became === 'rejected' && rejects.length < rejectsMax) {
        rejects.push({ line: result.line, code: result.code, reason: result.reason })
      }
      options.onRow?.(result)
    }
  }
  const read = counts.registered + counts.updated + counts.unchanged + counts.rejected
  return { read, ...counts, rejects, ignoredColumns: ignored }
}

async function* inBatches(rows: AsyncIterable<FileRow>): AsyncGenerator<FileRow[]> {
  let batch: FileRow[] = []
  for await (const row of rows) {
    batch.push(row)
    if (batch.length < batchRows) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function placesOf(db: Database): Promise<Places> {
  return {
    branches: new Map((await branches(db)).map(({ code, branchId }) => [code, branchId])),
    categories: new Set((await patronCategories(db)).map(({ code }) => code)),
  }
}

async function importBatch(
  db: Database,
  by: By,
  batch: readonly (WantedRow | RejectedRow)[],
): Promise<readonly PatronRowResult[]> {
  const standing = await standingOf(
    db,
    batch.flatMap((row) => ('ask' in row ? [row.ask.card] : [])),
  )
  const results: PatronRowResult[] = []
  for (let at = 0; at < batch.length; at += writesAtOnce) {
    const some = batch.slice(at, at + writesAtOnce)
    results.push(
      ...(await Promise.all(
        some.map((row) => ('ask' in row ? importRow(db, by, row, standing.get(row.ask.card)) : row)),
      )),
    )
  }
  return results
}

async function importRow(
  db: Database,
  by: By,
  { line, ask }: WantedRow,
  standing: Standing | undefined,
): Promise<PatronRowResult> {
  const { card } = ask
  if (standing && !standing.isGone && saysNothingNew(ask, standing))
    return { line, became: 'unchanged', card }
  const key = `${by.key}:${line}`
  for (let tries = 1; ; tries++) {
    const told = await write(db, { ...by, key }, importPatron, ask)
    if (told.outcome === 'done') return { line, became: told.answer.was, card }
    if (told.outcome === 'refused') {
      const code = told.refusal.refused
      return { line, became: 'rejected', code, reason: reasons[code] ?? 'The row was refused.' }
    }
    if (tries === triesMax) throw new ImportUnsettledError(line)
  }
}

/** The connection was lost again and again while one row was being written. */
export class ImportUnsettledError extends Error {
  override readonly name = 'ImportUnsettledError'
  readonly code = 'BIBBY_IMPORT_UNSETTLED'
  constructor(line: number) {
    super(
      `The connection was lost while line ${line} was written. Import the file again: no row is taken twice.`,
    )
  }
}

const reasons: Readonly<Record<string, string>> = {
  'card-taken': 'The card was that of a patron who left.',
  'patron-merged': 'The card was merged into another: name that one.',
  'patron-protected': 'The patron is protected: no import changes them.',
  'category-unknown': 'There is no such patron category.',
  'branch-unknown': 'There is no such branch.',
  'fields-invalid': 'Some fields do not fit.',
  'key-reused': 'The import was run under this key before, with another file.',
}

type Standing = {
  readonly isGone: boolean
  readonly fields: Readonly<Record<string, string | number>>
}

/** The patrons who have these cards already. */
async function standingOf(db: Database, cards: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
  const rows = await db.rows<{ card: string; isGone: boolean } & Record<string, string | number>>(sql`
    select patron.card, patron.deleted_at is not null as "isGone", patron_category.code as "categoryCode",
      patron.branch_id as "branchId", patron.given_name as "givenName", patron.family_name as "familyName",
      patron.email, patron.phone, patron.address, patron.note, patron.expires_on as "expiresOn"
    from patron
    join patron_category on patron_category.id = patron.category_id
    where patron.card = any(${cards})
  `)
  return new Map(rows.map(({ isGone, ...fields }) => [fields.card, { isGone, fields }]))
}

function saysNothingNew({ forNew: _, ...ask }: WantedRow['ask'], { fields }: Standing): boolean {
  return Object.entries(ask).every(([name, value]) => value === undefined || fields[name] === value)
}
