import { fold, isSingleCharacterScript, type ReadText, type Run, readText, runsOf } from './fold.ts'
import { isbn13 } from './isbn.ts'
import type { TitleFields } from './title-fields.ts'

/** No token is longer, in UTF-16 units; what is over is cut, in titles and in queries alike. */
export const tokenLengthMax = 64
/** A query is cut to its eight longest tokens: more would cost, and hardly narrow. */
export const queryTokensMax = 8
/** A title keeps this many words, title and authors first. */
export const titleWordsMax = 400
/** How much of a folded title is kept for ranking and for the substring search, in UTF-16 units. */
const foldedLengthMax = 1_000
const firstDecade = 149
const lastDecade = 210

/** A word of a query: how it stands in the index, and whether it is of a script that parts words by spaces. */
export type QueryToken = { readonly text: string; readonly isSpaced: boolean }

/**
 * The tokens to look for, at most eight, in order and without repeats. `%`, `_`, quotes and operators are no
 * tokens: a text of those alone gives an empty list. An ISBN, with dashes or of ten digits, is one token.
 */
export function foldedTokens(text: string): string[] {
  return queryTokens(text).map((token) => token.text)
}

/** As `foldedTokens`, with what the search needs to know of each. */
export function queryTokens(text: string): readonly QueryToken[] {
  const isbn = isbnOf(text)
  if (isbn) return [{ text: isbn, isSpaced: false }]
  const found = new Map<string, QueryToken>()
  for (const run of runsOf(text)) {
    for (const token of tokensOfQueryRun(run)) if (!found.has(token.text)) found.set(token.text, token)
  }
  const all = [...found.values()]
  if (all.length <= queryTokensMax) return all
  const kept = new Set(
    all.toSorted((one, other) => other.text.length - one.text.length).slice(0, queryTokensMax),
  )
  return all.filter((token) => kept.has(token))
}

/** What the index and the ranking know of a title: its lexemes and its folded text. Each of its texts is read once for both. */
export function wordsAndFolded(fields: TitleFields): { readonly words: string[]; readonly folded: string } {
  const { title, authors, subtitle, otherTitles, series, subjects, isbns } = fields
  const first = readText(title)
  const names = authors.map(readText)
  const rest = [subtitle, ...otherTitles, ...series, ...subjects].map(readText)
  return {
    words: lexemes(fields, [first, ...names, ...rest]),
    folded: foldedParts([[first], names, [...rest, ...isbns.map(readText)]]),
  }
}

/**
 * Every lexeme of a title, without repeats. The ones that begin with `/` are no words but what facets filter
 * by; `tsvectorText` takes them all. The index knows a title by these and by nothing else.
 */
export function titleWords(fields: TitleFields): string[] {
  return wordsAndFolded(fields).words
}

function lexemes(fields: TitleFields, texts: readonly ReadText[]): string[] {
  const words = new Set<string>(filterLexemes(fields))
  const room = titleWordsMax + words.size
  for (const isbn of fields.isbns) words.add(isbn)
  if (fields.publishedYear !== null && fields.publishedYear > 0) words.add(String(fields.publishedYear))
  for (const { folded, runs } of texts) {
    for (const run of runs) {
      for (const word of wordsOfTitleRun(run)) if (words.size < room) words.add(word)
    }
    for (const word of numberedInOne(folded)) if (words.size < room) words.add(word)
  }
  return [...words]
}

/** Says whether a lexeme is a word that can be misspelt: not what facets filter by, and no number. */
export function isWord(lexeme: string): boolean {
  return !lexeme.startsWith('/') && !/^\d+$/.test(lexeme)
}

/** The lexemes as a literal for `::tsvector` (or, one by one, for `array_to_tsvector`): quoted, so all are letters. */
export function tsvectorText(words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

/** One lexeme, quoted for a `tsvector` or `tsquery` literal. */
export function quoted(lexeme: string): string {
  return /[\\']/.test(lexeme) ? `'${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${lexeme}'`
}

/**
 * The text that a title is ranked by and that the substring search looks through, for the column `folded`:
 * ` title / authors / subtitle, series, subjects, ISBNs`, each word after one space.
 */
export function foldedTitle(fields: TitleFields): string {
  return wordsAndFolded(fields).folded
}

function foldedParts(parts: readonly (readonly ReadText[])[]): string {
  return parts
    .map((texts) => texts.flatMap(({ runs }) => runs.map((run) => ` ${run.text}`)).join(''))
    .join(' /')
    .slice(0, foldedLengthMax)
    .toWellFormed()
}

/** The words of a text, folded, with one space between: two that read alike are equal. */
export function foldedText(text: string): string {
  return runsOf(text)
    .map((run) => run.text)
    .join(' ')
}

/** The lexeme that every title in this language carries. */
export function languageLexeme(language: string): string {
  return `/l${fold(language).slice(0, tokenLengthMax)}`
}

/** The lexeme that every title of this material carries. */
export function materialLexeme(material: string): string {
  return `/m${fold(material).slice(0, tokenLengthMax)}`
}

/** The lexeme that every title of this year's decade carries. All before 1500 share one, and all after 2100. */
export function decadeLexeme(year: number): string {
  return `/d${Math.min(Math.max(Math.floor(year / 10), firstDecade), lastDecade)}`
}

function filterLexemes({ language, material, publishedYear }: TitleFields): string[] {
  return [
    ...(language === '' ? [] : [languageLexeme(language)]),
    materialLexeme(material),
    ...(publishedYear === null ? [] : [decadeLexeme(publishedYear)]),
  ]
}

/** A run without spaces between words is known by each character and each pair of neighbours. */
function wordsOfTitleRun(run: Run): readonly string[] {
  if (!isSingleCharacterScript(run)) {
    if (run.parts.length === 0 && endsInPlainLetter(run.text)) return [cut(run.text)]
    const [, name, number] = /^(\p{L}{3,60})(\p{N}{1,4})$/u.exec(run.text) ?? []
    return [run.text, ...run.parts, ...(name && number ? [name, number] : [])].map(cut)
  }
  return [...run.characters, ...pairs(run.characters)].map(cut)
}

function endsInPlainLetter(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0x61 && last <= 0x7a
}

/** Catch-22 is looked for as catch22, too; the other way round `wordsOfTitleRun` takes catch22 apart. */
function numberedInOne(folded: string): readonly string[] {
  if (!/\p{Pd}\p{N}/u.test(folded)) return []
  const found = folded.matchAll(/(?<!\p{L})(\p{L}{3,60})\p{Pd}(\p{N}{1,4})(?!\p{N})/gu)
  return Array.from(found, ([, name = '', number = '']) => cut(name + number))
}

function tokensOfQueryRun(run: Run): readonly QueryToken[] {
  if (!isSingleCharacterScript(run)) {
    return [{ text: cut(run.text), isSpaced: run.kind === 'word' }]
  }
  const found = run.characters.length === 1 ? run.characters : pairs(run.characters)
  return found.map((text) => ({ text: cut(text), isSpaced: false }))
}

function pairs(characters: readonly string[]): readonly string[] {
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`)
}

function cut(token: string): string {
  return token.length <= tokenLengthMax ? token : token.slice(0, tokenLengthMax).toWellFormed()
}

/** An ISBN written as one piece, or as all of the query, perhaps after the letters ISBN. */
function isbnOf(text: string): string | undefined {
  const bare = text
    .normalize('NFKC')
    .replace(/^\s*isbn(?:-1[03])?:?\s*/i, '')
    .trim()
  if (!/^[\d\s\p{Pd}]{8,40}[\dXx]$/u.test(bare)) return undefined
  const digits = bare.replaceAll(/[\s\p{Pd}]/gu, '')
  // Nine are an SBN, printed on British books until 1974: the ISBN without its first zero.
  return [9, 10, 13].includes(digits.length) ? isbn13(digits) : undefined
}
