import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** A returned loan as its patron sees it. Times are ISO 8601. */
export type ReturnedLoan = {
  readonly loanId: number
  readonly titleId: number
  readonly title: string
  readonly authors: readonly string[]
  readonly branchName: string
  readonly lentAt: string
  readonly returnedAt: string
}

/** No page of a history is longer. */
export const historyRowsMax = 200

/**
 * What a patron returned and the library still remembers, the latest first; the next page begins before the last loan
 * of this one. It is for the patron alone: nobody who works here browses what others have read.
 */
export async function historyOf(
  db: { readonly rows: Rows },
  {
    patronId,
    before,
    limit,
  }: { readonly patronId: number; readonly before?: number | undefined; readonly limit: number },
): Promise<readonly ReturnedLoan[]> {
  const from =
    before === undefined
      ? sql`true`
      : sql`(loan.returned_at, loan.id) < (
          select seen.returned_at, seen.id from loan as seen where seen.id = ${before} and seen.patron_id = ${patronId}
        )`
  const rows = await db.rows<ReturnedLoan & { lentAt: Date; returnedAt: Date }>(sql`
    select loan.id as "loanId", title.id as "titleId", title.title, title.authors, branch.name as "branchName",
      loan.lent_at as "lentAt", loan.returned_at as "returnedAt"
    from loan
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    join branch on branch.id = loan.branch_id
    where loan.patron_id = ${patronId} and loan.returned_at is not null and ${from}
    order by loan.returned_at desc, loan.id desc
    limit ${Math.min(Math.max(1, Math.trunc(limit)), historyRowsMax)}
  `)
  return rows.map((row) => ({
    ...row,
    lentAt: row.lentAt.toISOString(),
    returnedAt: row.returnedAt.toISOString(),
  }))
}
