import { stringify } from 'csv-stringify/sync'
import type { Rows } from '../postgres/pool.ts'
import { type Cell, type Report, type ReportAsk, rowsOf } from './report.ts'

/**
 * Rows of a report as CSV for people with a spreadsheet. Lines end as Excel writes them, and a text that it would run as a
 * formula has an apostrophe in front: a title such as `=HYPERLINK(…)` stays a title.
 */
export function csvRows(rows: readonly (readonly Cell[])[]): string {
  return stringify(rows as Cell[][], { escape_formulas: true, record_delimiter: 'windows' })
}

/** The first line, behind a byte order mark: without it Excel takes UTF-8 for something else. */
export function csvHead(names: readonly string[]): string {
  return `\uFEFF${csvRows([names])}`
}

/** A report as a file, some rows at a time, under these headings. */
export async function* reportFile(
  db: { readonly rows: Rows },
  {
    report,
    ask,
    names,
  }: { readonly report: Report; readonly ask: ReportAsk; readonly names: readonly string[] },
): AsyncGenerator<string> {
  yield csvHead(names)
  for await (const rows of rowsOf(db, report, ask)) yield csvRows(rows)
}
