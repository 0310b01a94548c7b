import { wordedFlaws } from '../language/flaw.ts'
import type { Library } from '../library.ts'
import type { Database } from '../postgres/pool.ts'
import { type By, type KeyReused, write } from '../postgres/write.ts'
import { type ImportPatronRefused, importPatron } from './import-patron.ts'
import { judgedRows } from './judged-rows.ts'
import {
  type ImportPatronsRefused,
  openImport,
  type PatronFileOptions,
  reasonOf,
  type Standing,
  saysNothingNew,
  standingOf,
} from './open-import.ts'
import type { FileRow } from './patron-file.ts'
import type { RejectedRow, WantedRow } from './patron-rows.ts'

/** How a file is read, and why it is not: named here too, beside what reads it. */
export type { ImportPatronsRefused, PatronFileOptions } from './open-import.ts'

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

/** How to read a file of patrons, and who is told of each row. */
export type PatronImportOptions = PatronFileOptions & {
  /** Told of each row, with its bytes in UTF-8, in the order of the file. */
  readonly onRow?: ((result: PatronRowResult, raw: Buffer) => unknown) | undefined
  /** Aborted: no batch is begun any more, and the import rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Told the bytes of the header. */
  readonly onHeader?: ((raw: Buffer) => unknown) | undefined
}

const rejectsMax = 1_000
const noBytes = Buffer.alloc(0)
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
  at: Pick<Library, 'db' | 'patterns'>,
  by: By,
  bytes: AsyncIterable<Uint8Array>,
  options: PatronImportOptions = {},
): Promise<PatronImport | ImportPatronsRefused> {
  const file = await openImport(at.db, bytes, options)
  if ('refused' in file) return file
  await options.onHeader?.(file.headerRaw)
  const counts = { registered: 0, updated: 0, unchanged: 0, rejected: 0 }
  const rejects: { line: number; code: string; reason: string }[] = []
  for await (const batch of inBatches(file.rows)) {
    options.signal?.throwIfAborted()
    for (const [index, result] of (await importBatch(at, by, batch.map(file.read))).entries()) {
      counts[result.became] += 1
      if (result.became === 'rejected' && rejects.length < rejectsMax) {
        rejects.push({ line: result.line, code: result.code, reason: result.reason })
      }
      await options.onRow?.(result, batch[index]?.row.raw ?? noBytes)
    }
  }
  const read = counts.registered + counts.updated + counts.unchanged + counts.rejected
  return { read, ...counts, rejects, ignoredColumns: file.ignored }
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

async function importBatch(
  at: Pick<Library, 'db' | 'patterns'>,
  by: By,
  read: readonly (WantedRow | RejectedRow)[],
): Promise<readonly PatronRowResult[]> {
  const standing = await standingOf(
    at.db,
    read.flatMap((row) => ('ask' in row ? [row.ask.card] : [])),
  )
  const batch = await judgedRows(at, read, standing)
  const results: PatronRowResult[] = []
  for (let index = 0; index < batch.length; index += writesAtOnce) {
    const some = batch.slice(index, index + writesAtOnce)
    results.push(
      ...(await Promise.all(
        some.map((row) => ('ask' in row ? importRow(at.db, by, row, standing.get(row.ask.card)) : row)),
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
      return { line, became: 'rejected', code: told.refusal.refused, reason: whyNot(told.refusal) }
    }
    if (tries === triesMax) throw new ImportUnsettledError(line)
  }
}

function whyNot(refusal: ImportPatronRefused | KeyReused): string {
  return 'problems' in refusal ? wordedFlaws(Object.values(refusal.problems)) : reasonOf(refusal.refused)
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
