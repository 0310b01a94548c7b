import { setTimeout as wait } from 'node:timers/promises'
import type { Database, Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { wordCandidates } from './search-candidates.ts'
import { isNotNow, searchConnection } from './search-connection.ts'
import { readQuery } from './search-query.ts'
import { foldedText } from './tokens.ts'

/** A series as a title names it, and the title's number in it; null where it has none that can be read. */
export type SeriesPlace = { readonly name: string; readonly number: number | null }

/** A title of the series with its number. */
export type InSeries = {
  readonly titleId: number
  readonly title: string
  readonly language: string
  readonly number: number
}

/** Those before and after a title in its series; undefined where the library has none. */
export type Neighbours = {
  readonly name: string
  readonly before: InSeries | undefined
  readonly after: InSeries | undefined
}

/** No series is looked through further. */
const seriesMax = 500
const nameMax = 100
/** Whoever reads of a title waits no longer for a connection that others have. */
const patienceMs = 200

/** Reads `Discworld ; 4`, `Foundation, Bd. 2` or `The Expanse (#3)`: what follows the last sign is the number. */
export function seriesPlace(text: string): SeriesPlace {
  const [, name, number] =
    /^(.*?[^\s,;:#(])\s*[,;:#(]\s*#?(?:\p{L}{1,8}\.?\s*)?(\d{1,5})(?:\s*\))?[.\s]*$/u.exec(
      text.slice(0, 300),
    ) ?? []
  return name === undefined ? { name: text, number: null } : { name, number: Number(number) }
}

/**
 * The neighbours of a title in the first of its series that has a number. What takes too long has none, and while the
 * search is busy or out of reach none has any: they are a help on the way, and the search for the series is there too.
 */
export async function neighbours(
  searchDb: Database,
  { titleId, series }: { readonly titleId: number; readonly series: readonly string[] },
): Promise<Neighbours | undefined> {
  const place = series.map(seriesPlace).find(({ number }) => number !== null)
  if (!place || place.number === null) return undefined
  const { name, number } = place
  const query = readQuery(name.slice(0, nameMax), {}, { continuesFrom: Number.POSITIVE_INFINITY })
  if ('refused' in query) return undefined
  const rows = await connectedSoon(searchDb, (db) =>
    db.rows<Omit<InSeries, 'number'> & { series: readonly string[] }>(sql`
      with ${wordCandidates(query, {})}
      select title.id as "titleId", title.title, title.language, title.series
      from candidate
      join title on title.id = candidate.id
      where cardinality(title.series) > 0 and title.id <> ${titleId}
      limit ${seriesMax}::integer
    `),
  )
  if (!rows) return undefined
  const same = rows.flatMap(({ series: named, ...title }) => numberedIn(named, name, title))
  return { name, ...around(number, same) }
}

/** What `look` finds; undefined where no connection comes soon, or the database does not answer in time. */
async function connectedSoon<T>(
  searchDb: Database,
  look: (db: { rows: Rows }) => Promise<T>,
): Promise<T | undefined> {
  let turn: 'waiting' | 'come' | 'left' = 'waiting'
  const found = searchConnection(searchDb, async (db) => {
    if (turn === 'left') return undefined
    turn = 'come'
    return look(db)
  }).catch((error: unknown) => {
    if (isNotNow(error)) return undefined
    throw error
  })
  const leave = async () => {
    await wait(patienceMs, undefined, { ref: false })
    if (turn === 'come') return found
    turn = 'left'
    return undefined
  }
  return Promise.race([found, leave()])
}

function numberedIn(named: readonly string[], name: string, title: Omit<InSeries, 'number'>): InSeries[] {
  const folded = foldedText(name)
  const found = named
    .map(seriesPlace)
    .find((each) => each.number !== null && foldedText(each.name) === folded)
  return found?.number == null ? [] : [{ ...title, number: found.number }]
}

/** The nearest on either side; of several editions the one that was there first. */
function around(number: number, others: readonly InSeries[]): Pick<Neighbours, 'before' | 'after'> {
  const sorted = others.toSorted((one, other) => one.number - other.number || one.titleId - other.titleId)
  const last = sorted.findLast((each) => each.number < number)
  return {
    before: sorted.find((each) => each.number === last?.number),
    after: sorted.find((each) => each.number > number),
  }
}
