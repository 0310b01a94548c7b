import type { Database } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { didYouMean } from './did-you-mean.ts'
import { isAvailable, matchesMax, substringCandidates, wordCandidates } from './search-candidates.ts'
import { searchConnection, wasStopped } from './search-connection.ts'
import { cursorAt, type Place, placeOf } from './search-cursor.ts'
import { type Facets, facetsOf } from './search-facets.ts'
import {
  type QueryRefused,
  type ReadQuery,
  readQuery,
  readSubstring,
  type SearchFilters,
} from './search-query.ts'

export { renewSearchOrder } from './search-order.ts'
export { suggest } from './suggest.ts'
export { refreshVocabulary } from './vocabulary.ts'

/** What a patron asks the catalogue. */
export type SearchAsk = SearchFilters & {
  /** Any printable text up to 100 characters. Nothing in it is a pattern or an operator. */
  readonly query: string
  /** `substring` finds the letters anywhere in a word; it needs three in a row. Default: `words`. */
  readonly mode?: 'words' | 'substring' | undefined
  /** `more` of the page before. */
  readonly after?: string | undefined
  /** Titles a page, 1 to 100; 20 if not given. */
  readonly limit?: number | undefined
  /** Count the facets too. */
  readonly facets?: boolean | undefined
}

/** A title as a list of results shows it. */
export type FoundTitle = {
  readonly titleId: number
  readonly title: string
  readonly subtitle: string
  readonly authors: readonly string[]
  readonly publishedYear: number | null
  readonly language: string
  readonly material: string
  /** Copies that are not withdrawn, at all branches. */
  readonly copies: number
  /** Those of them that stand on a shelf, free for anybody. */
  readonly available: number
  /** The same by branch, for those that have any. */
  readonly places: readonly Standing[]
  /** The first of `isbns`. */
  readonly isbn: string | null
  readonly isbns: readonly string[]
}

/** The copies of a title at one branch, and how many of them stand on a shelf. */
export type Standing = { readonly branchId: number; readonly copies: number; readonly available: number }

/** Why there is no answer, in a form that can be told to a patron. */
export type SearchRefused =
  | QueryRefused
  /** Stopped by the database at the time limit: add a word. */
  | { readonly refused: 'too-broad' }
  | { readonly refused: 'cursor-unknown' }

/** One page of results, or why not. */
export type SearchAnswer =
  | {
      readonly outcome: 'found'
      readonly titles: readonly FoundTitle[]
      /** The cursor of the next page, null on the last. */
      readonly more: string | null
      /** There are more than `counted`: say "1,000+". They can be reached by adding a word or a filter. */
      readonly atMost: boolean
      readonly counted: number
      readonly facets?: Facets
      /** Other queries that the person may have meant, likeliest first; only where little was found. */
      readonly didYouMean?: readonly string[]
    }
  | ({ readonly outcome: 'refused' } & SearchRefused)

/** Titles a page when the asker does not say. */
export const pageTitles = 20
const pageTitlesMax = 100
/** With fewer results than this, other spellings are offered. */
const thinResults = 3

/**
 * Finds titles by words (or by parts of words), best first: the exact title, titles that begin so, all words in
 * the title or all in the author, then the rest; among equals the more lent, then the newer. At most about a
 * thousand are ranked and can be paged through.
 *
 * `searchDb` is the pool of the role that can only read the catalogue, with its own statement limit.
 */
export async function search(searchDb: Database, ask: SearchAsk): Promise<SearchAnswer> {
  const limit = Math.min(Math.max(Math.trunc(ask.limit ?? pageTitles), 1), pageTitlesMax)
  const read = ask.mode === 'substring' ? asSubstring(ask) : asWords(ask)
  if ('refused' in read) return { outcome: 'refused', ...read }
  const place = ask.after === undefined ? start : placeOf(ask.after, questionOf(ask))
  if (!place) return { outcome: 'refused', refused: 'cursor-unknown' }
  try {
    return await searchConnection(searchDb, async (db) => {
      const [row] = await db.rows<Row>(pageOf(read, { place, limit, withIds: ask.facets === true }))
      if (!row) throw new Error('A search without from gave no row.')
      const titles = row.titles ?? []
      const shown = titles.slice(0, limit)
      const last = shown.at(-1)
      const isThin = row.counted < thinResults && ask.mode !== 'substring' && ask.after === undefined
      return {
        outcome: 'found',
        titles: shown.map(({ place: _, ...title }) => added(title)),
        more: last && titles.length > limit ? cursorAt(last.place, questionOf(ask)) : null,
        atMost: row.at_most,
        counted: row.counted,
        ...(ask.facets ? { facets: await facetsOf(db, row.ids ?? '{}') } : {}),
        ...(isThin ? { didYouMean: await didYouMean(db, read.tokens) } : {}),
      }
    })
  } catch (error) {
    if (wasStopped(error)) return { outcome: 'refused', refused: 'too-broad' }
    throw error
  }
}

/** Before every title. */
const start: Place = { rank: -1, loans: 0, year: 0, titleId: 0 }

type Row = {
  counted: number
  at_most: boolean
  ids: string | null
  titles: readonly (Counted & { place: Place })[] | null
}

/** A title as the statement gives it: what can be told from the rest of it is left to us. */
type Counted = Omit<FoundTitle, 'copies' | 'available' | 'isbn'>

function added(title: Counted): FoundTitle {
  const sum = (name: 'copies' | 'available') => title.places.reduce((all, each) => all + each[name], 0)
  return { ...title, copies: sum('copies'), available: sum('available'), isbn: title.isbns[0] ?? null }
}

type Reading = { readonly candidates: Sql; readonly rank: Sql; readonly tokens: readonly string[] }

function asWords(ask: SearchAsk): Reading | QueryRefused {
  const query = readQuery(ask.query, ask)
  if ('refused' in query) return query
  return { candidates: wordCandidates(query, ask), rank: rankOf(query), tokens: query.tokens }
}

function asSubstring(ask: SearchAsk): Reading | QueryRefused {
  const read = readSubstring(ask.query)
  if ('refused' in read) return read
  const rank = sql`case
    when split_part(folded, ' /', 1) = ${read.folded} then 0
    when starts_with(folded, ${read.folded}) then 1
    when split_part(folded, ' /', 1) like ${read.pattern} then 2
    else 3
  end`
  return { candidates: substringCandidates(read, ask), rank, tokens: [] }
}

/** Lower is better. What matches only because the last word goes on comes after all that matches as typed. */
function rankOf({ folded, wordPatterns }: ReadQuery): Sql {
  const together = sql`(
    split_part(folded, ' /', 1) like all (${wordPatterns}::text[])
    or split_part(folded, ' /', 2) like all (${wordPatterns}::text[])
  )`
  return sql`case
    when split_part(folded, ' /', 1) = ${folded} then 0
    when starts_with(folded, ${`${folded} `}) then 1
    when is_whole and ${together} then 2
    when is_whole then 3
    when starts_with(folded, ${folded}) then 4
    when ${together} then 5
    else 6
  end`
}

/** What a cursor belongs to: the question without the place and the page. */
function questionOf({ query, mode, branchId, available, language, year, material }: SearchAsk): unknown {
  return [query, mode ?? 'words', branchId, available, language, year?.from, year?.to, material]
}

/** One statement, one trip: candidates, their order, one page, and only for that page the copies. */
function pageOf(
  { candidates, rank }: Reading,
  { place, limit, withIds }: { place: Place; limit: number; withIds: boolean },
): Sql {
  return sql`
    with ${candidates},
    ranked as materialized (
      select id, ${rank} as rank, -loans_count as loans, -coalesce(published_year, -9999) as year
      from candidate
      where fits
      order by rank, loans, year, id
      limit ${matchesMax}::integer
    ),
    page as (
      select *
      from ranked
      where (rank, loans, year, id) > (${place.rank}::integer, ${place.loans}::integer, ${place.year}::integer, ${place.titleId}::bigint)
      order by rank, loans, year, id
      limit ${limit + 1}::integer
    )
    select
      (select count(*) from ranked) as counted,
      (select count(*) filter (where fits) > ${matchesMax}::integer or bool_or(cut) is true from candidate) as at_most,
      ${withIds ? sql`(select array_agg(id)::text from ranked)` : sql`null::text`} as ids,
      (select json_agg(${foundTitle} order by rank, loans, year, page.id) from page join title on title.id = page.id)
        as titles
  `
}

const foundTitle: Sql = sql`
  json_build_object(
    'titleId', title.id, 'title', title.title, 'subtitle', title.subtitle, 'authors', title.authors,
    'publishedYear', title.published_year, 'language', title.language, 'material', title.material,
    'isbns', title.isbns,
    'places', array(
      select json_build_object(
        'branchId', copy.branch_id, 'copies', count(*), 'available', count(*) filter (where ${isAvailable})
      )
      from copy
      where copy.title_id = title.id and copy.withdrawn_at is null
      group by copy.branch_id
    ),
    'place', json_build_object('rank', rank, 'loans', loans, 'year', year, 'titleId', page.id)
  )
`
