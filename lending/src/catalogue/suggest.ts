import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { suggestedCandidates } from './search-candidates.ts'
import { searchConnection, wasStopped } from './search-connection.ts'
import { readQuery } from './search-query.ts'
import { foldedText } from './tokens.ts'

const suggestionsMax = 20
/** Of the suggestions, at most this share are authors. */
const authorShare = 1 / 3

/** What somebody may be looking for. */
export type Suggestion = { readonly text: string; readonly kind: 'title' | 'author' }

/**
 * Titles and authors that what was typed so far may become, likeliest first. Any text is taken; one that cannot
 * be searched for, or that takes too long, has no suggestions.
 */
export async function suggest(
  searchDb: Database,
  prefix: string,
  limit: number,
): Promise<readonly Suggestion[]> {
  const query = readQuery(prefix, {}, { continuesFrom: 1 })
  if ('refused' in query) return []
  const wanted = Math.min(Math.max(Math.trunc(limit), 1), suggestionsMax)
  try {
    const rows = await searchConnection(searchDb, (db) =>
      db.rows<Candidate>(sql`
        with ${suggestedCandidates(query)}
        select title.title, title.authors
        from candidate
        join title on title.id = candidate.id
        order by starts_with(candidate.folded, ${query.folded}) desc, candidate.loans_count desc, candidate.id
      `),
    )
    return chosen(rows, query.tokens, wanted)
  } catch (error) {
    if (wasStopped(error)) return []
    throw error
  }
}

type Candidate = { readonly title: string; readonly authors: readonly string[] }

/** Authors that have every word typed, then titles in their order; what reads alike only once. */
function chosen(
  rows: readonly Candidate[],
  tokens: readonly string[],
  wanted: number,
): readonly Suggestion[] {
  const authors = new Map<string, string>()
  const titles = new Map<string, string>()
  for (const row of rows) {
    const author = row.authors.find((name) => begins(foldedText(name), tokens))
    if (author) authors.set(foldedText(author), author)
    else titles.set(foldedText(row.title), row.title)
  }
  const room = Math.max(Math.ceil(wanted * authorShare), wanted - titles.size)
  const as = (kind: Suggestion['kind']) => (text: string) => ({ text, kind })
  const first = [...authors.values()].slice(0, room).map(as('author'))
  return [...first, ...[...titles.values()].map(as('title'))].slice(0, wanted)
}

function begins(text: string, tokens: readonly string[]): boolean {
  const spaced = ` ${text}`
  return tokens.every((token) => spaced.includes(` ${token}`))
}
