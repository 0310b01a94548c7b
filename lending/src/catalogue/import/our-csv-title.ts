import { ourTitleColumns, separated, withoutApostrophe } from '../our-csv.ts'
import { emptyTitle } from '../title-fields.ts'
import { type CsvMapping, columnsOf, guessedMapping, mappedFields } from './csv-mapping.ts'
import { isbnsOf, languageOf, materialOf, type RowCopy, type RowTitle, yearOf } from './csv-title.ts'
import type { Warning } from './warning.ts'

/** Whether an export of Bibby's wrote this header, and nobody wants its columns to be read as something else. */
export function isOurCsv(header: readonly string[], mapping: CsvMapping | undefined): boolean {
  if (!ourTitleColumns.every((column) => header.includes(column))) return false
  const guessed = guessedMapping(header)
  return (
    mapping === undefined ||
    (mapping.listSeparator === undefined &&
      mappedFields.every(
        (field) => JSON.stringify(columnsOf(mapping, field)) === JSON.stringify(columnsOf(guessed, field)),
      ))
  )
}

/** Makes the function that reads the rows of an export again, to the letter. */
export function ourRowReader(header: readonly string[]): (cells: readonly string[]) => RowTitle {
  const places = new Map(header.map((column, index) => [column, index] as const).toReversed())
  return (cells) => {
    const cell = (column: string) => withoutApostrophe(cells[places.get(column) ?? -1] ?? '')
    const list = (column: string) => separated(cell(column))
    const warnings: Warning[] = []
    return {
      fields: {
        ...emptyTitle,
        controlSource: cell('control_source'),
        controlNumber: cell('control_number') || null,
        title: cell('title'),
        subtitle: cell('subtitle'),
        authors: list('authors'),
        publisher: cell('publisher'),
        publishedYear: yearOf(cell('published_year'), warnings),
        language: languageOf(cell('language'), warnings),
        material: materialOf(cell('material'), warnings),
        isbns: isbnsOf([cell('isbns')], warnings),
        subjects: list('subjects'),
        series: list('series'),
        summary: cell('summary'),
      },
      copy: copyOf(cell),
      warnings,
    }
  }
}

function copyOf(cell: (column: string) => string): RowCopy | undefined {
  const barcode = cell('barcode')
  if (barcode === '') return undefined
  const price = cell('price_cents')
  const withdrawnAt = new Date(cell('withdrawn_at'))
  return {
    barcode,
    branch: cell('branch'),
    itemType: cell('item_type'),
    callNumber: cell('call_number'),
    shelf: cell('shelf'),
    lendable: cell('lendable') !== 'no',
    priceCents: /^\d{1,9}$/.test(price) ? Number(price) : null,
    note: cell('copy_note'),
    ...(Number.isNaN(withdrawnAt.getTime())
      ? {}
      : { withdrawnAt: withdrawnAt.toISOString(), withdrawnBecause: cell('withdrawn_because') }),
  }
}
