import { type Flaws, type LabelId, notWhole } from '../language/flaw.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { type LoanRule, specificity, whyRule } from './loan-rule.ts'
import { isCode } from './places.ts'
import { ruleColumns } from './rules-for.ts'

/** A rule, for the case that is named by codes; null means any. What is absent is its default, not what it was. */
export type SetLoanRuleAsk = {
  readonly branch: string | null
  readonly patronCategory: string | null
  readonly itemType: string | null
  /** Default: true. */
  readonly lendable?: boolean
  readonly loanDays: number
  readonly renewalsMax: number
  readonly loansMax: number
  readonly holdsMax: number
  /** Default: 0, no fine. */
  readonly fineCentsPerDay?: number
  readonly graceDays?: number
  /** The most that one loan costs. Default: 0, nothing. */
  readonly fineCapCents?: number
}

/** Why no rule was set. */
export type SetLoanRuleRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'category-unknown' }
  | { readonly refused: 'item-type-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Sets the one rule for a case. Open loans keep their due dates; they are renewed and fined by the rule as it is then. */
export const setLoanRule: Verb<SetLoanRuleAsk, { ruleId: number; version: number }, SetLoanRuleRefused> = {
  action: 'set-loan-rule',
  about: () => ({}),
  work: async (tx, ask) => {
    const problems = outOfRange(ask)
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const found = await sidesOf(tx, ask)
    if ('refused' in found) return found
    const [rule] = await tx.rows<{ ruleId: number; version: number }>(sql`
      insert into loan_rule (
        branch_id, patron_category_id, item_type_id, lendable, loan_days, renewals_max, loans_max, holds_max,
        fine_cents_per_day, grace_days, fine_cap_cents
      )
      values (
        ${found.branchId}, ${found.categoryId}, ${found.itemTypeId}, ${ask.lendable ?? true}, ${ask.loanDays},
        ${ask.renewalsMax}, ${ask.loansMax}, ${ask.holdsMax}, ${ask.fineCentsPerDay ?? 0},
        ${ask.graceDays ?? 0}, ${ask.fineCapCents ?? 0}
      )
      on conflict on constraint loan_rule_one_for_each_case do update
      set lendable = excluded.lendable, loan_days = excluded.loan_days, renewals_max = excluded.renewals_max,
          loans_max = excluded.loans_max, holds_max = excluded.holds_max,
          fine_cents_per_day = excluded.fine_cents_per_day, grace_days = excluded.grace_days,
          fine_cap_cents = excluded.fine_cap_cents, version = loan_rule.version + 1
      returning id as "ruleId", version
    `)
    if (!rule) throw new Error('An upsert always has a row.')
    return rule
  },
}

/** A rule as people read it: by the codes and names of its case. */
export type ListedRule = LoanRule & {
  readonly branch: string | null
  readonly branchName: string | null
  readonly patronCategory: string | null
  readonly patronCategoryName: string | null
  readonly itemType: string | null
  readonly itemTypeName: string | null
  /** `branch Main, patrons Adult, any item type`. */
  readonly why: string
}

const rulesMax = 2_000

/** All loan rules, most specific first, then by name; at most 2,000. With `ids`, only these. */
export async function loanRules(
  db: { readonly rows: Rows },
  ids?: readonly number[],
): Promise<readonly ListedRule[]> {
  const rows = await db.rows<Omit<ListedRule, 'why'>>(sql`
    select ${ruleColumns},
      branch.code as branch, branch.name as "branchName",
      patron_category.code as "patronCategory", patron_category.name as "patronCategoryName",
      item_type.code as "itemType", item_type.name as "itemTypeName"
    from loan_rule
    left join branch on branch.id = loan_rule.branch_id
    left join patron_category on patron_category.id = loan_rule.patron_category_id
    left join item_type on item_type.id = loan_rule.item_type_id
    where ${ids ? sql`loan_rule.id = any(${ids})` : sql`true`}
    order by branch.name, patron_category.name, item_type.name, loan_rule.id
    limit ${rulesMax}
  `)
  const listed = rows.map((row) => ({
    ...row,
    why: whyRule(row, {
      branch: row.branchName ?? '',
      patronCategory: row.patronCategoryName ?? '',
      itemType: row.itemTypeName ?? '',
    }),
  }))
  return listed.toSorted((one, other) => specificity(other) - specificity(one))
}

/** The same limits as the constraints of the table, and of what an amount can be. */
const ranges: Readonly<Record<string, readonly [least: number, most: number, label: LabelId]>> = {
  loanDays: [1, 3_650, 'loan-days'],
  renewalsMax: [0, 1_000, 'renewals'],
  loansMax: [0, 10_000, 'loans'],
  holdsMax: [0, 10_000, 'holds'],
  fineCentsPerDay: [0, 1_000_000, 'fine-a-day'],
  graceDays: [0, 3_650, 'days-of-grace'],
  fineCapCents: [0, 100_000_000, 'the-most-that-a-loan-costs'],
}

function outOfRange(ask: SetLoanRuleAsk): Flaws {
  const given = Object.entries(ask)
  const wrong = Object.entries(ranges).flatMap(([name, [min, max, label]]) => {
    const value: unknown = given.find(([each]) => each === name)?.[1]
    if (value === undefined) return []
    const fits = Number.isInteger(value) && Number(value) >= min && Number(value) <= max
    return fits ? [] : [[name, notWhole({ label, min, max })] as const]
  })
  return Object.fromEntries(wrong)
}

type Sides = {
  readonly branchId: number | null
  readonly categoryId: number | null
  readonly itemTypeId: number | null
}

async function sidesOf(tx: Tx, ask: SetLoanRuleAsk): Promise<Sides | SetLoanRuleRefused> {
  const known = (code: string | null) => (code !== null && isCode(code) ? code : null)
  const [row] = await tx.rows<Sides>(sql`
    select
      (select id from branch where code = ${known(ask.branch)}) as "branchId",
      (select id from patron_category where code = ${known(ask.patronCategory)}) as "categoryId",
      (select id from item_type where code = ${known(ask.itemType)}) as "itemTypeId"
  `)
  if (!row) throw new Error('A statement that always has one row had none.')
  if (ask.branch !== null && row.branchId === null) return { refused: 'branch-unknown' }
  if (ask.patronCategory !== null && row.categoryId === null) return { refused: 'category-unknown' }
  if (ask.itemType !== null && row.itemTypeId === null) return { refused: 'item-type-unknown' }
  return row
}
