import type { Database } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { together } from '../postgres/statement.ts'
import { putOffSortingIn, sortIn } from './sort-in.ts'

/** Titles a statement reads; each is a short one that holds no lock for long. */
const titlesPerBatch = 5_000
/** Titles that one statement moves to another tier. */
const movesPerBatch = 1_000
/** How many titles the first tiers hold; the last holds the rest. Each is eight times the one before. */
const tierSizes = [2_000, 16_000, 128_000, 1_024_000]
/** The tier of everything that is in no smaller one: where titles begin. */
const lastTier = 4
/** Titles alike in loans and year are parted by this many steps of their number, so that a tier can end between. */
const steps = 64

/** What a renewal did. */
export type SearchOrderRenewed = {
  readonly titles: number
  readonly recounted: number
  readonly moved: number
}

/**
 * Counts the loans of every title and moves titles to the tier that search reads them in, most lent first and
 * among equals the newer. For the hourly sweep: it walks the catalogue in batches, each a transaction of its own,
 * and may be stopped and begun again at any time. Only what changed is written.
 */
export async function renewSearchOrder(db: Database): Promise<SearchOrderRenewed> {
  const recounted = await countLoans(db)
  return { recounted, ...(await renewTiers(db)) }
}

/**
 * The second half of `renewSearchOrder`: moves titles by the loans that are noted on them. Throws the reason of
 * `signal` between two batches.
 */
export async function renewTiers(
  db: Database,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly titles: number; readonly moved: number }> {
  const { total, groups } = await histogram(db, signal)
  const ends = tierEnds(groups, total)
  let moved = 0
  for await (const { after, upTo } of batchesOfTitles(db)) {
    moved += await moveTitles(db, { after, upTo, ends, signal })
  }
  return { titles: total, moved }
}

/** Ranges of identities that each hold one batch of titles, in order. */
export async function* batchesOfTitles(
  db: Database,
): AsyncGenerator<{ readonly after: number; readonly upTo: number }> {
  let after = 0
  for (;;) {
    const [row] = await db.rows<{ up_to: number | null }>(sql`
      select max(id) as up_to
      from (select id from title where id > ${after} order by id limit ${titlesPerBatch}::integer) as batch
    `)
    if (!row || row.up_to === null) return
    yield { after, upTo: row.up_to }
    after = row.up_to
  }
}

async function countLoans(db: Database): Promise<number> {
  let recounted = 0
  for await (const { after, upTo } of batchesOfTitles(db)) {
    const changed = await db.rows<{ id: number }>(sql`
      with counted as (
        select copy.title_id, count(*) as loans
        from copy
        join loan on loan.copy_id = copy.id
        where copy.title_id > ${after} and copy.title_id <= ${upTo}
        group by copy.title_id
      )
      update title
      set loans_count = coalesce(counted.loans, 0)
      from title as before
      left join counted on counted.title_id = before.id
      where title.id = before.id and before.id > ${after} and before.id <= ${upTo}
        and before.loans_count <> coalesce(counted.loans, 0)
      returning title.id
    `)
    recounted += changed.length
  }
  return recounted
}

/** The order within tiers, as one number that grows with usefulness: loans, then year, then a step by number. */
const usefulness = sql`(
  least(title.loans_count, 1000000)::bigint * 16384 * ${steps}::bigint
  + (coalesce(title.published_year, -5000) + 5000)::bigint * ${steps}::bigint
  + (title.id % ${steps}::bigint)
)`

async function histogram(
  db: Database,
  signal: AbortSignal | undefined,
): Promise<{ total: number; groups: Map<number, number> }> {
  const groups = new Map<number, number>()
  let total = 0
  for await (const { after, upTo } of batchesOfTitles(db)) {
    signal?.throwIfAborted()
    const found = await db.rows<{ usefulness: number; titles: number }>(sql`
      select ${usefulness} as usefulness, count(*) as titles
      from title
      where title.id > ${after} and title.id <= ${upTo} and title.deleted_at is null
      group by 1
    `)
    for (const group of found) {
      groups.set(group.usefulness, (groups.get(group.usefulness) ?? 0) + group.titles)
      total += group.titles
    }
  }
  return { total, groups }
}

/**
 * The least usefulness of each tier. Small catalogues need few: once the tiers hold an eighth of it, the rest can
 * stay together, for a word that is not found often enough in an eighth is not found too often in the rest.
 */
function tierEnds(groups: ReadonlyMap<number, number>, total: number): readonly number[] {
  const ends: number[] = []
  const wanted = tierSizes.filter(
    (size, tier) => size < total && (tier === 0 || (tierSizes[tier - 1] ?? 0) < total / 8),
  )
  let held = 0
  for (const [key, titles] of [...groups].toSorted(([one], [other]) => other - one)) {
    const size = wanted[ends.length]
    if (size === undefined) break
    held += titles
    if (held >= size) ends.push(key)
  }
  return ends
}

type Move = {
  readonly after: number
  readonly upTo: number
  readonly ends: readonly number[]
  readonly signal: AbortSignal | undefined
}

async function moveTitles(db: Database, { after, upTo, ends, signal }: Move): Promise<number> {
  let moved = 0
  for (;;) {
    signal?.throwIfAborted()
    const movedNow = await moveAtOnce(
      db,
      sql`
      with placed as (
        select title.id,
          case
            when title.deleted_at is not null then ${lastTier}::integer
            else coalesce(
              (select min(tier_end.tier) from unnest(${ends}::bigint[]) with ordinality as tier_end (least, tier)
                where ${usefulness} >= tier_end.least) - 1,
              ${lastTier}::integer
            )
          end as tier
        from title
        where title.id > ${after} and title.id <= ${upTo}
      )
      update title
      set tier = chosen.tier
      from (
        select placed.id, placed.tier
        from placed
        join title on title.id = placed.id
        where title.tier <> placed.tier
        order by placed.id
        limit ${movesPerBatch}::integer
      ) as chosen
      where title.id = chosen.id
      returning title.id
    `,
    )
    moved += movedNow
    if (movedNow < movesPerBatch) return moved
  }
}

/** A title that changes its tier goes into other indexes. */
async function moveAtOnce(db: Database, move: Sql): Promise<number> {
  return db.transaction(async (tx) => {
    const [, moved] = await together(putOffSortingIn(tx), tx.rows(move), sortIn(tx))
    return moved.length
  })
}
