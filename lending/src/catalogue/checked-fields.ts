import { type Flaw, type Flaws, type LabelId, notWhole } from '../language/flaw.ts'
import { plainText } from '../text.ts'
import { isbn13 } from './isbn.ts'
import { materials, type TitleFields } from './title-fields.ts'

/** The longest that each text of a title may be, in characters, and how many a list may hold. */
export const titleLimits = {
  title: 2_000,
  subtitle: 2_000,
  publisher: 500,
  summary: 20_000,
  controlSource: 100,
  controlNumber: 200,
  language: 8,
  authors: { each: 500, count: 200 },
  isbns: { each: 100, count: 100 },
  subjects: { each: 500, count: 300 },
  series: { each: 1_000, count: 100 },
  otherTitles: { each: 2_000, count: 100 },
} as const

/** Years that the table takes; before the common era they are negative. */
export const yearLimits = { from: -5_000, to: 9_999 } as const

/** The fields in the catalogue's form, or all that is wrong with them. */
export type CheckedFields =
  | { readonly ok: true; readonly fields: Partial<TitleFields> }
  | { readonly ok: false; readonly problems: Flaws }

type TextField = 'title' | 'subtitle' | 'publisher' | 'summary' | 'controlSource' | 'language'
type ListField = 'authors' | 'isbns' | 'subjects' | 'series' | 'otherTitles'

const texts: Readonly<Record<TextField, LabelId>> = {
  title: 'the-title',
  subtitle: 'the-subtitle',
  publisher: 'the-publisher',
  summary: 'the-summary',
  controlSource: 'the-source-of-the-number',
  language: 'the-language',
}
const lists: Readonly<Record<ListField, LabelId>> = {
  authors: 'each-author',
  isbns: 'each-isbn',
  subjects: 'each-subject',
  series: 'each-series',
  otherTitles: 'each-other-title',
}

/**
 * Checks the fields that a person or a program gave for a title and brings them into one form: NFC, trimmed,
 * ISBNs as 13 digits. Absent fields stay absent. Every problem is reported at once.
 */
export function checkedFields(given: Readonly<Partial<Record<keyof TitleFields, unknown>>>): CheckedFields {
  const fields: Record<string, unknown> = {}
  const problems: Record<string, Flaw> = {}
  const take = (name: string, part: Part) => {
    if ('problem' in part) problems[name] = part.problem
    else fields[name] = part.value
  }
  for (const name of Object.keys(texts) as TextField[]) {
    if (given[name] === undefined) continue
    take(name, textPart(given[name], texts[name], titleLimits[name], name))
  }
  for (const name of Object.keys(lists) as ListField[]) {
    if (given[name] !== undefined) take(name, listPart(given[name], name))
  }
  if (given.controlNumber !== undefined) take('controlNumber', controlNumberPart(given.controlNumber))
  if (given.publishedYear !== undefined) take('publishedYear', yearPart(given.publishedYear))
  if (given.material !== undefined) take('material', materialPart(given.material))
  return Object.keys(problems).length > 0
    ? { ok: false, problems }
    : { ok: true, fields: fields as Partial<TitleFields> }
}

type Part = { readonly value: unknown } | { readonly problem: Flaw }

function textPart(value: unknown, label: LabelId, max: number, name: string): Part {
  const checked = plainText(value, { label, max, required: name === 'title', lines: name === 'summary' })
  return checked.ok ? { value: checked.text } : { problem: checked.problem }
}

function listPart(value: unknown, name: ListField): Part {
  const { each, count } = titleLimits[name]
  if (!Array.isArray(value)) return { problem: { flaw: 'not-list' } }
  if (value.length > count) return { problem: { flaw: 'too-many', values: { max: count } } }
  const parts: string[] = []
  for (const entry of value) {
    const checked = plainText(entry, { label: lists[name], max: each })
    if (!checked.ok) return { problem: checked.problem }
    const text = name === 'isbns' ? isbn13(checked.text) : checked.text
    if (text === undefined) return { problem: { flaw: 'not-isbn', values: { isbn: checked.text } } }
    if (text !== '' && !parts.includes(text)) parts.push(text)
  }
  return { value: parts }
}

function controlNumberPart(value: unknown): Part {
  if (value === null || value === '') return { value: null }
  return textPart(value, 'the-number', titleLimits.controlNumber, 'controlNumber')
}

function yearPart(value: unknown): Part {
  if (value === null) return { value }
  const { from, to } = yearLimits
  const isYear = typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to
  return isYear ? { value } : { problem: notWhole({ label: 'the-year', min: from, max: to }) }
}

function materialPart(value: unknown): Part {
  return materials.some((known) => known === value)
    ? { value }
    : { problem: { flaw: 'material-unknown', values: { materials: materials.join(', ') } } }
}
