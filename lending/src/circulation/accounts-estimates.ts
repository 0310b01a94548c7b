import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { aheadMax, type ComingCopy, estimateDays, handoverDays } from './hold-estimate.ts'
import { mostSpecific } from './loan-rule.ts'
import { policyOf } from './policy.ts'

/** Of more holds than this at a time it is not told when they come. */
const estimatedMax = 50
/** Of a title with more copies than this the first ones are reckoned with. */
const copiesMax = 200
const dayMs = 86_400_000

/** In about how many days each hold comes, by its identity; a hold of which nobody can say is not named here. */
export type Estimates = ReadonlyMap<number, number>

type Row = {
  readonly holdId: number
  readonly pickupBranchId: number
  readonly patronCategoryId: number
  readonly ahead: number
  readonly copies: readonly CopySeen[]
  readonly policyVersion: string
}

type CopySeen = {
  readonly itemTypeId: number
  /** ISO 8601. */
  readonly dueAt: string | null
  readonly isCaptured: boolean
}

/**
 * When what a patron waits for may come, by the queue, the copies that the rules lend to them and what is due when.
 * Others may fall under other rules: it is an estimate. Suspended holds have none, and those before count only when
 * they are not suspended.
 */
export async function estimatesOf(
  db: { readonly rows: Rows },
  { patronId, now }: { readonly patronId: number; readonly now: Date },
): Promise<Estimates> {
  const isSuspended = (table: 'hold' | 'ahead') => {
    const until = table === 'hold' ? sql`hold.suspended_until` : sql`ahead.suspended_until`
    return sql`coalesce(${until} > (${now}::timestamptz at time zone branch.time_zone)::date, false)`
  }
  const rows = await db.rows<Row>(sql`
    select hold.id as "holdId", hold.pickup_branch_id as "pickupBranchId",
      patron.category_id as "patronCategoryId", policy_version.version as "policyVersion",
      (
        select count(*)::integer
        from (
          select from hold as ahead
          where ahead.title_id = hold.title_id and ahead.closed_at is null and ahead.state = 'waiting'
            and (ahead.placed_at, ahead.id) < (hold.placed_at, hold.id) and not ${isSuspended('ahead')}
          limit ${aheadMax + 1}
        ) as before
      ) as ahead,
      (
        select coalesce(json_agg(json_build_object(
          'itemTypeId', copy.item_type_id, 'dueAt', loan.due_at, 'isCaptured', captured.id is not null
        )), '[]')
        from (
          select id, item_type_id
          from copy
          where title_id = hold.title_id and lendable and withdrawn_because is null
          order by id
          limit ${copiesMax}
        ) as copy
        left join loan on loan.copy_id = copy.id and loan.returned_at is null
        left join hold as captured on captured.copy_id = copy.id and captured.state in ('in-transit', 'on-shelf')
      ) as copies
    from hold
    join patron on patron.id = hold.patron_id
    join branch on branch.id = hold.pickup_branch_id
    cross join policy_version
    where hold.patron_id = ${patronId} and hold.closed_at is null and hold.state = 'waiting'
      and not ${isSuspended('hold')}
    order by hold.placed_at, hold.id
    limit ${estimatedMax}
  `)
  const [first] = rows
  if (!first) return new Map()
  const { rules } = await policyOf(db, first.policyVersion)
  const found = new Map<number, number>()
  for (const { holdId, pickupBranchId: branchId, patronCategoryId, ahead, copies: seen } of rows) {
    const copies = seen.flatMap((copy): ComingCopy[] => {
      const rule = mostSpecific(rules, { branchId, patronCategoryId, itemTypeId: copy.itemTypeId })
      if (!rule?.lendable) return []
      return [{ freeInDays: freeInDays(copy, { loanDays: rule.loanDays, now }), loanDays: rule.loanDays }]
    })
    const days = estimateDays({ ahead, copies })
    if (days !== undefined) found.set(holdId, days)
  }
  return found
}

/** An overdue copy may come tomorrow or never: nobody can say. */
function freeInDays(
  { dueAt, isCaptured }: CopySeen,
  { loanDays, now }: { readonly loanDays: number; readonly now: Date },
): number | null {
  if (isCaptured) return handoverDays + loanDays
  if (dueAt === null) return 0
  const inMs = new Date(dueAt).getTime() - now.getTime()
  return inMs < 0 ? null : Math.ceil(inMs / dayMs)
}
