import type { Flaws } from '../language/flaw.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { isDay, plainText } from '../text.ts'
import { addDays, endOfDay, nextOpenDay, type OpenDays } from './open-days.ts'
import { closedDaysMax } from './policy.ts'

export {
  type ListedRule,
  loanRules,
  type SetLoanRuleAsk,
  type SetLoanRuleRefused,
  setLoanRule,
} from './set-loan-rule.ts'

/** A day on which a branch is closed besides its weekdays. */
export type ClosedDay = { readonly day: string; readonly reason: string }

/** The closed days of a branch, the first one first, at most 3,660. */
export async function closedDays(
  db: { readonly rows: Rows },
  branchId: number,
): Promise<readonly ClosedDay[]> {
  return db.rows<ClosedDay>(sql`
    select day, reason from closed_day where branch_id = ${branchId} order by day limit ${closedDaysMax}
  `)
}

/** What closing a branch on a day did. */
export type DayClosed = {
  readonly branchId: number
  readonly day: string
  /** Where that day's due dates went. */
  readonly nextOpenDay: string
  readonly loansMoved: number
  readonly holdsMoved: number
}

/** Why the calendar was not changed. */
export type ClosedDayRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/**
 * Closes a branch on a day. Loans of the branch that are due that day are due on its next open day, and what its
 * hold shelf would keep until that day is kept as long. Nobody's time is shortened: not by a card that ends
 * sooner, and not when the branch opens again after all. Closing a closed day changes its reason.
 */
export const addClosedDay: Verb<
  { readonly branchId: number; readonly day: string; readonly reason?: string },
  DayClosed,
  ClosedDayRefused
> = {
  action: 'add-closed-day',
  fanOut: {
    loan: 50_000,
    hold: 50_000,
    because: 'All that is due at the branch that day, and all on its hold shelf, is moved.',
  },
  about: () => ({}),
  work: async (tx, { branchId, day, reason = '' }) => {
    const checked = plainText(reason, { max: 200, label: 'the-reason' })
    if (!checked.ok) return { refused: 'fields-invalid', problems: { reason: checked.problem } }
    if (!isDay(day)) return dayWrong
    const timeZone = await lockBranch(tx, branchId)
    if (!timeZone) return { refused: 'branch-unknown' }
    await lockCopies(tx, { branchId, day })
    // From here captures wait: see `capture`.
    await tx.rows(sql`
      insert into closed_day (branch_id, day, reason) values (${branchId}, ${day}, ${checked.text})
      on conflict (branch_id, day) do update set reason = excluded.reason
    `)
    const next = nextOpenDay(day, await openDaysFrom(tx, branchId, day))
    const holdsMoved = await moveHolds(tx, { branchId, day, next })
    const loansMoved = await moveLoans(tx, { branchId, day, next, timeZone })
    return { branchId, day, nextOpenDay: next, loansMoved, holdsMoved }
  },
}

/** Opens a branch on a day again. Due dates that were moved stay where they are: patrons were told them. */
export const removeClosedDay: Verb<
  { readonly branchId: number; readonly day: string },
  { branchId: number; day: string },
  ClosedDayRefused | { readonly refused: 'day-not-closed' }
> = {
  action: 'remove-closed-day',
  about: () => ({}),
  work: async (tx, { branchId, day }) => {
    if (!isDay(day)) return dayWrong
    if (!(await lockBranch(tx, branchId))) return { refused: 'branch-unknown' }
    const removed = await tx.rows(sql`
      delete from closed_day where branch_id = ${branchId} and day = ${day} returning 1
    `)
    return removed.length > 0 ? { branchId, day } : { refused: 'day-not-closed' }
  },
}

const dayWrong = {
  refused: 'fields-invalid',
  problems: { day: { flaw: 'day-unknown' } },
} as const

/** Two who change one branch's calendar at once would each miss the other's day when they look for the next open one. */
async function lockBranch(tx: Tx, branchId: number): Promise<string | undefined> {
  const [branch] = await tx.rows<{ timeZone: string }>(sql`
    select time_zone as "timeZone" from branch where id = ${branchId} for no key update
  `)
  return branch?.timeZone
}

async function openDaysFrom(tx: Tx, branchId: number, day: string): Promise<OpenDays> {
  const [branch] = await tx.rows<OpenDays>(sql`
    select time_zone as "timeZone", closed_weekdays as "closedWeekdays",
      array(
        select closed_day.day::text from closed_day
        where closed_day.branch_id = branch.id and closed_day.day >= ${day}
        order by closed_day.day
        limit ${closedDaysMax}
      ) as "closedDays"
    from branch
    where id = ${branchId}
  `)
  if (!branch) throw new Error(`Branch ${branchId} was locked and is gone.`)
  return branch
}

type Move = { readonly branchId: number; readonly day: string; readonly next: string }

/** A captured hold belongs to its copy: the copies are locked first, as everywhere. */
async function lockCopies(tx: Tx, { branchId, day }: Omit<Move, 'next'>): Promise<void> {
  await tx.rows(sql`
    select id from copy
    where id in (
      select copy_id from hold
      where state = 'on-shelf' and pickup_branch_id = ${branchId} and shelf_until = ${day}
    )
    order by id
    for no key update
  `)
}

async function moveHolds(tx: Tx, { branchId, day, next }: Move): Promise<number> {
  const moved = await tx.rows(sql`
    update hold set shelf_until = ${next}, version = version + 1
    where state = 'on-shelf' and pickup_branch_id = ${branchId} and shelf_until = ${day}
    returning 1
  `)
  return moved.length
}

async function moveLoans(
  tx: Tx,
  { branchId, day, next, timeZone }: Move & { readonly timeZone: string },
): Promise<number> {
  const after = endOfDay(addDays(day, -1), timeZone)
  // Waits for loans that are being made by the old calendar. Those that come after it meet the new one: see in_force.
  // Not for long: every desk queues up behind this, and a vacuum may hold the table for hours.
  await tx.rows(sql`set local lock_timeout = '300ms'`)
  await tx.rows(sql`lock table loan in share row exclusive mode`)
  await tx.rows(sql`set local lock_timeout to default`)
  const moved = await tx.rows(sql`
    update loan set due_at = ${endOfDay(next, timeZone)}
    where returned_at is null
      and branch_id = ${branchId}
      and due_at > ${after}
      and due_at <= ${endOfDay(day, timeZone)}
    returning 1
  `)
  return moved.length
}
