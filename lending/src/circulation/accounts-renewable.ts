import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { dueAt } from './due-date.ts'
import { policyOf } from './policy.ts'
import { someoneWaits } from './renew.ts'
import { type RenewFacts, type RenewRefused, renewRefusals } from './renew-refusal.ts'

/** What stands in the way of each loan by its identity; a loan that is not named here can be renewed. */
export type InTheWay = ReadonlyMap<number, RenewRefused>

type Row = Pick<RenewFacts, 'patron' | 'owesCents' | 'someoneWaits'> & {
  readonly loanId: number
  readonly branchId: number
  readonly loanRuleId: number
  readonly dueAt: Date
  readonly renewals: number
  readonly policyVersion: string
}

/**
 * Why the open loans of a patron would not be renewed now, as far as one look can tell: the verb decides. The loans
 * are those of `loansOf` under the same limit, and weighed by the same rule as the verb.
 */
export async function inTheWayOfRenewals(
  db: { readonly rows: Rows },
  { patronId, now, limit }: { readonly patronId: number; readonly now: Date; readonly limit: number },
): Promise<InTheWay> {
  const rows = await db.rows<Row>(sql`
    select loan.id as "loanId", loan.branch_id as "branchId", loan.loan_rule_id as "loanRuleId",
      loan.due_at as "dueAt", loan.renewals, ${someoneWaits(now)} as "someoneWaits",
      json_build_object('expiresOn', patron.expires_on, 'blockedBecause', patron.blocked_because) as patron,
      (select coalesce(sum(cents), 0)::bigint from fine_line where patron_id = ${patronId}) as "owesCents",
      policy_version.version as "policyVersion"
    from loan
    join copy on copy.id = loan.copy_id
    join patron on patron.id = loan.patron_id
    cross join policy_version
    where loan.patron_id = ${patronId} and loan.returned_at is null
    order by loan.due_at, loan.id
    limit ${limit}
  `)
  const [first] = rows
  if (!first) return new Map()
  const { branches, rules, blockAtCents } = await policyOf(db, first.policyVersion)
  const found = new Map<number, RenewRefused>()
  for (const { loanId, branchId, loanRuleId, dueAt: due, renewals, ...row } of rows) {
    const [openDays, rule] = [branches.get(branchId), rules.find(({ id }) => id === loanRuleId)]
    // A policy of a moment later may know either no more: the verb will say.
    if (!openDays || !rule) continue
    const newDue = dueAt({ ...openDays, rule, lentAt: now, patronExpiresOn: row.patron.expiresOn })
    const loan = { dueAt: due.toISOString(), renewals }
    const [refusal] = renewRefusals({ ...row, loan, rule, openDays, blockAtCents }, { now, newDue })
    if (refusal) found.set(loanId, refusal)
  }
  return found
}
