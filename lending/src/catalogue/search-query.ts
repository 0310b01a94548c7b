import { decadeLexeme, foldedText, languageLexeme, materialLexeme, queryTokens, quoted } from './tokens.ts'

/** What may narrow a search; all that are given hold together. */
export type SearchFilters = {
  readonly branchId?: number | undefined
  /** Only titles of which a copy can be had now (at the branch, if one is given). */
  readonly available?: boolean | undefined
  /** ISO 639-2/B. */
  readonly language?: string | undefined
  /** Both ends belong to it. */
  readonly year?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined
  readonly material?: string | undefined
}

/** Why a query is not searched for. */
export type QueryRefused =
  | { readonly refused: 'query-empty' }
  | { readonly refused: 'query-too-long'; readonly charactersMax: number }
  | { readonly refused: 'query-control-character' }

/** A query that can be searched for, in the forms that the statements take. */
export type ReadQuery = {
  /** Matches titles that have every word. */
  readonly whole: string
  /** As `whole`, but the last word may go on; undefined where it may not. */
  readonly continued: string | undefined
  /**
   * For a very short last word beside others: the others, to find by, and what `folded` must hold besides. An
   * index would have to read half the catalogue for `th:*`.
   */
  readonly splitOff: { readonly find: string; readonly check: string } | undefined
  /** ` title` as it would stand in `folded`. */
  readonly folded: string
  /** LIKE patterns of each word at a word's beginning. */
  readonly wordPatterns: readonly string[]
  readonly tokens: readonly string[]
}

/** The longest query, in characters (code points). */
const queryCharactersMax = 100
/** Nothing longer is even normalised. */
const unitsMax = 1_000
/** A substring search needs this many letters or digits in a row: fewer have no trigram. */
const substringMin = 3
/** Up to this length a last word is checked after finding, not found by. */
const shortWordMax = 2

/**
 * Reads what somebody typed, with any printable character, as words to look for. Every sign is a letter or
 * nothing: the texts that come back hold only quoted lexemes. The last word may go on if it has at least
 * `continuesFrom` letters.
 */
export function readQuery(
  typed: string,
  filters: SearchFilters,
  { continuesFrom = 2 }: { readonly continuesFrom?: number } = {},
): ReadQuery | QueryRefused {
  const text = accepted(typed)
  if (typeof text !== 'string') return text
  const tokens = queryTokens(text)
  const last = tokens.at(-1)
  if (!last) return { refused: 'query-empty' }
  const narrow = filterTerms(filters)
  const words = tokens.map((token) => quoted(token.text))
  const others = words.slice(0, -1)
  const prefix = `${quoted(last.text)}:*`
  const folded = foldedText(text)
  const letters = [...last.text].length
  const mayContinue = last.isSpaced && letters >= continuesFrom
  return {
    whole: conjunction([...words, ...narrow]),
    continued: mayContinue ? conjunction([...others, prefix, ...narrow]) : undefined,
    splitOff:
      mayContinue && letters <= shortWordMax && others.length > 0
        ? { find: conjunction([...others, ...narrow]), check: ` ${last.text}` }
        : undefined,
    folded: ` ${folded}`,
    wordPatterns: tokens.map(({ text: word, isSpaced }) => `%${isSpaced ? ' ' : ''}${escapedLike(word)}%`),
    tokens: tokens.map((token) => token.text),
  }
}

/** The LIKE pattern of a substring search: what was typed, folded, every sign of it a letter. */
export function readSubstring(
  typed: string,
): { readonly pattern: string; readonly folded: string } | QueryRefused {
  const text = accepted(typed)
  if (typeof text !== 'string') return text
  const folded = foldedText(text)
  if (!folded.split(' ').some((run) => [...run].length >= substringMin)) return { refused: 'query-empty' }
  return { pattern: `%${escapedLike(folded)}%`, folded: ` ${folded}` }
}

/** The text in NFC, or why it cannot be searched for. */
function accepted(typed: string): string | QueryRefused {
  if (typed.length > unitsMax) return { refused: 'query-too-long', charactersMax: queryCharactersMax }
  const text = typed.toWellFormed().normalize('NFC').trim()
  if (/\p{Cc}/u.test(text)) return { refused: 'query-control-character' }
  if ([...text].length > queryCharactersMax) {
    return { refused: 'query-too-long', charactersMax: queryCharactersMax }
  }
  return text
}

/** The year range with both ends, or undefined when every year is in it. */
export function yearBounds({
  year,
}: SearchFilters): { readonly from: number; readonly to: number } | undefined {
  if (year?.from === undefined && year?.to === undefined) return undefined
  return { from: year.from ?? firstYear, to: year.to ?? lastYear }
}

/** The filters that the words index itself can answer. */
function filterTerms(filters: SearchFilters): readonly string[] {
  const years = yearBounds(filters)
  return [
    ...(filters.language === undefined ? [] : [quoted(languageLexeme(filters.language))]),
    ...(filters.material === undefined ? [] : [quoted(materialLexeme(filters.material))]),
    ...(years === undefined ? [] : [decadesOf(years)]),
  ]
}

/** The years that the column holds. */
const firstYear = -5_000
const lastYear = 9_999

/** Any decade of the range. `decadeLexeme` has a first and a last one, so there are never many. */
function decadesOf({ from, to }: { from: number; to: number }): string {
  const decades = new Set([decadeLexeme(from), decadeLexeme(to)])
  for (let year = Math.max(from, 1_000); year <= Math.min(to, 2_200); year += 10)
    decades.add(decadeLexeme(year))
  return `(${[...decades].map(quoted).join(' | ')})`
}

function conjunction(terms: readonly string[]): string {
  return terms.join(' & ')
}

/** `%` and `_` are letters here. No folded text has them; whoever changes the folding need not remember this. */
function escapedLike(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('%', '\\%').replaceAll('_', '\\_')
}
