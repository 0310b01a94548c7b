import { readFileSync } from 'node:fs'
import { isbn13 } from '../catalogue/isbn.ts'
import type { TitleFields } from '../catalogue/title-fields.ts'
import { cardNumber, luhnDigit } from '../patrons/card.ts'

/** A title of the sample, and what kind of thing its copies are. */
export type SampleTitle = {
  /** The code of its item type. */
  readonly kind: string
  readonly fields: Partial<TitleFields> & { readonly title: string }
}

/** A copy of the sample, at a branch. */
export type SampleCopy = {
  readonly barcode: string
  readonly branch: string
  readonly shelf: string
  readonly callNumber: string
}

/** A patron of the sample: an invented person. */
export type SamplePatron = {
  readonly card: string
  readonly givenName: string
  readonly familyName: string
  readonly category: string
  readonly branch: string
  readonly email: string
}

/** The titles of `titles.tsv`: real works, with the year in which each first came out. */
export function sampleTitles(): readonly SampleTitle[] {
  return table('titles.tsv').map((row, index) => ({
    kind: row('kind'),
    fields: {
      controlSource: 'bibby-sample',
      controlNumber: String(index + 1),
      title: row('title'),
      subtitle: row('subtitle'),
      authors: list(row('authors')),
      publishedYear: row('year') === '' ? null : Number(row('year')),
      language: row('language'),
      material: row('kind') === 'dvd' ? 'video' : 'book',
      isbns: [isbn13(row('isbn'))].filter((isbn) => isbn !== undefined),
      subjects: list(row('subjects')),
    },
  }))
}

/** Every third title stands at the harbour, and every fourth at both branches; children’s books always at both. */
export function sampleCopies({ kind, fields }: SampleTitle, index: number): readonly SampleCopy[] {
  const isAtBoth = kind === 'childrens-book' || index % 4 === 0
  const branches = isAtBoth ? ['main', 'harbour'] : [index % 3 === 0 ? 'harbour' : 'main']
  const callNumber = [...(fields.authors?.[0] ?? fields.title)].slice(0, 3).join('').toUpperCase()
  return branches.map((branch, copy) => ({
    barcode: barcode(index * 10 + copy + 1),
    branch,
    shelf: shelves[kind] ?? 'General',
    callNumber,
  }))
}

/** The patrons of `patrons.tsv`. */
export function samplePatrons(): readonly SamplePatron[] {
  return table('patrons.tsv').map((row, index) => ({
    card: cardNumber(index + 1),
    givenName: row('given'),
    familyName: row('family'),
    category: row('category'),
    branch: row('branch'),
    email: row('email'),
  }))
}

const shelves: Readonly<Record<string, string>> = {
  book: 'General',
  'childrens-book': 'Children',
  dvd: 'Films',
  reference: 'Reading room',
}

/** As a card, but beginning with 39: 14 digits, the last one betrays a misread. */
function barcode(serial: number): string {
  const body = `39${String(serial).padStart(11, '0')}`
  return body + luhnDigit(body)
}

function list(text: string): string[] {
  return text.split(';').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}

type Row = (column: string) => string

function table(file: string): readonly Row[] {
  const [head = [], ...rows] = readFileSync(new URL(file, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((written) => written.split('\t'))
  return rows.map((cells) => (column) => cells[head.indexOf(column)] ?? '')
}
