import { isbn13 } from '../isbn.ts'
import type { Material, TitleFields } from '../title-fields.ts'
import { controlValue, type DataField, dataFields, type MarcRecord, subfieldValues } from './record.ts'
import { codedYear, distinct, languageCode, plainText, withoutSeparators, yearIn } from './title-text.ts'

/**
 * The fields of a UNIMARC or RUSMARC record; `title` is '' where the record has none. These formats write no
 * punctuation between fields, so a full stop at an end belongs to the text.
 */
export function unimarcTitle(record: MarcRecord): TitleFields {
  const statement = dataFields(record, '200')[0]
  const values = (codes: string) =>
    statement ? subfieldValues(statement, codes).map(withoutSeparators).filter(Boolean) : []
  const variants = ['500', '510', '512', '513', '514', '515', '516', '517', '518', '540', '541']
  return {
    controlSource: plainText(valuesOf(record, '801', 'b')[0] ?? ''),
    controlNumber: plainText(controlValue(record, '001') ?? '') || null,
    title: values('ahi').join('. '),
    subtitle: values('e').join(' : '),
    authors: distinct(nameTags.flatMap((tag) => dataFields(record, tag)).map(name)),
    publisher: publications(record, 'c').map(withoutSeparators).find(Boolean) ?? '',
    publishedYear: publishedYear(record),
    language: valuesOf(record, '101', 'a').map(languageCode).find(Boolean) ?? '',
    material: material(record.leader),
    isbns: distinct(valuesOf(record, '010', 'a').map((text) => isbn13(text) ?? '')),
    subjects: distinct(subjects(record)),
    series: distinct(dataFields(record, '225').map(seriesTitle)),
    summary: plainText(valuesOf(record, '330', 'a').join(' ')),
    otherTitles: distinct([
      ...values('d'),
      ...variants.flatMap((tag) => valuesOf(record, tag, 'a')).map(withoutSeparators),
    ]),
  }
}

const nameTags = ['700', '701', '702', '710', '711', '712'] as const

/** `Surname, Given names`, and the initials where only they are known. A body's parts follow it after full stops. */
function name(field: DataField): string {
  const [entry = ''] = subfieldValues(field, 'a').map(withoutSeparators)
  if (field.tag.startsWith('71'))
    return [entry, ...subfieldValues(field, 'b').map(withoutSeparators)].filter(Boolean).join('. ')
  const given = plainText(subfieldValues(field, 'g')[0] ?? subfieldValues(field, 'b')[0] ?? '')
  return [entry, given].filter(Boolean).join(', ')
}

/** 214 is 210 in records of today. */
function publications(record: MarcRecord, codes: string): string[] {
  return [...valuesOf(record, '210', codes), ...valuesOf(record, '214', codes)]
}

function publishedYear(record: MarcRecord): number | null {
  const coded = valuesOf(record, '100', 'a').map((value) => codedYear(value.slice(9, 13)))
  const written = publications(record, 'd').map(yearIn)
  return [...coded, ...written].find((year) => year !== null) ?? null
}

const materialsByType: Readonly<Record<string, Material>> = {
  a: 'book',
  b: 'manuscript',
  c: 'score',
  d: 'score',
  e: 'map',
  f: 'map',
  g: 'video',
  i: 'audio',
  j: 'music',
  k: 'picture',
  l: 'software',
  m: 'kit',
  r: 'object',
}

function material(leader: string): Material {
  const type = materialsByType[leader[6] ?? ''] ?? 'book'
  return type === 'book' && leader[7] === 's' ? 'serial' : type
}

/** Names, bodies, families, titles, topics, places, forms; each $a of 610 is a keyword of its own. */
function subjects(record: MarcRecord): string[] {
  const headings = ['600', '601', '602', '604', '605', '606', '607', '608'].flatMap((tag) =>
    dataFields(record, tag),
  )
  return [...headings.map(heading), ...valuesOf(record, '610', 'a').map(withoutSeparators)]
}

function heading(field: DataField): string {
  const head =
    field.tag === '600'
      ? name(field)
      : withoutSeparators(subfieldValues(field, 'ab').map(plainText).join(' '))
  return [head, ...subfieldValues(field, 'jxyz').map(withoutSeparators)].filter(Boolean).join(' -- ')
}

function seriesTitle(field: DataField): string {
  const [named = ''] = subfieldValues(field, 'a').map(withoutSeparators)
  const [volume = ''] = subfieldValues(field, 'v').map(withoutSeparators)
  return volume === '' ? named : `${named} ; ${volume}`
}

function valuesOf(record: MarcRecord, tag: string, codes: string): string[] {
  return dataFields(record, tag).flatMap((field) => subfieldValues(field, codes))
}
