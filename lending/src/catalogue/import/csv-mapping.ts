import type { Flaw } from '../../language/flaw.ts'
/** A column by its name in the header, or what a pattern takes of it. */
export type Column = string | TakenColumn

/** What a pattern takes of a column. */
export type TakenColumn = {
  readonly column: string
  /** Found anywhere in the cell; its first group that holds something is the value. */
  readonly pattern: string
  /** Where it takes nothing, the field stays empty. Default: the row is set aside. */
  readonly optional?: boolean
}

/** Which columns a field is read from: the first that is not empty counts. */
export type Columns = Column | readonly Column[]

/** The most patterns of a mapping: each is registered before the import is taken. */
const takenColumnsMax = 20

/**
 * Which column of a CSV file becomes what, by the names in the header. `source` names who numbers the rows, so
 * that the same file brought again finds its titles; without a `controlNumber` column a row is known by its title,
 * authors, year, publisher and ISBN.
 */
export type CsvMapping = { readonly [field in MappedField]?: Columns } & {
  readonly source?: string
  /** What stands between two authors, subjects or series in one cell. Default: `;` and `|`. */
  readonly listSeparator?: string
}

/** What a column can become. */
export type MappedField = (typeof mappedFields)[number]

/** Every field that a mapping may name, in the order in which a page offers them. */
export const mappedFields = [
  'title',
  'subtitle',
  'authors',
  'isbn',
  'year',
  'language',
  'publisher',
  'subjects',
  'series',
  'summary',
  'material',
  'controlNumber',
  'barcode',
  'branch',
  'itemType',
  'callNumber',
  'shelf',
] as const

/** What is wrong with a mapping. Empty when it fits the header. */
export function mappingProblems(mapping: CsvMapping, header: readonly string[]): readonly Flaw[] {
  const problems = mappedFields.flatMap((field) =>
    columnsOf(mapping, field)
      .map(nameOf)
      .filter((column) => !header.includes(column))
      .map((column): Flaw => {
        const values = { column, header: header.join(', ') }
        return { flaw: 'column-missing', label: `mapped-${field}`, values }
      }),
  )
  const taken = mappedFields.flatMap((field) => columnsOf(mapping, field)).filter(isTaken)
  if (taken.length > takenColumnsMax)
    problems.push({ flaw: 'patterns-too-many', values: { max: takenColumnsMax, count: taken.length } })
  const titles = columnsOf(mapping, 'title')
  // An edit reads the other titles from the kept row again, and runs no pattern.
  if (titles.length > 1 && titles.some(isTaken))
    problems.push({ flaw: 'title-from-several', label: 'mapped-title' })
  return mapping.title === undefined || columnsOf(mapping, 'title').length === 0
    ? [{ flaw: 'title-column-missing' }, ...problems]
    : problems
}

/** The columns that the mapping names for a field. */
export function columnsOf(mapping: CsvMapping, field: MappedField): readonly Column[] {
  return [mapping[field] ?? []].flat()
}

/** The name of a column in the header. */
export function nameOf(column: Column): string {
  return typeof column === 'string' ? column : column.column
}

function isTaken(column: Column): column is TakenColumn {
  return typeof column !== 'string'
}

/** How columns are called that become each field: lower case, letters and digits only, the best first. */
const known: Readonly<Record<MappedField, readonly string[]>> = {
  title: ['originaltitle', 'title', 'maintitle', 'booktitle', 'titel', 'titre', 'titulo', 'titolo', 'name'],
  subtitle: ['subtitle', 'titleremainder', 'untertitel'],
  authors: [
    'authors',
    'author',
    'creator',
    'creators',
    'authorname',
    'autor',
    'auteur',
    'verfasser',
    'writer',
  ],
  isbn: ['isbn13', 'isbn', 'isbn10', 'isbns'],
  year: [
    'originalpublicationyear',
    'publicationyear',
    'publishedyear',
    'year',
    'pubyear',
    'published',
    'jahr',
    'date',
  ],
  language: ['languagecode', 'language', 'lang', 'sprache', 'langue'],
  publisher: ['publisher', 'verlag', 'editeur', 'imprint'],
  subjects: [
    'subjects',
    'subject',
    'gutenbergbookshelf',
    'keywords',
    'tags',
    'genres',
    'genre',
    'categories',
    'category',
  ],
  series: ['series', 'seriestitle'],
  summary: ['summary', 'description', 'abstract', 'annotation'],
  material: ['material', 'materialtype'],
  controlNumber: ['controlnumber', 'recordnumber', 'recordid', 'biblionumber', 'id'],
  barcode: ['barcode', 'itembarcode', 'copybarcode'],
  branch: ['branch', 'branchcode', 'homebranch', 'library'],
  itemType: ['itemtype', 'itype'],
  callNumber: ['callnumber', 'shelfmark', 'itemcallnumber'],
  shelf: ['shelf', 'shelvinglocation'],
}

/** Guesses a mapping from the header. A first column such as `book_id` counts as the number of the row. */
export function guessedMapping(header: readonly string[]): CsvMapping {
  const byName = new Map(header.map((column) => [bare(column), column] as const).toReversed())
  const guessed: { [field in MappedField]?: Columns } = {}
  for (const field of mappedFields) {
    const columns = known[field].flatMap((name) => byName.get(name) ?? [])
    const [only, ...more] = columns
    if (only === undefined) continue
    guessed[field] = more.length > 0 && mayFallBack.has(field) ? columns : only
  }
  const [first] = header
  if (guessed.controlNumber === undefined && first !== undefined && /_id$/i.test(first)) {
    guessed.controlNumber = first
  }
  return guessed
}

/** Where one column is empty, the next one of these says the same. */
const mayFallBack: ReadonlySet<MappedField> = new Set(['title', 'isbn', 'year'])

function bare(column: string): string {
  return column.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}
