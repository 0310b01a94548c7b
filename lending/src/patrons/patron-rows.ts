import { wordedFlaws } from '../language/flaw.ts'
import { worded } from '../language/worded.ts'
import type { ImportPatronAsk } from './import-patron.ts'
import { type PatronColumn, patronColumns } from './patron-columns.ts'
import { checkedFields, hasName } from './patron-fields.ts'
import type { FileRow } from './patron-file.ts'

/** A row that is not taken, and why. */
export type RejectedRow = {
  readonly line: number
  readonly became: 'rejected'
  readonly code: string
  readonly reason: string
}

/** A row that asks for something. */
export type WantedRow = { readonly line: number; readonly ask: ImportPatronAsk }

/** The codes that a row may name. */
export type Places = {
  readonly branches: ReadonlyMap<string, number>
  readonly categories: ReadonlySet<string>
}

/** A file with more rows is several files: past these, rows are rejected. */
const rowsMax = 1_000_000

/** Makes what reads rows one after another; it remembers which cards there were. */
export function rowReader(file: {
  readonly at: Readonly<Partial<Record<PatronColumn, number>>>
  /** How many cells the header has. */
  readonly width: number
  readonly places: Places
  /** For new patrons, where the row does not say. */
  readonly defaults: { readonly category?: string | undefined; readonly branch?: string | undefined }
}): (row: FileRow) => WantedRow | RejectedRow {
  const seen = new Map<string, number>()
  let rows = 0
  return ({ row, line }) => {
    const reject = (code: string, reason: string): RejectedRow => ({ line, became: 'rejected', code, reason })
    rows += 1
    if (rows > rowsMax) return reject('too-many-rows', worded('reject.rows-too-many', { max: rowsMax }))
    if (!row.ok) return reject(row.code, row.reason)
    const damage = damageOf(row.cells, file.width)
    if (damage) return reject(damage.code, damage.reason)
    const { category, branch, ...typed } = byColumn(row.cells, file.at)
    const checked = checkedFields(typed)
    if ('refused' in checked) return reject('fields-invalid', wordedFlaws(Object.values(checked.problems)))
    const { card } = checked.fields
    if (card === undefined) return reject('card-missing', worded('reject.card-missing'))
    if (!hasName(checked.fields)) return reject('fields-invalid', wordedFlaws([{ flaw: 'nameless' }]))
    const before = seen.get(card)
    if (before !== undefined) return reject('card-twice', worded('reject.card-twice', { line: before }))
    const named = placesNamed({ category, branch }, file.places)
    const others = placesNamed(file.defaults, file.places)
    const unknown = named.unknown ?? others.unknown
    if (unknown) return reject(unknown.code, unknown.reason)
    seen.set(card, line)
    return { line, ask: { ...checked.fields, card, ...named.found, forNew: others.found } }
  }
}

type Damage = { readonly code: string; readonly reason: string }

function damageOf(cells: readonly string[], width: number): Damage | undefined {
  const reason = worded('reject.cells', { cells: cells.length, header: width })
  if (cells.length < width) return { code: 'columns-too-few', reason }
  // Spreadsheets add empty cells behind the last one.
  if (cells.slice(width).some((cell) => cell !== '')) return { code: 'columns-too-many', reason }
  return cells.some((cell) => cell.includes('\ufffd'))
    ? { code: 'encoding-invalid', reason: worded('reject.bytes-no-text') }
    : undefined
}

/** The cells that hold something. */
function byColumn(
  cells: readonly string[],
  at: Readonly<Partial<Record<PatronColumn, number>>>,
): Partial<Record<PatronColumn, string>> {
  const found: Partial<Record<PatronColumn, string>> = {}
  for (const column of patronColumns) {
    const index = at[column]
    const text = index === undefined ? '' : (cells[index]?.trim() ?? '')
    if (text !== '') found[column] = text
  }
  return found
}

function placesNamed(
  { category, branch }: { readonly category?: string | undefined; readonly branch?: string | undefined },
  { branches, categories }: Places,
): { readonly found: { categoryCode?: string; branchId?: number }; readonly unknown?: Damage } {
  const branchId = branch === undefined ? undefined : branches.get(branch)
  if (category !== undefined && !categories.has(category)) {
    return {
      found: {},
      unknown: { code: 'category-unknown', reason: worded('reject.category-of-row', { category }) },
    }
  }
  if (branch !== undefined && branchId === undefined) {
    return {
      found: {},
      unknown: { code: 'branch-unknown', reason: worded('reject.branch-of-row', { branch }) },
    }
  }
  return {
    found: {
      ...(category === undefined ? {} : { categoryCode: category }),
      ...(branchId === undefined ? {} : { branchId }),
    },
  }
}
