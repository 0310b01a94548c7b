import type { Rows } from '../postgres/pool.ts'
import type { Permission } from '../staff/permission.ts'

/** How a report may be put together. */
export type Grouping = 'day' | 'week' | 'month' | 'branch' | 'category' | 'item-type' | 'shelf'

/** What a column holds: a name of its own, and how it is written. */
export type Column = {
  readonly name: ColumnName
  readonly kind: 'text' | 'number' | 'day'
}

/** Every column of a report. */
export type ColumnName =
  | 'day'
  | 'week'
  | 'month'
  | 'branch'
  | 'category'
  | 'item-type'
  | 'shelf'
  | 'loans'
  | 'due'
  | 'days-late'
  | 'title'
  | 'authors'
  | 'barcode'
  | 'call-number'
  | 'card'
  | 'patron'
  | 'waiting'
  | 'copies'
  | 'oldest-hold'
  | 'last-lent'
  | 'added'
  | 'on-shelf'
  | 'on-loan'
  | 'on-hold-shelf'
  | 'in-transit'
  | 'not-for-loan'
  | 'missing'
  | 'withdrawn'
  | 'all'

/** What stands in a cell. Days are `YYYY-MM-DD`, by the clock of the branch that it is about. */
export type Cell = string | number | null

/** One bar of a report’s picture; what it is called is a text of the library, a day, or a name that a page knows. */
export type ReportBar = { readonly name: string; readonly value: number }

/** What is asked of a report, checked and bounded already. */
export type ReportAsk = {
  /** The first and the last day. */
  readonly from: string
  readonly to: string
  readonly by: Grouping
  /** Undefined is all of them. */
  readonly branchId: number | undefined
  readonly years: number
  readonly now: Date
}

/** A report as far as it is shown. */
export type Table = {
  readonly rows: readonly (readonly Cell[])[]
  /** How many rows there are in all; what is not among `rows` is left out. */
  readonly count: number
  readonly bars: readonly ReportBar[]
  /** What all rows come to, where that is worth telling. */
  readonly sum?: number
}

/** Something that is counted or listed for people. It only reads. */
export type Report = {
  readonly name: 'loans' | 'overdue' | 'holds' | 'dead-stock' | 'top-titles' | 'inventory'
  readonly needs: Permission
  /** Whether a span of days, a branch, or a number of years is asked for. */
  readonly asks: readonly ('days' | 'branch' | 'years')[]
  /** How it may be put together, the usual way first. */
  readonly groupings: readonly Grouping[]
  /** How its bars stand: beside one another where they follow in time. */
  readonly picture: 'upright' | 'lying'
  readonly columns: (ask: ReportAsk) => readonly Column[]
  /** The rows of its file, at most. */
  readonly rowsMax: number
  /** The first rows of it, how many there are, and its picture. */
  readonly table: (db: { readonly rows: Rows }, ask: ReportAsk, rowsMax: number) => Promise<Table>
  /** More rows, from a place on, for a file; fewer than asked for are the last. */
  readonly page: (
    db: { readonly rows: Rows },
    ask: ReportAsk,
    at: { readonly after: Place | undefined; readonly rowsMax: number },
  ) => Promise<Page>
}

/** Where a list is read on from: what its order is made of. */
export type Place = readonly (string | number)[]

/** Some rows of a list, and where it goes on. */
export type Page = { readonly rows: readonly (readonly Cell[])[]; readonly last: Place | undefined }

/** How many years without a loan may be asked for. */
export const yearsBounds = { min: 1, max: 30, byDefault: 3 } as const
/** The days of one report, at most. */
export const daysMax = 1_096
/** The rows of the file of a list that is read page by page, at most. */
export const fileRowsMax = 50_000
/** So many bars can be told apart. */
export const barsMax = 20
const pageRows = 5_000

/**
 * All rows of a report, some at a time, so that neither the database nor we hold them all; no more than its `rowsMax`. What
 * changes meanwhile is seen or not.
 */
export async function* rowsOf(
  db: { readonly rows: Rows },
  report: Report,
  ask: ReportAsk,
): AsyncGenerator<readonly (readonly Cell[])[]> {
  let after: Place | undefined
  for (let told = 0; told < report.rowsMax; ) {
    const rowsMax = Math.min(pageRows, report.rowsMax - told)
    const { rows, last } = await report.page(db, ask, { after, rowsMax })
    yield rows
    told += rows.length
    if (rows.length < rowsMax || last === undefined) return
    after = last
  }
}

/** For a report that is read whole: the page is all of it, up to so many rows. */
export function wholly(table: Report['table'], allRowsMax: number): Report['page'] {
  return async (db, ask, { after }) => {
    if (after) return { rows: [], last: undefined }
    return { rows: (await table(db, ask, allRowsMax)).rows, last: undefined }
  }
}
