import { isbn13 } from '../isbn.ts'
import { emptyTitle, type Material, materials, type TitleFields } from '../title-fields.ts'
import { type CsvMapping, columnsOf, type MappedField, nameOf } from './csv-mapping.ts'
import { languageCode } from './language-code.ts'
import { oneLine } from './one-line.ts'
import { placedColumns } from './placed-columns.ts'
import type { Warning } from './warning.ts'

/** What a row of a CSV file says of a title, and of a copy when it names one. */
export type RowTitle = {
  readonly fields: TitleFields
  readonly copy: RowCopy | undefined
  readonly warnings: readonly Warning[]
}

/** A copy that a row names: codes and texts as they stand there. */
export type RowCopy = {
  readonly barcode: string
  readonly branch: string
  readonly itemType: string
  readonly callNumber: string
  readonly shelf?: string
  /** Default: yes. */
  readonly lendable?: boolean
  readonly note?: string
  readonly priceCents?: number | null
  /** As ISO 8601, both or neither. */
  readonly withdrawnAt?: string
  readonly withdrawnBecause?: string
}

/** Makes the function that reads rows under this header by this mapping; what its patterns take stands behind the cells. */
export function rowReader(
  mapping: CsvMapping,
  header: readonly string[],
): (cells: readonly string[]) => RowTitle {
  const { placesOf } = placedColumns(mapping, header)
  const separators = separatorsOf(mapping)
  const isListed = columnsOf(mapping, 'authors').some((column) => pluralColumn.test(nameOf(column).trim()))
  return (cells) => {
    const warnings: Warning[] = []
    const cell = (field: MappedField) => firstFull(cells, placesOf(field))
    const [title, subtitle] = titleParts(cell('title'), cell('subtitle'))
    const barcode = cell('barcode')
    return {
      fields: {
        ...emptyTitle,
        controlNumber: cell('controlNumber') || null,
        title,
        subtitle,
        authors: authorsOf(cell('authors'), separators.authors, { isListed }),
        isbns: isbnsOf(
          placesOf('isbn').map((place) => cells[place] ?? ''),
          warnings,
        ),
        publishedYear: yearOf(cell('year'), warnings),
        language: languageOf(cell('language'), warnings),
        publisher: cell('publisher'),
        subjects: listOf(cell('subjects'), separators.subjects),
        series: listOf(cell('series'), separators.authors),
        summary: cell('summary'),
        material: materialOf(cell('material'), warnings),
        otherTitles: otherTitles(cells, placesOf('title'), title),
      },
      copy: barcode ? copyOf(barcode, cell) : undefined,
      warnings,
    }
  }
}

/** A row that names no shelf leaves it to the plan of the branch. */
function copyOf(barcode: string, cell: (field: MappedField) => string): RowCopy {
  const shelf = cell('shelf')
  return {
    barcode,
    branch: cell('branch'),
    itemType: cell('itemType'),
    callNumber: cell('callNumber'),
    ...(shelf ? { shelf } : {}),
  }
}

function firstFull(cells: readonly string[], places: readonly number[]): string {
  for (const place of places) {
    const text = oneLine(cells[place] ?? '')
    if (text !== '') return text
  }
  return ''
}

/** What else the row calls the work, as a second column with the title of the translation: readers know it by either. */
function otherTitles(cells: readonly string[], places: readonly number[], title: string): readonly string[] {
  const texts = places.map((place) => oneLine(cells[place] ?? ''))
  return [...new Set(texts)].filter((text) => text !== '' && text !== title)
}

/** `$b` is what MARC tools leave in a title column where the subtitle begins. */
function titleParts(title: string, subtitle: string): readonly [string, string] {
  const at = title.indexOf('$b')
  if (at < 0 || subtitle !== '') return [title, subtitle]
  const main = title.slice(0, at).replace(/[\s:;/]{1,20}$/, '')
  return main === ''
    ? [title, '']
    : [
        main,
        title
          .slice(at + 2)
          .replaceAll('$b', '')
          .replaceAll('  ', ' ')
          .trim(),
      ]
}

type Separators = { readonly authors: readonly string[]; readonly subjects: readonly string[] }

function separatorsOf(mapping: CsvMapping): Separators {
  if (mapping.listSeparator) {
    const given = [mapping.listSeparator]
    return { authors: given, subjects: given }
  }
  const usual = [';', '|']
  const isShelf = columnsOf(mapping, 'subjects').some((column) => /bookshelf/i.test(nameOf(column)))
  return { authors: usual, subjects: isShelf ? [...usual, '/'] : usual }
}

function listOf(text: string, separators: readonly string[]): readonly string[] {
  let parts = [text]
  for (const separator of separators) parts = parts.flatMap((part) => part.split(separator))
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ''))]
}

/** `authors`, `creators`, `Autoren`, `autori`: columns that promise a list. */
const pluralColumn = /(?:s|autoren|autori)$/i

/**
 * Authors between commas are told from one inverted name (`Le Guin, Ursula K.`) by this: the column promises a
 * list, and each part reads as a whole name. In doubt the cell stays one author, for that loses nothing.
 */
function authorsOf(
  text: string,
  separators: readonly string[],
  { isListed }: { isListed: boolean },
): readonly string[] {
  const authors = listOf(text, separators)
  const [only] = authors
  if (!isListed || authors.length !== 1 || only === undefined) return authors
  const parts = only.split(', ')
  return parts.length > 1 && parts.every(isWholeName) ? listOf(only, [', ']) : authors
}

/**
 * A given name, then a family name: it neither begins small, as `van Gogh` does, nor ends so, as `Jean de` does, nor
 * in an initial, nor in a name that is given only.
 */
function isWholeName(part: string): boolean {
  const words = part.trim().split(' ')
  const last = words.at(-1) ?? ''
  const endsInGiven = /^(?:\p{Ll}.*|(?:\p{Lu}\.)+|\p{Lu})$/u.test(last) || givenOnly.has(last.toLowerCase())
  return words.length > 1 && !/^\p{Ll}/u.test(part.trim()) && !endsInGiven
}

/**
 * Where two family names are usual, an inverted name has two words on either side of its comma (`García Márquez,
 * Gabriel José`), as two names in order have. These end the one and hardly ever the other.
 */
const givenOnly = new Set(
  (
    'josé jose maría maria luis luís juan joão carlos antonio antônio antónio manuel jesús javier miguel ángel pedro ' +
    'pablo paulo fernando enrique henrique eduardo alberto ignacio rafael ramón alejandro andrés jorge julio césar ' +
    'augusto arturo ricardo roberto francisco guillermo gustavo isabel teresa carmen ana elena cristina mercedes ' +
    'dolores rosa lucía pilar beatriz'
  ).split(' '),
)

/** The ISBNs that these cells hold, as 13 digits. */
export function isbnsOf(cells: readonly string[], warnings: Warning[]): readonly string[] {
  const found: string[] = []
  for (const cell of cells) {
    for (const part of listOf(oneLine(cell), [';', '|'])) {
      const isbn = isbn13(part)
      if (isbn === undefined) {
        warnings.push(/^\d(?:[.,]\d+)?e\+?\d+$/i.test(part) ? 'isbn-in-scientific-notation' : 'isbn-invalid')
        continue
      }
      const digits = part.replaceAll(/[^0-9Xx]/g, '').length
      if (digits < 10) warnings.push('isbn-zeros-restored')
      if (!found.includes(isbn)) found.push(isbn)
    }
  }
  return found
}

/** The year that the cell names. */
export function yearOf(text: string, warnings: Warning[]): number | null {
  if (text === '') return null
  // In `16.9.2006` and `16 Sept 2006` the first number is a day.
  const written =
    /^\d{1,2}\D.{0,20}(?<!\d)(\d{4})(?!\d)/.exec(text) ??
    /^(-?\d{1,4})(?!\d)/.exec(text) ??
    /^\D{1,20}\d{1,2}\D{1,3}(\d{4})(?!\d)/.exec(text) ??
    /^\D{1,20}(\d{3,4})(?!\d)/.exec(text)
  const year = Number(written?.[1] ?? Number.NaN)
  if (!Number.isInteger(year) || year < -5_000) {
    warnings.push('year-unreadable')
    return null
  }
  return year
}

/** The language that the cell names, by its code. */
export function languageOf(text: string, warnings: Warning[]): string {
  if (text === '') return ''
  const code = languageCode(text)
  if (code === undefined) warnings.push('language-unknown')
  return code ?? ''
}

/** The material that the cell names. */
export function materialOf(text: string, warnings: Warning[]): Material {
  if (text === '') return 'book'
  const found = materials.find((material) => material === text.toLowerCase())
  if (found === undefined) warnings.push('material-unknown')
  return found ?? 'book'
}
