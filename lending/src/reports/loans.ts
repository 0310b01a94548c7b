import type { Rows } from '../postgres/pool.ts'
import { plannedAnew, type Sql, sql } from '../postgres/sql.ts'
import { lentThere, places } from './days.ts'
import { barsMax, type Grouping, type Report, type ReportAsk, type ReportBar, wholly } from './report.ts'

type Row = { readonly name: string; readonly loans: number }

const groupsMax = 10_000

/** Loans by the day, week or month that they were lent on, by branch, category or type. Loans whose patron is forgotten count. */
export const loans: Report = {
  name: 'loans',
  needs: 'reports',
  asks: ['days', 'branch'],
  groupings: ['day', 'week', 'month', 'branch', 'category', 'item-type'],
  picture: 'upright',
  rowsMax: groupsMax,
  columns: ({ by }) => [
    { name: by, kind: isTime(by) ? 'day' : 'text' },
    { name: 'loans', kind: 'number' },
  ],
  table: async (db, ask, rowsMax) => {
    const rows = await counted(db, ask)
    return {
      rows: rows.slice(0, rowsMax).map(({ name, loans: count }) => [name, count]),
      count: rows.length,
      sum: rows.reduce((sum, { loans: count }) => sum + count, 0),
      bars: isTime(ask.by) ? withQuietDays(rows, ask) : rows.slice(0, barsMax).map(barOf),
    }
  },
  page: wholly(async (db, ask, rowsMax) => loans.table(db, ask, rowsMax), groupsMax),
}

/** Whether what is grouped follows in time. */
export function isTime(by: Grouping): boolean {
  return by === 'day' || by === 'week' || by === 'month'
}

async function counted(db: { readonly rows: Rows }, ask: ReportAsk): Promise<readonly Row[]> {
  const { by } = ask
  const local = sql`loan.lent_at at time zone place.time_zone`
  const keys: Readonly<Record<Grouping, { readonly key: Sql; readonly join: Sql }>> = {
    day: { key: sql`(${local})::date::text`, join: sql`` },
    week: { key: sql`date_trunc('week', ${local})::date::text`, join: sql`` },
    month: { key: sql`date_trunc('month', ${local})::date::text`, join: sql`` },
    branch: { key: sql`place.name`, join: sql`` },
    category: {
      key: sql`patron_category.name`,
      join: sql`join patron_category on patron_category.id = loan.patron_category_id`,
    },
    'item-type': {
      key: sql`item_type.name`,
      join: sql`join copy on copy.id = loan.copy_id join item_type on item_type.id = copy.item_type_id`,
    },
    shelf: { key: sql`copy.shelf`, join: sql`join copy on copy.id = loan.copy_id` },
  }
  const { key, join } = keys[by]
  return db.rows<Row>(
    plannedAnew(sql`
    with ${places(ask)}
    select ${key} as name, count(*)::integer as loans
    from place
    join loan on ${lentThere(ask)}
    ${join}
    group by 1
    order by ${isTime(by) ? sql`1` : sql`2 desc, 1`}
    limit ${groupsMax}
  `),
  )
}

/** A day on which nothing was lent is a gap between bars. */
function withQuietDays(rows: readonly Row[], { by, from, to }: ReportAsk): readonly ReportBar[] {
  const lent = new Map(rows.map(({ name, loans: count }) => [name, count]))
  const bars: ReportBar[] = []
  const day = new Date(`${from}T00:00:00Z`)
  if (by === 'week') day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
  if (by === 'month') day.setUTCDate(1)
  for (let name = isoDay(day); name <= to; name = isoDay(day)) {
    bars.push({ name, value: lent.get(name) ?? 0 })
    if (by === 'month') day.setUTCMonth(day.getUTCMonth() + 1)
    else day.setUTCDate(day.getUTCDate() + (by === 'week' ? 7 : 1))
  }
  return bars
}

function isoDay(day: Date): string {
  return day.toISOString().slice(0, 10)
}

function barOf({ name, loans: value }: Row): ReportBar {
  return { name, value }
}
