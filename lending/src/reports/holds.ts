import { plannedAnew, sql } from '../postgres/sql.ts'
import { barsMax, type Report, wholly } from './report.ts'

const titlesMax = 10_000

type Row = {
  readonly title: string
  readonly waiting: number
  readonly copies: number
  readonly oldest: string
  readonly count: number
}

/** Titles that somebody waits for, with how many copies could come: where to buy another. */
export const holds: Report = {
  name: 'holds',
  needs: 'reports',
  asks: ['branch'],
  groupings: [],
  picture: 'lying',
  rowsMax: titlesMax,
  columns: () => [
    { name: 'title', kind: 'text' },
    { name: 'waiting', kind: 'number' },
    { name: 'copies', kind: 'number' },
    { name: 'oldest-hold', kind: 'day' },
  ],
  table: async (db, { branchId }, rowsMax) => {
    const found = await db.rows<Row>(
      plannedAnew(sql`
      with waiting as (
        select hold.title_id, count(*)::integer as waiting,
          min((hold.placed_at at time zone branch.time_zone)::date)::text as oldest
        from hold
        join branch on branch.id = hold.pickup_branch_id
        where hold.closed_at is null
          and hold.state = 'waiting'
          and (${branchId ?? null}::bigint is null or hold.pickup_branch_id = ${branchId ?? null}::bigint)
        group by hold.title_id
      ),
      most as (
        select *, count(*) over ()::integer as count
        from waiting
        order by waiting desc, title_id
        limit ${Math.min(rowsMax, titlesMax)}
      )
      select title.title, most.waiting, most.oldest, most.count,
        (
          select count(*)::integer
          from copy
          where copy.title_id = most.title_id and copy.withdrawn_at is null and copy.lendable
            and not exists (select from missing_copy where missing_copy.copy_id = copy.id)
        ) as copies
      from most
      join title on title.id = most.title_id
      order by most.waiting desc, most.title_id
    `),
    )
    return {
      rows: found.map(({ title, waiting, copies, oldest }) => [title, waiting, copies, oldest]),
      count: found[0]?.count ?? 0,
      bars: found.slice(0, barsMax).map(({ title, waiting }) => ({ name: title, value: waiting })),
    }
  },
  page: wholly(async (db, ask, rowsMax) => holds.table(db, ask, rowsMax), titlesMax),
}
