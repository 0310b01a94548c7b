import {
  type Column,
  type Columns,
  type CsvMapping,
  columnsOf,
  type MappedField,
  mappedFields,
  nameOf,
  type TakenColumn,
} from '../../catalogue/import/csv-mapping.ts'
import { patternMax } from '../../formats/judged-pattern.ts'
import type { Asked } from './asked.ts'
import { carried, checkField, choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Say } from './say.ts'
import type { Visit } from './visit.ts'

/**
 * Reads which column is what; undefined where the form has no mapping. A column is named as it is; several, and what a
 * pattern takes of one, are a JSON list. A pattern beside the name is for each column that has none.
 */
export function readMapping(form: Asked, sent: unknown): CsvMapping | undefined {
  const isGiven = typeof sent === 'object' && sent !== null && 'map.title' in sent
  if (!isGiven) return undefined
  const mapping: { [field in MappedField]?: Columns } = {}
  for (const field of mappedFields) {
    const text = form.text(`map.${field}`, { max: 4_000, label: `mapped-${field}` })
    const pattern = form.text(`take.${field}`, { max: patternMax, label: `mapped-${field}` })
    const taking = { pattern, ...(form.ticked(`may.${field}`) ? { optional: true } : {}) }
    const columns = (severalColumns(text) ?? [text])
      .filter((column) => column !== '')
      .map((column) => (pattern && typeof column === 'string' ? { column, ...taking } : column))
    const [only, ...more] = columns
    if (only !== undefined) mapping[field] = more.length > 0 ? columns : only
  }
  return mapping
}

/** The mapping in a form that nobody sees, for `readMapping`. */
export function carriedMapping(mapping: CsvMapping): Html {
  return html`${mappedFields.map((field) => carried(`map.${field}`, columnsText(columnsOf(mapping, field))))}`
}

/** What a copy is known by; all else is about its title. */
const ofCopies: ReadonlySet<MappedField> = new Set(['barcode', 'branch', 'itemType', 'callNumber', 'shelf'])

type Mapped = { readonly mapping: CsvMapping; readonly header: readonly string[] }

/** The fields by which somebody says which column is what of titles, or of copies. */
export function mappingFields(
  visit: Visit,
  { mapping, header }: Mapped,
  { copies }: { readonly copies: boolean },
): Html {
  const fields = mappedFields.filter((field) => ofCopies.has(field) === copies)
  return html`${fields.map((field) => columnChoice(visit, field, columnsOf(mapping, field), header))}`
}

/** The columns that no field is read from. */
export function columnsLeft({ mapping, header }: Mapped): readonly string[] {
  const read = new Set(mappedFields.flatMap((field) => columnsOf(mapping, field).map(nameOf)))
  return header.filter((column) => column !== '' && !read.has(column))
}

/** The fields for what patterns take of the columns that are chosen. */
export function takenColumnFields(visit: Visit, mapping: CsvMapping): Html {
  const { say } = visit
  const chosen = mappedFields.filter((field) => columnsOf(mapping, field).length > 0)
  const isTaking = chosen.some((field) => onlyTaken(mapping, field))
  return html`${
    chosen.length > 0 &&
    html`<details${isTaking && html` open`}><summary>${say('mapping.part')}</summary>
        <div class="stack-tight">
          <p class="soft">${say('mapping.part-hint', { example: html`<span class="code" dir="ltr">ISBN: ([0-9]{13})</span>` })}</p>
          <div class="form two">${chosen.map((field) => takenFields(visit, mapping, field))}</div>
        </div></details>`
  }`
}

function columnChoice(
  { say }: Visit,
  field: MappedField,
  columns: readonly Column[],
  header: readonly string[],
): Html {
  const [only] = columns
  const isList = columns.length > 1
  const value = isList ? columnsText(columns) : only === undefined ? '' : nameOf(only)
  const several = isList
    ? [
        {
          value,
          label: elseOf(
            say,
            columns.map((column) => inWords(say, column)),
          ),
        },
      ]
    : []
  return choiceField({
    name: `map.${field}`,
    label: say(`mapped-field.${field}`),
    value,
    options: [
      { value: '', label: '–' },
      ...several,
      ...header.map((column) => ({ value: column, label: column })),
    ],
  })
}

function takenFields({ say }: Visit, mapping: CsvMapping, field: MappedField): Html {
  const columns = columnsOf(mapping, field)
  const taken = onlyTaken(mapping, field)
  return html`<div class="stack-tight">${textField({
    name: `take.${field}`,
    label: say('mapping.of', {
      field: say(`mapped-field.${field}`),
      columns: elseOf(
        say,
        columns.map((column) => say('mapping.quoted', { column: nameOf(column) })),
      ),
    }),
    value: taken?.pattern,
    max: patternMax,
  })}${checkField({
    name: `may.${field}`,
    label: say('mapping.optional'),
    checked: taken?.optional === true,
  })}</div>`
}

/** What a pattern takes of the one column of a field: of several each has its own, and goes along unseen. */
function onlyTaken(mapping: CsvMapping, field: MappedField): TakenColumn | undefined {
  const [only, ...more] = columnsOf(mapping, field)
  return more.length === 0 && typeof only === 'object' ? only : undefined
}

function inWords(say: Say, column: Column): string {
  return typeof column === 'string'
    ? column
    : say('mapping.by', { column: column.column, pattern: column.pattern })
}

/** The first column that holds something counts, said in that order. */
function elseOf(say: Say, columns: readonly string[]): string {
  const [first = '', ...others] = columns
  return others.reduce((before, second) => say('mapping.else', { first: before, second }), first)
}

/** As `readMapping` reads it. */
function columnsText(columns: readonly Column[]): string {
  const [only, ...more] = columns
  if (only === undefined) return ''
  return more.length === 0 && typeof only === 'string' ? only : JSON.stringify(columns)
}

function severalColumns(text: string): readonly Column[] | undefined {
  if (!text.startsWith('["') && !text.startsWith('[{')) return undefined
  try {
    const columns: unknown = JSON.parse(text)
    if (!Array.isArray(columns)) return undefined
    const read = columns.map(columnIn)
    return read.some((column) => column === undefined) ? undefined : read.flatMap((column) => column ?? [])
  } catch {
    return undefined
  }
}

function columnIn(given: unknown): Column | undefined {
  if (typeof given === 'string') return given
  if (typeof given !== 'object' || given === null) return undefined
  const { column, pattern, optional } = given as Readonly<Record<string, unknown>>
  if (typeof column !== 'string' || typeof pattern !== 'string') return undefined
  return { column, pattern, ...(optional === true ? { optional } : {}) }
}
