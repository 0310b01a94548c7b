import { misfitIn } from '../formats/number-format.ts'
import { wordedFlaws } from '../language/flaw.ts'
import { type Judging, judgedRows } from './judged-rows.ts'
import {
  type ImportPatronsRefused,
  openImport,
  type PatronFileOptions,
  reasonOf,
  type Standing,
  saysNothingNew,
  standingOf,
} from './open-import.ts'
import type { PatronColumn } from './patron-columns.ts'
import type { FileRow } from './patron-file.ts'
import type { RejectedRow, WantedRow } from './patron-rows.ts'

/** What would become of one row. */
export type PatronRowPreview = { readonly line: number } & (
  | {
      readonly fate: 'registered' | 'updated' | 'unchanged'
      readonly card: string
      readonly name: string
      readonly category: string | undefined
    }
  | { readonly fate: 'rejected'; readonly code: string; readonly reason: string }
)

/** What an import of patrons would do, told from its first rows. Nothing is written. */
export type PatronPreview = {
  readonly header: readonly string[]
  /** Under which name each column stands in the file. */
  readonly columns: Readonly<Partial<Record<PatronColumn, string>>>
  readonly ignoredColumns: readonly string[]
  readonly counts: Readonly<Record<PatronRowPreview['fate'], number>>
  /** The first rows, then the first that would be rejected behind them. */
  readonly rows: readonly PatronRowPreview[]
  /** Whether the file goes on behind what was read. */
  readonly hasMore: boolean
}

/** How many rows a preview reads. */
export const previewRowsMax = 1_000
const shownMax = 20

/** Reads the start of a file and tells what its import would do. */
export async function previewPatrons(
  at: Judging,
  bytes: AsyncIterable<Uint8Array>,
  options: PatronFileOptions,
): Promise<PatronPreview | ImportPatronsRefused> {
  const file = await openImport(at.db, bytes, options)
  if ('refused' in file) return file
  const first: FileRow[] = []
  let hasMore = false
  for await (const row of file.rows) {
    hasMore = first.length === previewRowsMax
    if (hasMore) break
    first.push(row)
  }
  const read = first.map(file.read)
  const standing = await standingOf(
    at.db,
    read.flatMap((row) => ('ask' in row ? [row.ask.card] : [])),
  )
  const judged = await judgedRows(at, read, standing)
  const rows = judged.map((row) => fateOf(row, standing))
  const counts = { registered: 0, updated: 0, unchanged: 0, rejected: 0 }
  for (const { fate } of rows) counts[fate] += 1
  const later = rows.slice(shownMax).filter(({ fate }) => fate === 'rejected')
  return {
    header: file.header,
    columns: Object.fromEntries(
      Object.entries(file.at).map(([column, index]) => [column, file.header[index] ?? '']),
    ),
    ignoredColumns: file.ignored,
    counts,
    rows: [...rows.slice(0, shownMax), ...later.slice(0, shownMax)],
    hasMore,
  }
}

function fateOf(row: WantedRow | RejectedRow, standing: ReadonlyMap<string, Standing>): PatronRowPreview {
  const { line } = row
  const rejected = (code: string) => ({ line, fate: 'rejected', code, reason: reasonOf(code) }) as const
  if (!('ask' in row)) return { line, fate: 'rejected', code: row.code, reason: row.reason }
  const { card, givenName = '', familyName = '', categoryCode, forNew, cardJudged } = row.ask
  const named = { line, card, name: `${givenName} ${familyName}`.trim() }
  const there = standing.get(card)
  const misfit = cardJudged && misfitIn('card', cardJudged)
  if (!there && misfit)
    return { line, fate: 'rejected', code: 'fields-invalid', reason: wordedFlaws([misfit]) }
  if (!there) return { ...named, fate: 'registered', category: categoryCode ?? forNew?.categoryCode }
  if (there.isMerged) return rejected('patron-merged')
  if (there.isGone) return rejected('patron-erased')
  if (saysNothingNew(row.ask, there)) return { ...named, fate: 'unchanged', category: categoryCode }
  if (there.isProtected) return rejected('patron-protected')
  return { ...named, fate: 'updated', category: categoryCode }
}
