import { stringify } from 'csv-stringify/sync'
import type { ExportedCopy } from './exported-copy.ts'
import type { TitleFields } from './title-fields.ts'

/**
 * The CSV that Bibby writes, such that Bibby reads the same titles and copies from it again:
 *
 * - A text that a spreadsheet would run as a formula has an apostrophe in front, and one that has such an apostrophe
 *   of its own gets another.
 * - Authors, ISBNs, subjects and series are joined by ` | `; a `|` or `\\` in one of them has a `\\` in front.
 * - A title that nobody numbered goes by its number here, under the source `bibby`, as in MARC.
 */
export const ourTitleColumns = [
  'id',
  'control_source',
  'control_number',
  'title',
  'subtitle',
  'authors',
  'publisher',
  'published_year',
  'language',
  'material',
  'isbns',
  'subjects',
  'series',
  'summary',
] as const

/** What follows when copies go along: then every copy is a row, and a title without copies is one too. */
export const ourCopyColumns = [
  'barcode',
  'branch',
  'item_type',
  'shelf',
  'call_number',
  'lendable',
  'price_cents',
  'copy_note',
  'withdrawn_at',
  'withdrawn_because',
] as const

type Cell = string | number | null

/** The first line, behind a byte order mark: without it Excel takes UTF-8 for something else. */
export function ourCsvHead({ withCopies }: { readonly withCopies: boolean }): string {
  return `\uFEFF${[...ourTitleColumns, ...(withCopies ? ourCopyColumns : [])].join(',')}\n`
}

/** The rows of one title: one, or with `copies` one for each of them. */
export function ourCsvRows(
  title: TitleFields & { readonly titleId: number },
  copies: readonly ExportedCopy[] | undefined,
): string {
  const cells = titleCells(title)
  if (!copies) return csvText([cells])
  const none = ourCopyColumns.map(() => null)
  return csvText(
    copies.length === 0 ? [[...cells, ...none]] : copies.map((copy) => [...cells, ...copyCells(copy)]),
  )
}

/** The text without the apostrophe that an export put before it. */
export function withoutApostrophe(cell: string): string {
  return /^'+[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell) ? cell.slice(1) : cell
}

/** The texts that an export joined to one cell. */
export function separated(cell: string): readonly string[] {
  const parts = ['']
  for (const piece of cell.match(/\\[\s\S]|\||[^\\|]+|\\$/g) ?? []) {
    if (piece === '|') parts.push('')
    else
      parts.push(
        (parts.pop() ?? '') + (piece.length === 2 && piece.startsWith('\\') ? piece.slice(1) : piece),
      )
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** Rows as CSV in which no cell is run as a formula. */
export function csvText(rows: readonly (readonly Cell[])[]): string {
  return stringify(
    rows.map((row) => row.map((cell) => (typeof cell === 'string' ? withApostrophe(cell) : cell))),
  )
}

function withApostrophe(text: string): string {
  return /^'*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text
}

function joined(texts: readonly string[]): string {
  return texts.map((text) => text.replaceAll(/[\\|]/g, String.raw`\$&`)).join(' | ')
}

function titleCells(title: TitleFields & { readonly titleId: number }): readonly Cell[] {
  const isNumbered = title.controlNumber !== null
  return [
    title.titleId,
    isNumbered ? title.controlSource : 'bibby',
    title.controlNumber ?? String(title.titleId),
    title.title,
    title.subtitle,
    joined(title.authors),
    title.publisher,
    title.publishedYear,
    title.language,
    title.material,
    joined(title.isbns),
    joined(title.subjects),
    joined(title.series),
    title.summary,
  ]
}

function copyCells(copy: ExportedCopy): readonly Cell[] {
  return [
    copy.barcode,
    copy.branch,
    copy.itemType,
    copy.shelf,
    copy.callNumber,
    copy.lendable ? 'yes' : 'no',
    copy.priceCents,
    copy.note,
    copy.withdrawnAt?.toISOString() ?? null,
    copy.withdrawnBecause,
  ]
}
