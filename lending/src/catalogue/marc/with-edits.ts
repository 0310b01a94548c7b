import type { TitleFields } from '../title-fields.ts'
import { type Field, isControl, type MarcRecord } from './record.ts'
import { recordOfTitle } from './record-of-title.ts'
import { marc21Title } from './title-of-marc21.ts'

/**
 * A MARC 21 record with what was edited in the catalogue since it came. Only the fields that feed an edited part of
 * the title are made anew; all others stay as they were, and a record of which nothing was edited stays whole.
 */
export function withEdits(
  record: MarcRecord,
  title: TitleFields,
  made: { readonly titleId: number; readonly createdAt: Date },
): MarcRecord {
  const before = marc21Title(record)
  const edited = editable.filter((part) => JSON.stringify(before[part]) !== JSON.stringify(title[part]))
  if (edited.length === 0) return record
  const fresh = recordOfTitle(title, made)
  const tags = new Set<string>(edited.flatMap((part) => tagsOf[part]))
  const kept = record.fields.filter(({ tag }) => !tags.has(tag))
  const added = fresh.fields
    .filter(({ tag }) => tags.has(tag))
    .map((field) => withOldStatement(record, field))
  const coded = kept.map((field) =>
    field.tag === '008' && isControl(field) ? withCodes(field, title, edited) : field,
  )
  return {
    leader: edited.includes('material')
      ? record.leader.slice(0, 6) + fresh.leader.slice(6, 8) + record.leader.slice(8)
      : record.leader,
    fields: [...coded, ...added].toSorted(byPlace(coded)),
  }
}

const tagsOf = {
  title: ['245'],
  subtitle: ['245'],
  authors: ['100', '110', '111', '700', '710', '711'],
  publisher: ['260', '264'],
  publishedYear: ['260', '264'],
  language: ['041'],
  material: [],
  isbns: ['020'],
  subjects: ['600', '610', '611', '630', '648', '650', '651', '653', '655'],
  series: ['440', '490', '830'],
  summary: ['520'],
} as const

type Editable = keyof typeof tagsOf
const editable = Object.keys(tagsOf) as Editable[]

/**
 * What the title statement says besides the title (who is responsible, the link to another script) stays. How many
 * characters of an article to pass over in sorting was said of the old title.
 */
function withOldStatement(record: MarcRecord, field: Field): Field {
  const old = record.fields.find(({ tag }) => tag === '245')
  if (field.tag !== '245' || isControl(field) || !old || isControl(old)) return field
  const link = old.subfields.filter(({ code }) => code === '6')
  const rest = old.subfields.filter(({ code }) => !'6abknp'.includes(code))
  return {
    ...field,
    indicators: `${old.indicators[0] ?? '0'}0`,
    subfields: [...link, ...field.subfields, ...rest],
  }
}

const yearPlace = 7
const languagePlace = 35

function withCodes(field: Field & { value: string }, title: TitleFields, edited: readonly Editable[]): Field {
  let value = field.value
  const year = title.publishedYear
  if (edited.includes('publishedYear') && year !== null && year > 0)
    value = replaced(value, yearPlace, String(year).padStart(4, '0'))
  if (edited.includes('language'))
    value = replaced(value, languagePlace, title.language.padEnd(3).slice(0, 3))
  return { tag: field.tag, value }
}

function replaced(text: string, at: number, by: string): string {
  return text.padEnd(at).slice(0, at) + by + text.slice(at + by.length)
}

/** New fields go behind the last old one with no greater tag; the old ones keep their order. */
function byPlace(kept: readonly Field[]): (a: Field, b: Field) => number {
  const places = new Map<Field, number>(kept.map((field, index) => [field, index]))
  const placeOf = (field: Field) =>
    places.get(field) ?? kept.findLastIndex(({ tag }) => tag <= field.tag) + 0.5
  return (a, b) => placeOf(a) - placeOf(b)
}
