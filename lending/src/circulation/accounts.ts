import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

export { type OverdueLoan, overdueLoans } from './overdue.ts'
export { holdShelf, type PullRow, pullList, type ShelfRow } from './pull-list.ts'

/** An open loan as the patron's account shows it. Times are ISO 8601. */
export type LoanOf = {
  readonly loanId: number
  readonly titleId: number
  readonly copyId: number
  readonly barcode: string
  readonly title: string
  readonly authors: readonly string[]
  readonly lentAt: string
  readonly dueAt: string
  readonly isOverdue: boolean
  readonly renewals: number
  readonly renewalsMax: number
}

/** No account shows more loans, holds or lines of the ledger. */
const accountRowsMax = 500

/** What a patron has on loan, first due first. */
export async function loansOf(
  db: { readonly rows: Rows },
  { patronId, now, limit = 100 }: { readonly patronId: number; readonly now: Date; readonly limit?: number },
): Promise<readonly LoanOf[]> {
  const rows = await db.rows<Omit<LoanOf, 'lentAt' | 'dueAt'> & { lentAt: Date; dueAt: Date }>(sql`
    select loan.id as "loanId", copy.title_id as "titleId", copy.id as "copyId", copy.barcode, title.title,
      title.authors, loan.lent_at as "lentAt", loan.due_at as "dueAt", loan.due_at < ${now} as "isOverdue",
      loan.renewals, loan_rule.renewals_max as "renewalsMax"
    from loan
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    join loan_rule on loan_rule.id = loan.loan_rule_id
    where loan.patron_id = ${patronId} and loan.returned_at is null
    order by loan.due_at, loan.id
    limit ${Math.min(Math.max(1, Math.trunc(limit)), accountRowsMax)}
  `)
  return rows.map((row) => ({ ...row, lentAt: row.lentAt.toISOString(), dueAt: row.dueAt.toISOString() }))
}

/** An open hold as the patron's account shows it. */
export type HoldOf = {
  readonly holdId: number
  readonly titleId: number
  readonly title: string
  readonly authors: readonly string[]
  readonly state: 'waiting' | 'in-transit' | 'on-shelf'
  /** The place in the queue, 1 is next; null once a copy is captured. */
  readonly position: number | null
  readonly pickupBranchId: number
  readonly pickupBranchName: string
  /** ISO 8601. */
  readonly placedAt: string
  /** The first day on which it counts again, or `forever`; null when it counts. */
  readonly suspendedUntil: string | null
  /** The last day on which it can be fetched. */
  readonly shelfUntil: string | null
}

/** What a patron waits for: what can be fetched first, then by the day it was asked for. */
export async function holdsOf(
  db: { readonly rows: Rows },
  { patronId, now }: { readonly patronId: number; readonly now: Date },
): Promise<readonly HoldOf[]> {
  const rows = await db.rows<HoldOf & { placedAt: Date }>(sql`
    select hold.id as "holdId", hold.title_id as "titleId", title.title, title.authors, hold.state,
      case when hold.state = 'waiting' then (
        select count(*)::integer from hold as ahead
        where ahead.title_id = hold.title_id and ahead.closed_at is null and ahead.state = 'waiting'
          and (ahead.placed_at, ahead.id) <= (hold.placed_at, hold.id)
      ) end as position,
      branch.id as "pickupBranchId", branch.name as "pickupBranchName", hold.placed_at as "placedAt",
      case
        when hold.suspended_until > (${now}::timestamptz at time zone branch.time_zone)::date then ${suspendedUntil}
      end as "suspendedUntil",
      hold.shelf_until as "shelfUntil"
    from hold
    join title on title.id = hold.title_id
    join branch on branch.id = hold.pickup_branch_id
    where hold.patron_id = ${patronId} and hold.closed_at is null
    order by hold.state = 'on-shelf' desc, hold.placed_at, hold.id
    limit ${accountRowsMax}
  `)
  return rows.map(dated)
}

/** An open hold as the desk sees it on the title. */
export type HoldOn = Omit<HoldOf, 'title' | 'authors' | 'titleId'> & {
  readonly patronId: number
  readonly card: string
  readonly patronName: string
  readonly copyId: number | null
  readonly barcode: string | null
}

/** Who waits for a title: captured holds first, then the queue. For staff: it names people. */
export async function holdsOn(db: { readonly rows: Rows }, titleId: number): Promise<readonly HoldOn[]> {
  const rows = await db.rows<HoldOn & { placedAt: Date }>(sql`
    select hold.id as "holdId", hold.state,
      case when hold.state = 'waiting' then (
        row_number() over (partition by hold.state order by hold.placed_at, hold.id)
      )::integer end as position,
      branch.id as "pickupBranchId", branch.name as "pickupBranchName", hold.placed_at as "placedAt",
      ${suspendedUntil} as "suspendedUntil", hold.shelf_until as "shelfUntil", patron.id as "patronId", patron.card,
      concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as "patronName",
      copy.id as "copyId", copy.barcode
    from hold
    join branch on branch.id = hold.pickup_branch_id
    join patron on patron.id = hold.patron_id
    left join copy on copy.id = hold.copy_id
    where hold.title_id = ${titleId} and hold.closed_at is null
    order by hold.state = 'waiting', hold.placed_at, hold.id
    limit ${accountRowsMax}
  `)
  return rows.map(dated)
}

/** One line of a patron's ledger. Charges are above zero, payments and waivers below. */
export type FineLine = {
  readonly fineLineId: number
  readonly kind: 'charge' | 'payment' | 'waiver'
  readonly cents: number
  readonly reason: string
  /** ISO 8601. */
  readonly at: string
  readonly loanId: number | null
  /** What the loan was of; null when the line is about no loan. */
  readonly title: string | null
}

/** What a patron owes, and the lines that it comes from, newest first, at most 500. */
export async function owes(
  db: { readonly rows: Rows },
  patronId: number,
): Promise<{ readonly cents: number; readonly lines: readonly FineLine[] }> {
  const rows = await db.rows<Omit<FineLine, 'at'> & { at: Date; sum: number }>(sql`
    select fine_line.id as "fineLineId", fine_line.kind, fine_line.cents, fine_line.reason, fine_line.at,
      fine_line.loan_id as "loanId", title.title, (sum(fine_line.cents) over ())::bigint as sum
    from fine_line
    left join loan on loan.id = fine_line.loan_id
    left join copy on copy.id = loan.copy_id
    left join title on title.id = copy.title_id
    where fine_line.patron_id = ${patronId}
    order by fine_line.at desc, fine_line.id desc
    limit ${accountRowsMax}
  `)
  return {
    cents: rows[0]?.sum ?? 0,
    lines: rows.map(({ sum: _, ...row }) => ({ ...row, at: row.at.toISOString() })),
  }
}

const suspendedUntil = sql`
  case when hold.suspended_until = 'infinity' then 'forever' else hold.suspended_until::text end
`

function dated<Row extends { placedAt: Date }>(row: Row): Row & { placedAt: string } {
  return { ...row, placedAt: row.placedAt.toISOString() }
}
