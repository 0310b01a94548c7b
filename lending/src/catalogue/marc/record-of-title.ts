import type { Material, TitleFields } from '../title-fields.ts'
import type { Field, MarcRecord } from './record.ts'

/**
 * A minimal MARC 21 record for a title that came from elsewhere (CSV, or typed in). A title that no one numbered
 * gets Bibby's own number as its control number.
 */
export function recordOfTitle(
  title: TitleFields,
  { titleId, createdAt }: { titleId: number; createdAt: Date },
): MarcRecord {
  const [author, ...others] = title.authors
  const fields: Field[] = [
    { tag: '001', value: title.controlNumber ?? String(titleId) },
    { tag: '003', value: title.controlNumber === null ? ownSource : title.controlSource },
    { tag: '008', value: codedData(title, createdAt) },
    ...title.isbns.map((isbn) => field('020', '  ', { a: isbn })),
    ...(author ? [field('100', '1 ', { a: author })] : []),
    field('245', `${author ? 1 : 0}0`, { a: title.title, b: title.subtitle }),
    field('264', ' 1', { b: title.publisher, c: writtenYear(title.publishedYear) }),
    ...title.series.map((series) => field('490', '0 ', { a: series })),
    field('520', '  ', { a: title.summary }),
    ...title.subjects.map((subject) => field('653', '  ', { a: subject })),
    ...others.map((other) => field('700', '1 ', { a: other })),
  ]
  const kept = fields.filter((made) => ('value' in made ? made.value !== '' : made.subfields.length > 0))
  return { leader: `00000n${types[title.material]} a2200000 u 4500`, fields: kept }
}

/** Leader positions 6 and 7, by which the material is found again. */
const types: Readonly<Record<Material, string>> = {
  book: 'am',
  serial: 'as',
  music: 'jm',
  score: 'cm',
  audio: 'im',
  video: 'gm',
  map: 'em',
  picture: 'km',
  software: 'mm',
  manuscript: 'tm',
  kit: 'om',
  object: 'rm',
  mixed: 'pm',
}

const ownSource = 'bibby'

function field(tag: string, indicators: string, values: Readonly<Record<string, string>>): Field {
  const subfields = Object.entries(values).map(([code, value]) => ({ code, value }))
  return { tag, indicators, subfields: subfields.filter(({ value }) => value !== '') }
}

/** Field 008: 40 places, those that are not known filled as the format says. */
function codedData({ publishedYear, language }: TitleFields, createdAt: Date): string {
  const entered = createdAt.toISOString().slice(2, 10).replaceAll('-', '')
  const isCommon = publishedYear !== null && publishedYear > 0
  const date = isCommon
    ? `s${String(publishedYear).padStart(4, '0')}`
    : publishedYear === null
      ? 'nuuuu'
      : 'b    '
  return `${entered}${date}    xx            000 0 ${language.padEnd(3).slice(0, 3)} d`
}

function writtenYear(year: number | null): string {
  if (year === null) return ''
  return year > 0 ? String(year) : `${-year} B.C.`
}
