import type { Database, Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'

/** What was lent in one visit was lent within so long of each other. */
const visit = sql`interval '12 hours'`
/** Patrons are told apart while their loans are theirs: a month, by default. */
const windowDays = 30
/** With fewer, somebody might be recognised. */
const patronsMin = 3
/** Of a title with more loans in the window, the latest are looked at. */
const loansLookedAt = 200
/** Of a visit with more, these. */
const visitLoansMax = 40
const othersMax = 8
/** Some may have left the catalogue since. */
const shownMax = 6
/** One statement for 200 titles that everybody borrows took 4.8 s, and it is stopped after 5. */
const titlesABatch = 20
/**
 * Each round looks at one part of the catalogue. A day and the parts have no divisor in common, so that a Bibby that only
 * runs by day comes round to all of them too.
 */
const parts = 23
const hourMs = 60 * 60_000

/**
 * Counts for a part of the catalogue what was taken home together in the last weeks, and keeps the counts of what three
 * different patrons did, before the loans lose their patrons. What was counted once stays; nothing is ever added up, so
 * no patron counts twice.
 */
export async function countLentTogether(db: Database, now: Date): Promise<{ readonly changed: number }> {
  const part = Math.floor(now.getTime() / hourMs) % parts
  let changed = 0
  for (let after = 0; ; ) {
    const lent = await db.rows<{ id: number }>(sql`
      select id
      from title
      where id > ${after} and id % ${parts}::integer = ${part}::integer and loans_count > 0 and deleted_at is null
      order by id
      limit ${titlesABatch}::integer
    `)
    changed += await countOf(db, { titleIds: lent.map(({ id }) => id), now })
    after = lent.at(-1)?.id ?? 0
    if (lent.length < titlesABatch) return { changed }
  }
}

async function countOf(
  db: { readonly rows: Rows },
  { titleIds, now }: { readonly titleIds: readonly number[]; readonly now: Date },
): Promise<number> {
  const since = new Date(now.getTime() - windowDays * 24 * hourMs)
  const changed = await db.rows(sql`
    with counted as (${countedNow({ titleIds, since })}),
    known as (
      select id, other_id, max(patrons)::integer as patrons
      from (
        select * from counted
        union all
        select kept.title_id, pair.other_id, pair.patrons
        from often_lent_with as kept
        cross join lateral unnest(kept.other_ids, kept.patrons) as pair (other_id, patrons)
        where kept.title_id in (select id from counted)
      ) as now_and_before
      group by id, other_id
    ),
    best as (
      select *, row_number() over (partition by id order by patrons desc, other_id) as place from known
    )
    insert into often_lent_with (title_id, other_ids, patrons)
    select id, array_agg(other_id order by place), array_agg(patrons order by place)
    from best
    where place <= ${othersMax}::integer
    group by id
    on conflict (title_id) do update set other_ids = excluded.other_ids, patrons = excluded.patrons
    where (often_lent_with.other_ids, often_lent_with.patrons) is distinct from (excluded.other_ids, excluded.patrons)
    returning 1
  `)
  return changed.length
}

/** For each title the others that enough patrons took home in the same visit, each patron once. */
function countedNow({
  titleIds,
  since,
}: {
  readonly titleIds: readonly number[]
  readonly since: Date
}): Sql {
  return sql`
    select looked_at.id, together.other_id, together.patrons
    from unnest(${titleIds}::bigint[]) as looked_at (id)
    cross join lateral (
      select other.title_id as other_id, count(distinct visit.patron_id) as patrons
      from (
        select loan.patron_id, loan.lent_at - ${visit} as begins, loan.lent_at + ${visit} as ends
        from copy
        join loan on loan.copy_id = copy.id
        where copy.title_id = looked_at.id and loan.patron_id is not null and loan.lent_at >= ${since}
        order by loan.lent_at desc
        limit ${loansLookedAt}::integer
      ) as visit
      cross join lateral (
        (
          select copy_id from loan
          where patron_id = visit.patron_id and returned_at is null and lent_at between visit.begins and visit.ends
          limit ${visitLoansMax}::integer
        )
        union all
        (
          -- Nothing comes back before it was lent: so far back the index need not be read.
          select copy_id from loan
          where patron_id = visit.patron_id and returned_at >= visit.begins
            and lent_at between visit.begins and visit.ends
          limit ${visitLoansMax}::integer
        )
      ) as near
      join copy as other on other.id = near.copy_id
      where other.title_id <> looked_at.id
      group by other.title_id
      having count(distinct visit.patron_id) >= ${patronsMin}::integer
    ) as together
  `
}

/** A title that is often taken home with another. */
export type LentTogether = {
  readonly titleId: number
  readonly title: string
  readonly authors: readonly string[]
  readonly language: string
  readonly isbns: readonly string[]
}

/** The titles that are most often taken home with this one, as far as three different patrons did. */
export async function oftenLentWith(
  db: { readonly rows: Rows },
  titleId: number,
): Promise<readonly LentTogether[]> {
  return db.rows<LentTogether>(sql`
    select title.id as "titleId", title.title, title.authors, title.language, title.isbns
    from often_lent_with
    cross join lateral unnest(often_lent_with.other_ids) with ordinality as other (id, place)
    join title on title.id = other.id
    where often_lent_with.title_id = ${titleId} and title.deleted_at is null
    order by other.place
    limit ${shownMax}::integer
  `)
}
