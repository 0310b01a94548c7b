import { table } from './out.ts'

type Column = string | { readonly column: string; readonly pattern: string; readonly optional?: boolean }
type Columns = Column | readonly Column[]
type Fields = {
  readonly title: string
  readonly authors: readonly string[]
  readonly publishedYear: number | null
}
type Numbers = Readonly<Record<string, number>>

/** What an import would do, as the library tells it. */
export type Preview = {
  readonly setup: {
    readonly format: string
    readonly csv?: { readonly mapping: Readonly<Record<string, Columns>> }
  }
  readonly records: readonly {
    readonly number: number
    readonly fate: string
    readonly fields?: Fields
    readonly reason?: string
    readonly madeAfterAll?: string
  }[]
  readonly counts: {
    readonly read: number
    readonly imported: number
    readonly updated: number
    readonly unchanged: number
    readonly rejected: number
  }
  readonly hasMore: boolean
  readonly warnings: Numbers
  readonly rejectedBy: Numbers
  readonly encodings: Numbers
  readonly formats: Numbers
}

const fates: Readonly<Record<string, string>> = {
  imported: 'new',
  updated: 'update',
  unchanged: 'unchanged',
  rejected: 'set aside',
}

/** A preview for people: the counts, how the file is read, and the first records as they would be. */
export function previewInWords(preview: Preview): string[] {
  const { counts, setup, records, hasMore } = preview
  return [
    `${hasMore ? `The first ${counts.read} records` : `All ${counts.read} records of the file`}: ` +
      `${counts.imported} new, ${counts.updated} updates, ${counts.unchanged} unchanged, ${counts.rejected} set aside.`,
    ...counted('Formats', preview.formats),
    ...counted('Encodings', preview.encodings),
    ...(setup.csv ? [`Columns: ${columns(setup.csv.mapping)}.`] : []),
    ...counted('Mended or left out', preview.warnings),
    ...counted('Set aside for', preview.rejectedBy),
    ...table(
      records.map((record) => [`  ${record.number}`, fates[record.fate] ?? record.fate, line(record)]),
    ),
    'Nothing was written.',
  ]
}

function counted(what: string, numbers: Numbers): string[] {
  const parts = Object.entries(numbers).map(([name, count]) => `${name} ${count}`)
  return parts.length === 0 ? [] : [`${what}: ${parts.join(', ')}.`]
}

function columns(mapping: Readonly<Record<string, Columns>>): string {
  return Object.entries(mapping)
    .filter(([field]) => field !== 'source' && field !== 'listSeparator')
    .map(([field, from]) => `${field} from ${[from].flat().map(column).join(', else ')}`)
    .join('; ')
}

function column(from: Column): string {
  if (typeof from === 'string') return `“${from}”`
  const { pattern, optional } = from
  return `“${from.column}”, of it what ${pattern} takes${optional ? ' if anything' : ''}`
}

function line({ fields, reason, madeAfterAll }: Preview['records'][number]): string {
  if (!fields) return reason ?? ''
  const { title, authors, publishedYear } = fields
  return [
    title,
    authors.slice(0, 2).join('; '),
    publishedYear === null ? '' : String(publishedYear),
    madeAfterAll === undefined ? '' : `its copy ${madeAfterAll}, left out before, is made`,
  ]
    .filter((part) => part !== '')
    .join(' — ')
}
