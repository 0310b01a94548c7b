import { joined, type Sql, sql } from '../postgres/sql.ts'
import { type ReadQuery, type SearchFilters, yearBounds } from './search-query.ts'

/** No answer counts or pages through more titles than this: "1,000+". */
export const matchesMax = 1_000
/** In one tier no more matches are looked at than this. */
const examinedMax = 3_000
/** With fewer whole matches than this, titles where the last word goes on come after them. */
const thinMatches = 20
/** With this many titles that have the letters in the tiers before, no wide tier is looked at. */
const enoughParts = 500
/** Titles that are called exactly what was typed; a few hundred are called "Poems". */
const exactMax = 200

/**
 * Common table expressions that end in `candidate`: about a thousand titles at most, the most lent where there
 * are more, each once. A row that is `cut` says that its tier had more; it is a match only if it `fits`.
 *
 * The tiers are read in order and lazily: a limit above the append stops it. So `the` ends in the first two.
 */
export function wordCandidates(query: ReadQuery, filters: SearchFilters): Sql {
  const fits = fitting(filters)
  const continued = continuedTiers(query, fits)
  return sql`
    exact as materialized (${calledExactly(query.folded, sql`title.words @@ ${query.whole}::tsquery and ${fits}`)}),
    whole as materialized (
      select * from (${perTier((tier) => sql`${tier} and title.words @@ ${query.whole}::tsquery`, fits)}) as tiered
      limit ${matchesMax + 1}::integer
    ),
    continued as materialized (${continued}),
    candidate as (
      select distinct on (id) *
      from (
        select *, true as is_whole from exact
        union all select *, true from whole
        union all select *, false from continued
      ) as found
      order by id, is_whole desc
    )
  `
}

/**
 * As `wordCandidates`, for titles that have these letters anywhere. Letter triples say little about where letters
 * stand together, so most of what the index gives for common ones is looked at in vain: a wide tier is looked at
 * only while few are found, and then only until there are enough.
 */
export function substringCandidates(
  { folded, pattern }: { readonly folded: string; readonly pattern: string },
  filters: SearchFilters,
): Sql {
  const fits = fitting(filters)
  const matching = (tier: Sql) => sql`${tier} and title.folded like ${pattern}`
  const narrow = perTier(matching, fits, { tiers: tiers.slice(0, 2) })
  const wide = (tier: Sql | undefined, before: Sql) => sql`
    select * from (${perTier(matching, fits, { tiers: tier ? [tier] : [], isOrdered: false })}) as tiered
    where (select count(*) filter (where fits) from ${before}) < ${enoughParts}::integer
  `
  return sql`
    exact as materialized (${calledExactly(folded, fits)}),
    two as materialized (select * from (${narrow}) as tiered limit ${matchesMax + 1}::integer),
    three as materialized (select * from two union all (${wide(tiers[2], sql`two`)}) limit ${matchesMax + 1}::integer),
    four as materialized (select * from three union all (${wide(tiers[3], sql`three`)}) limit ${matchesMax + 1}::integer),
    five as materialized (select * from four union all (${wide(tiers[4], sql`four`)}) limit ${matchesMax + 1}::integer),
    candidate as materialized (
      select distinct on (id) id, folded, loans_count, published_year, fits,
        cut or (select count(*) filter (where fits) from four) >= ${enoughParts}::integer as cut, true as is_whole
      from (select * from exact union all select * from five) as found
      order by id, cut desc
    )
  `
}

/** The titles that are called exactly this, however seldom they were lent. */
function calledExactly(folded: string, fits: Sql): Sql {
  return sql`
    select title.id, title.folded, title.loans_count, title.published_year, true as fits, false as cut
    from title
    where split_part(title.folded, ' /', 1) = ${folded} and title.deleted_at is null and ${fits}
    limit ${exactMax}::integer
  `
}

/** The most lent titles of which a word goes on from the last one typed; for suggestions, which need few. */
export function suggestedCandidates(query: ReadQuery): Sql {
  return sql`
    candidate as materialized (
      select * from (${continuedTiered(query, sql`true`, suggestedDepth)}) as tiered
      where fits
      limit ${suggestedDepth.matches}::integer
    )
  `
}

/** A copy of `title` that a patron could take home or wait for; with `available`, take home now. */
function copyExists({ branchId, available }: SearchFilters): Sql {
  return sql`exists (
    select from copy
    where copy.title_id = title.id and copy.withdrawn_at is null
      ${branchId === undefined ? sql`` : sql`and copy.branch_id = ${branchId}`}
      ${available ? sql`and ${isAvailable}` : sql``}
  )`
}

/** Says of a row of `copy` whether it stands on its shelf, free for anybody. */
export const isAvailable: Sql = sql`(
  copy.lendable and copy.withdrawn_at is null and copy.in_transit_to is null
  and not exists (select from loan where loan.copy_id = copy.id and loan.returned_at is null)
  and not exists (select from hold where hold.copy_id = copy.id and hold.state in ('in-transit', 'on-shelf'))
)`

/** The tiers as the conditions of their indexes, most lent first. */
const tiers: readonly Sql[] = [
  sql`title.tier = 0 and title.deleted_at is null`,
  sql`title.tier = 1 and title.deleted_at is null`,
  sql`title.tier = 2 and title.deleted_at is null`,
  sql`title.tier = 3 and title.deleted_at is null`,
  sql`title.tier = 4 and title.deleted_at is null`,
]

const suggestedDepth = { matches: 60, examined: 1_000 }

function continuedTiers(query: ReadQuery, fits: Sql): Sql {
  if (!query.continued) return sql`select * from whole where false`
  return sql`
    select * from (${continuedTiered(query, fits, {})}) as tiered
    where (select count(*) from whole) < ${thinMatches}::integer
    limit ${matchesMax + 1}::integer
  `
}

/** The index finds the other words; only of what was looked at is a very short last word checked. */
function continuedTiered({ whole, continued, splitOff }: Continued, fits: Sql, depth: Depth): Sql {
  const wanted = splitOff?.find ?? continued ?? whole
  return perTier(
    (tier) => sql`${tier} and title.words @@ ${wanted}::tsquery`,
    splitOff ? sql`(strpos(title.folded, ${splitOff.check}) > 0 and ${fits})` : fits,
    depth,
  )
}

type Continued = Pick<ReadQuery, 'whole' | 'continued' | 'splitOff'>

/** What the words index cannot answer, as one condition on `title`. */
function fitting(filters: SearchFilters): Sql {
  const years = yearBounds(filters)
  const conditions = [
    ...(years ? [sql`title.published_year between ${years.from} and ${years.to}`] : []),
    ...(filters.language === undefined ? [] : [sql`title.language = ${filters.language}`]),
    ...(filters.material === undefined ? [] : [sql`title.material = ${filters.material}`]),
    ...(filters.branchId !== undefined || filters.available ? [copyExists(filters)] : []),
  ]
  return conditions.length === 0 ? sql`true` : joined(conditions, ' and ')
}

type Depth = {
  readonly matches?: number
  readonly examined?: number
  /** Which tiers; all if not said. */
  readonly tiers?: readonly Sql[]
  /** Whether the best of a tier are taken, and not the first that are met. Default: yes. */
  readonly isOrdered?: boolean
}

/**
 * The best of each tier. Filters are checked from the best down, and only until there are enough. Of a tier with
 * too many matches the last row that was looked at stays, as `cut`.
 */
function perTier(
  matching: (tier: Sql) => Sql,
  fits: Sql,
  { matches = matchesMax, examined = examinedMax, tiers: asked = tiers, isOrdered = true }: Depth = {},
): Sql {
  const isLast = sql`title.seen = ${examined}::integer`
  const order = sql`order by loans_count desc, published_year desc nulls last, id`
  return joined(
    asked.map(
      (tier) => sql`(
        select title.id, title.folded, title.loans_count, title.published_year,
          case when ${isLast} then ${fits} else true end as fits, ${isLast} as cut
        from (
          select *
          from (
            select ${looked}, row_number() over () as seen
            from title
            where ${matching(tier)}
            limit ${examined}::integer
          ) as found
          ${isOrdered ? order : sql``}
          limit ${examined}::integer
        ) as title
        where ${isLast} or ${fits}
        limit ${matches + 1}::integer
      )`,
    ),
    ' union all ',
  )
}

/** What ranking and filters look at. */
const looked = sql`
  title.id, title.folded, title.loans_count, title.published_year, title.language, title.material
`
