import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { emptyTitle, type TitleFields } from '@bibby/lending/catalogue/title-fields.ts'
import { foldedTitle, titleWords, tsvectorText } from '@bibby/lending/catalogue/tokens.ts'

/** A title that no library has: parts of real ones, put together by a fixed seed. */
export type GeneratedTitle = TitleFields & { readonly loansCount: number }

const data = fileURLToPath(new URL('../../../shared/data/csv/', import.meta.url))
const unzipped = async (name: string) =>
  (await promisify(gunzip)(await readFile(`${data}${name}`))).toString('utf8')

/** Says whether the real sets that titles are generated from are there. */
export function hasRealSets(): boolean {
  return existsSync(`${data}goodbooks10k_books.csv.gz`)
}

/**
 * Generates that many titles, the same ones every time: title, author and year come from different rows of the
 * real sets, the ISBNs are made up and valid. One in three has a subtitle that is another's title. Loans fall
 * off as they do in libraries: a few titles have most of them, half have none.
 */
export async function* generatedTitles(count: number): AsyncGenerator<GeneratedTitle> {
  const real = await realParts()
  const random = seeded(20_190_702)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  for (let n = 0; n < count; n++) {
    const { title, language } = pick(real.titles)
    yield {
      ...emptyTitle,
      controlSource: 'generated',
      controlNumber: String(n + 1),
      title,
      subtitle: random() < 1 / 3 ? pick(real.titles).title : '',
      authors: random() < 0.1 ? [pick(real.authors), pick(real.authors)] : [pick(real.authors)],
      publishedYear: pick(real.years),
      language,
      material: random() < 0.9 ? 'book' : pick(['audio', 'video', 'score', 'map', 'serial']),
      isbns: random() < 0.7 ? [isbnOf(n)] : [],
      subjects: random() < 0.5 ? [pick(real.subjects)] : [],
      loansCount: random() < 0.5 ? 0 : Math.floor(0.5 / (random() + 0.0005)),
    }
  }
}

/** The line of a generated title for `copy title (...) from`, in the order of `copyColumns`. */
export function copyLine(fields: GeneratedTitle): string {
  const values = [
    fields.controlSource,
    fields.controlNumber,
    fields.title,
    fields.subtitle,
    list(fields.authors),
    String(fields.publishedYear),
    fields.language,
    fields.material,
    list(fields.isbns),
    list(fields.subjects),
    String(fields.loansCount),
    tsvectorText(titleWords(fields)),
    foldedTitle(fields),
  ]
  return `${values.map((value) => escaped(value ?? '')).join('\t')}\n`
}

/** The columns that `copyLine` fills. */
export const copyColumns =
  'control_source, control_number, title, subtitle, authors, published_year, language, material, isbns, subjects, loans_count, words, folded'

function list(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
}

type Parts = {
  titles: readonly { title: string; language: string }[]
  authors: readonly string[]
  years: readonly number[]
  subjects: readonly string[]
}

async function realParts(): Promise<Parts> {
  const goodbooks = csvRows(await unzipped('goodbooks10k_books.csv.gz'))
  const gutenberg = csvRows(await unzipped('gutenberg_metadata.csv.gz'))
  const registered = (await unzipped('cce_books_classA_unique.tsv.gz'))
    .split('\n')
    .map((line) => line.split('\t'))
  const titles = [
    ...goodbooks.map((row) => ({ title: row[10] ?? '', language: languages[row[11] ?? ''] ?? 'eng' })),
    ...gutenberg.map((row) => ({ title: row[1] ?? '', language: languages[row[4] ?? ''] ?? 'und' })),
    ...registered.map((row) => ({ title: row[1] ?? '', language: 'eng' })),
  ].map(({ title, language }) => ({ title: title.replaceAll(/\s+/g, ' ').trim().slice(0, 500), language }))
  return {
    titles: titles.filter(({ title }) => title !== ''),
    authors: [
      ...goodbooks.flatMap((row) => (row[7] ?? '').split(', ')),
      ...gutenberg.map((row) => row[2] ?? ''),
      ...registered.map((row) => row[0] ?? ''),
    ].filter((author) => author !== '' && author !== 'NA'),
    years: [
      ...goodbooks.map((row) => Math.trunc(Number(row[8]))),
      ...registered.map((row) => Number((row[3] ?? '').slice(0, 4))),
    ].filter((year) => year > -3000 && year < 2100 && year !== 0),
    subjects: [
      ...new Set(
        gutenberg
          .flatMap((row) => (row[5] ?? '').split('/'))
          .filter((shelf) => shelf !== 'NA' && shelf !== ''),
      ),
    ],
  }
}

const languages: Readonly<Record<string, string>> = {
  eng: 'eng',
  'en-US': 'eng',
  'en-GB': 'eng',
  'en-CA': 'eng',
  en: 'eng',
  fre: 'fre',
  fr: 'fre',
  ger: 'ger',
  de: 'ger',
  spa: 'spa',
  es: 'spa',
  por: 'por',
  pt: 'por',
  it: 'ita',
  ita: 'ita',
  nl: 'dut',
  fi: 'fin',
  zh: 'chi',
  el: 'gre',
  ara: 'ara',
  jpn: 'jpn',
  ja: 'jpn',
  rus: 'rus',
  ru: 'rus',
  sv: 'swe',
  hu: 'hun',
  la: 'lat',
  eo: 'epo',
  da: 'dan',
  pl: 'pol',
}

/** Rows of a CSV with quoted fields that may hold commas, quotes and line ends; without its head. */
function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === ',') continue
    rows.push(row)
    row = []
  }
  return rows.slice(1)
}

function isbnOf(n: number): string {
  const digits = `978${String(100_000_000 + ((n * 7_919) % 899_999_999))}`
  const sum = [...digits].reduce((all, digit, at) => all + Number(digit) * (at % 2 ? 3 : 1), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

/** The generator mulberry32: small, fast, the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
