import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** A loan that should be back by now. */
export type OverdueLoan = {
  readonly loanId: number
  readonly titleId: number
  readonly title: string
  readonly copyId: number
  readonly barcode: string
  readonly patronId: number
  readonly card: string
  readonly patronName: string
  /** ISO 8601. */
  readonly dueAt: string
}

const overdueMax = 500

/**
 * The loans of a branch that are overdue, longest first; the next page begins after the loan `after`. Loans that
 * come back or are renewed meanwhile leave the list.
 */
export async function overdueLoans(
  db: { readonly rows: Rows },
  ask: {
    readonly branchId: number
    readonly now: Date
    readonly after?: number | undefined
    readonly limit?: number
  },
): Promise<readonly OverdueLoan[]> {
  const { branchId, now, after, limit = 100 } = ask
  const rows = await db.rows<Omit<OverdueLoan, 'dueAt'> & { dueAt: Date }>(sql`
    select loan.id as "loanId", title.id as "titleId", title.title, copy.id as "copyId", copy.barcode,
      patron.id as "patronId", patron.card,
      concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as "patronName",
      loan.due_at as "dueAt"
    from loan
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    join patron on patron.id = loan.patron_id
    where loan.returned_at is null
      and loan.due_at < ${now}
      and loan.branch_id = ${branchId}
      and (loan.due_at, loan.id) > (
        coalesce((select before.due_at from loan as before where before.id = ${after ?? null}), '-infinity'),
        coalesce(${after ?? null}::bigint, 0)
      )
    order by loan.due_at, loan.id
    limit ${Math.min(Math.max(1, Math.trunc(limit)), overdueMax)}
  `)
  return rows.map((row) => ({ ...row, dueAt: row.dueAt.toISOString() }))
}
