/** What was mended or left out of a record that went in all the same. */
export type Warning =
  | 'isbn-in-scientific-notation'
  | 'isbn-invalid'
  | 'isbn-zeros-restored'
  | 'year-unreadable'
  | 'language-unknown'
  | 'material-unknown'
  | 'record-mended'
  | 'copy-not-made'

/** How often each was met. */
export type WarningCounts = { readonly [warning in Warning]?: number }

/** The counts with these added. */
export function withWarnings(counts: WarningCounts, warnings: readonly Warning[]): WarningCounts {
  const sum: { [warning in Warning]?: number } = { ...counts }
  for (const warning of warnings) sum[warning] = (sum[warning] ?? 0) + 1
  return sum
}
