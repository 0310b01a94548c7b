import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { LoanCase, LoanRule } from './loan-rule.ts'

/** The rules that fit a case, at most eight; `mostSpecific` picks the one. */
export async function rulesFor(db: { readonly rows: Rows }, loanCase: LoanCase): Promise<LoanRule[]> {
  return db.rows<LoanRule>(sql`
    select ${ruleColumns}
    from loan_rule
    where (loan_rule.branch_id is null or loan_rule.branch_id = ${loanCase.branchId})
      and (loan_rule.patron_category_id is null or loan_rule.patron_category_id = ${loanCase.patronCategoryId})
      and (loan_rule.item_type_id is null or loan_rule.item_type_id = ${loanCase.itemTypeId})
  `)
}

/** The columns of `loan_rule` under the names of `LoanRule`. */
export const ruleColumns: Sql = sql`
  loan_rule.id,
  loan_rule.branch_id as "branchId",
  loan_rule.patron_category_id as "patronCategoryId",
  loan_rule.item_type_id as "itemTypeId",
  loan_rule.lendable,
  loan_rule.loan_days as "loanDays",
  loan_rule.renewals_max as "renewalsMax",
  loan_rule.loans_max as "loansMax",
  loan_rule.holds_max as "holdsMax",
  loan_rule.fine_cents_per_day as "fineCentsPerDay",
  loan_rule.grace_days as "graceDays",
  loan_rule.fine_cap_cents as "fineCapCents",
  loan_rule.version
`
