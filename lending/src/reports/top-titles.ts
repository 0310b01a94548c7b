import { plannedAnew, sql } from '../postgres/sql.ts'
import { lentThere, places } from './days.ts'
import { barsMax, type Report, wholly } from './report.ts'

const titlesMax = 1_000

/** The titles that were lent most on these days. */
export const topTitles: Report = {
  name: 'top-titles',
  needs: 'reports',
  asks: ['days', 'branch'],
  groupings: [],
  picture: 'lying',
  rowsMax: titlesMax,
  columns: () => [
    { name: 'title', kind: 'text' },
    { name: 'authors', kind: 'text' },
    { name: 'loans', kind: 'number' },
  ],
  table: async (db, ask, rowsMax) => {
    const found = await db.rows<{ title: string; authors: string; loans: number; count: number }>(
      plannedAnew(sql`
      with ${places(ask)},
      lent as (
        select copy.title_id, count(*)::integer as loans
        from place
        join loan on ${lentThere(ask)}
        join copy on copy.id = loan.copy_id
        group by copy.title_id
      ),
      most as (
        select title_id, loans, count(*) over ()::integer as count
        from lent
        order by loans desc, title_id
        limit ${Math.min(rowsMax, titlesMax)}
      )
      select title.title, array_to_string(title.authors, '; ') as authors, most.loans, most.count
      from most
      join title on title.id = most.title_id
      order by most.loans desc, most.title_id
    `),
    )
    return {
      rows: found.map(({ title, authors, loans }) => [title, authors, loans]),
      count: found[0]?.count ?? 0,
      bars: found.slice(0, barsMax).map(({ title, loans }) => ({ name: title, value: loans })),
    }
  },
  page: wholly(async (db, ask, rowsMax) => topTitles.table(db, ask, rowsMax), titlesMax),
}
