import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { LendingBranch } from './lend-refusal.ts'
import type { LoanRule } from './loan-rule.ts'
import { ruleColumns } from './rules-for.ts'

/** Owing this much stops lending, when the library has not said otherwise. */
export const blockAtCentsByDefault = 1_000
/** How many closed days a branch is known by: the last ones, ten years of a branch that is never open. */
export const closedDaysMax = 3_660

/** All that lending goes by and that seldom changes: branches with their calendars, names, rules, settings. */
export type Policy = {
  /** Another one after any change to any of it, see the table `policy_version`. */
  readonly version: string
  readonly blockAtCents: number
  readonly branches: ReadonlyMap<number, LendingBranch>
  readonly patronCategoryNames: ReadonlyMap<number, string>
  readonly itemTypeNames: ReadonlyMap<number, string>
  readonly rules: readonly LoanRule[]
}

/**
 * The policy of this version from memory, where this process has read it before; else the one in force now, which
 * may be a newer one: its `version` tells.
 */
export async function policyOf(db: { readonly rows: Rows }, version: string): Promise<Policy> {
  return policies.get(version) ?? remember(await policyInForce(db))
}

/**
 * Holds in a statement that writes what was reckoned by this policy: it fails with `BB002` when another one is in
 * force by then, and the write is tried again. To be used as a condition on `policy_version`.
 */
export function stillInForce(policyVersion: string): Sql {
  return sql`in_force(policy_version.version, ${policyVersion})`
}

/** Versions are random, so those of several databases do not meet. */
const policies = new Map<string, Policy>()
/** Two desks at work while rules are being edited see a few versions a minute. */
const policiesMax = 8

function remember(policy: Policy): Policy {
  if (policies.size >= policiesMax) policies.clear()
  policies.set(policy.version, policy)
  return policy
}

type PolicyRow = {
  version: string
  block_at_cents: number | null
  branches: LendingBranch[]
  patron_categories: { id: number; name: string }[]
  item_types: { id: number; name: string }[]
  rules: LoanRule[]
}

async function policyInForce(db: { readonly rows: Rows }): Promise<Policy> {
  // One statement, so that all of it and its version are of one moment.
  const [row] = await db.rows<PolicyRow>(sql`
    select
      version,
      (select block_at_cents from library) as block_at_cents,
      (
        select coalesce(json_agg(json_build_object(
          'id', branch.id, 'name', branch.name, 'timeZone', branch.time_zone,
          'closedWeekdays', branch.closed_weekdays,
          'closedDays', array(
            select closed_day.day
            from closed_day
            where closed_day.branch_id = branch.id
            order by closed_day.day desc
            limit ${closedDaysMax}
          )
        )), '[]')
        from branch
      ) as branches,
      (
        select coalesce(json_agg(json_build_object('id', id, 'name', name)), '[]') from patron_category
      ) as patron_categories,
      (select coalesce(json_agg(json_build_object('id', id, 'name', name)), '[]') from item_type) as item_types,
      (select coalesce(json_agg(rule), '[]') from (select ${ruleColumns} from loan_rule) as rule) as rules
    from policy_version
  `)
  if (!row) throw new Error('The table policy_version, which always has one row, has none.')
  return {
    version: row.version,
    blockAtCents: row.block_at_cents ?? blockAtCentsByDefault,
    branches: new Map(row.branches.map((branch) => [branch.id, branch])),
    patronCategoryNames: namesById(row.patron_categories),
    itemTypeNames: namesById(row.item_types),
    rules: row.rules,
  }
}

function namesById(rows: readonly { id: number; name: string }[]): ReadonlyMap<number, string> {
  return new Map(rows.map(({ id, name }) => [id, name]))
}
