import type { Rows } from '../postgres/pool.ts'
import { plannedAnew, sql } from '../postgres/sql.ts'
import { type Cell, fileRowsMax, type Place, type Report, type ReportAsk } from './report.ts'

/** How late, in days up to; the last goes on. */
const lateness = ['1-7', '8-14', '15-30', '31-90', '91-'] as const

type Row = {
  readonly loanId: number
  readonly dueAt: string
  readonly due: string
  readonly daysLate: number
  readonly title: string
  readonly barcode: string
  readonly callNumber: string
  readonly branch: string
  readonly card: string | null
  readonly patron: string
}

/** Every loan that should be back, the longest overdue first. */
export const overdue: Report = {
  name: 'overdue',
  needs: 'patron-read',
  asks: ['branch'],
  groupings: [],
  picture: 'lying',
  rowsMax: fileRowsMax,
  columns: () => [
    { name: 'due', kind: 'day' },
    { name: 'days-late', kind: 'number' },
    { name: 'title', kind: 'text' },
    { name: 'barcode', kind: 'text' },
    { name: 'call-number', kind: 'text' },
    { name: 'branch', kind: 'text' },
    { name: 'card', kind: 'text' },
    { name: 'patron', kind: 'text' },
  ],
  table: async (db, ask, rowsMax) => {
    const [rows, counts] = await Promise.all([late(db, ask, { after: undefined, rowsMax }), howLate(db, ask)])
    const value = (name: string) => counts.find((each) => each.name === name)?.loans ?? 0
    return {
      rows: rows.map(cells),
      count: counts.reduce((sum, { loans }) => sum + loans, 0),
      bars: lateness.map((name) => ({ name, value: value(name) })),
    }
  },
  page: async (db, ask, at) => {
    const rows = await late(db, ask, at)
    const last = rows.at(-1)
    return { rows: rows.map(cells), last: last && [last.dueAt, last.loanId] }
  },
}

function cells({ due, daysLate, title, barcode, callNumber, branch, card, patron }: Row): readonly Cell[] {
  return [due, daysLate, title, barcode, callNumber, branch, card, patron]
}

async function late(
  db: { readonly rows: Rows },
  { branchId, now }: ReportAsk,
  { after, rowsMax }: { readonly after: Place | undefined; readonly rowsMax: number },
): Promise<readonly Row[]> {
  const [dueAt = '-infinity', loanId = 0] = after ?? []
  return db.rows<Row>(
    plannedAnew(sql`
    select loan.id as "loanId", loan.due_at::text as "dueAt",
      (loan.due_at at time zone branch.time_zone)::date::text as due,
      (${now}::timestamptz at time zone branch.time_zone)::date - (loan.due_at at time zone branch.time_zone)::date
        as "daysLate",
      title.title, copy.barcode, copy.call_number as "callNumber", branch.name as branch, patron.card,
      concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as patron
    from loan
    join branch on branch.id = loan.branch_id
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    join patron on patron.id = loan.patron_id
    where loan.returned_at is null
      and loan.due_at < ${now}
      and (loan.due_at, loan.id) > (${dueAt}::timestamptz, ${loanId}::bigint)
      and (${branchId ?? null}::bigint is null or loan.branch_id = ${branchId ?? null}::bigint)
    order by loan.due_at, loan.id
    limit ${rowsMax}
  `),
  )
}

async function howLate(
  db: { readonly rows: Rows },
  { branchId, now }: ReportAsk,
): Promise<readonly { readonly name: string; readonly loans: number }[]> {
  return db.rows(
    plannedAnew(sql`
    select
      case
        when days <= 7 then '1-7'
        when days <= 14 then '8-14'
        when days <= 30 then '15-30'
        when days <= 90 then '31-90'
        else '91-'
      end as name,
      count(*)::integer as loans
    from (
      select (${now}::timestamptz at time zone branch.time_zone)::date - (loan.due_at at time zone branch.time_zone)::date as days
      from loan
      join branch on branch.id = loan.branch_id
      where loan.returned_at is null
        and loan.due_at < ${now}
        and (${branchId ?? null}::bigint is null or loan.branch_id = ${branchId ?? null}::bigint)
    ) as late
    group by 1
  `),
  )
}
