import { isbn13 } from '../isbn.ts'
import type { Material, TitleFields } from '../title-fields.ts'
import {
  controlValue,
  type DataField,
  dataFields,
  isControl,
  type MarcRecord,
  subfieldValues,
} from './record.ts'
import { codedYear, distinct, languageCode, plainText, withoutIsbd, yearIn } from './title-text.ts'

/** The fields of a MARC 21 record; `title` is '' where the record has none. */
export function marc21Title(record: MarcRecord): TitleFields {
  const statement = dataFields(record, '245')[0]
  const own = statement ? properTitle(statement) : ''
  const otherTitles = distinct([
    ...pairedWith(record, ['245', '246', '130', '240']).map(wholeTitle),
    ...['246', '130', '240'].flatMap((tag) => dataFields(record, tag)).map(wholeTitle),
  ])
  return {
    controlSource: plainText(controlValue(record, '003') ?? ''),
    controlNumber: plainText(controlValue(record, '001') ?? '') || null,
    title: own || otherTitles[0] || '',
    subtitle: statement ? withoutIsbd(subfieldValues(statement, 'b').join(' ')) : '',
    authors: authors(record),
    publisher: publisher(record),
    publishedYear: publishedYear(record),
    language: language(record),
    material: material(record.leader),
    isbns: distinct(valuesOf(record, '020', 'a').map((text) => isbn13(text) ?? '')),
    subjects: distinct(subjectTags.flatMap((tag) => dataFields(record, tag)).map(heading)),
    series: distinct(['490', '440', '830'].flatMap((tag) => dataFields(record, tag)).map(seriesTitle)),
    summary: plainText(
      dataFields(record, '520')
        .map((field) => subfieldValues(field, 'ab').join(' '))
        .join(' '),
    ),
    otherTitles,
  }
}

/** Title, number and name of a part; a form (`k`) only where there is nothing else. */
function properTitle(field: DataField): string {
  const parts = subfieldValues(field, 'anp').map(withoutIsbd).filter(Boolean)
  return parts.join('. ') || withoutIsbd(subfieldValues(field, 'bk')[0] ?? '')
}

function wholeTitle(field: DataField): string {
  return withoutIsbd(subfieldValues(field, 'abnp').map(plainText).join(' '))
}

/** The 880 fields that say the same as a field of one of these tags in another script. */
function pairedWith(record: MarcRecord, tags: readonly string[]): DataField[] {
  return dataFields(record, '880').filter((field) => {
    const link = subfieldValues(field, '6')[0] ?? ''
    return tags.includes(link.slice(0, 3))
  })
}

const nameTags = ['100', '110', '111', '700', '710', '711'] as const

/** Names in both scripts: a reader may type either. A name that only points to another work is left out. */
function authors(record: MarcRecord): string[] {
  const named = nameTags.flatMap((tag) => dataFields(record, tag)).filter(isOfThisWork)
  return distinct([...named, ...pairedWith(record, nameTags)].map(name))
}

function isOfThisWork(field: DataField): boolean {
  return field.tag.startsWith('1') || field.indicators[1] === '2' || subfieldValues(field, 't').length === 0
}

function name(field: DataField): string {
  return withoutIsbd(
    subfieldValues(field, field.tag.endsWith('00') ? 'abc' : 'abn')
      .map(plainText)
      .join(' '),
  )
}

/** 264 with second indicator 1 is publication; older records have 260. */
function publications(record: MarcRecord): DataField[] {
  const produced = dataFields(record, '264')
  const published = produced.filter(({ indicators }) => indicators[1] === '1')
  return [...published, ...dataFields(record, '260'), ...produced]
}

function publisher(record: MarcRecord): string {
  const names = publications(record)
    .flatMap((field) => subfieldValues(field, 'b'))
    .map(withoutIsbd)
  return names.find(Boolean) ?? ''
}

function publishedYear(record: MarcRecord): number | null {
  for (const coded of codedData(record)) {
    const year = codedYear(coded.slice(7, 11))
    if (year !== null) return year
  }
  for (const field of publications(record)) {
    const year = yearIn(subfieldValues(field, 'c').join(' '))
    if (year !== null) return year
  }
  return null
}

function language(record: MarcRecord): string {
  const coded = codedData(record).map((value) => value.slice(35, 38))
  const written = valuesOf(record, '041', 'a').map((value) => value.slice(0, 3))
  return [...coded, ...written].map(languageCode).find(Boolean) ?? ''
}

/** Some systems write field 008 twice, and one of the two empty. */
function codedData(record: MarcRecord): string[] {
  return record.fields
    .filter((field) => field.tag === '008')
    .filter(isControl)
    .map(({ value }) => value)
}

const materialsByType: Readonly<Record<string, Material>> = {
  a: 'book',
  c: 'score',
  d: 'score',
  e: 'map',
  f: 'map',
  g: 'video',
  i: 'audio',
  j: 'music',
  k: 'picture',
  m: 'software',
  o: 'kit',
  p: 'mixed',
  r: 'object',
  t: 'manuscript',
}

function material(leader: string): Material {
  const type = materialsByType[leader[6] ?? ''] ?? 'book'
  return type === 'book' && 'bis'.includes(leader[7] ?? ' ') ? 'serial' : type
}

const subjectTags = ['600', '610', '611', '630', '648', '650', '651', '653', '655']

/** The heading with its names, and its subdivisions behind dashes. */
function heading(field: DataField): string {
  const head = withoutIsbd(subfieldValues(field, 'abcdnpqt').map(plainText).join(' '))
  return [head, ...subfieldValues(field, 'vxyz').map(withoutIsbd)].filter(Boolean).join(' -- ')
}

function seriesTitle(field: DataField): string {
  const named = withoutIsbd(
    subfieldValues(field, field.tag === '490' ? 'a' : 'anp')
      .map(plainText)
      .join(' '),
  )
  const volume = withoutIsbd(subfieldValues(field, 'v')[0] ?? '')
  return volume === '' ? named : `${named} ; ${volume}`
}

function valuesOf(record: MarcRecord, tag: string, codes: string): string[] {
  return dataFields(record, tag).flatMap((field) => subfieldValues(field, codes))
}
