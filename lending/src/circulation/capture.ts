import assert from 'node:assert/strict'
import { aboutHolds, noticesOf } from '../notices/cause.ts'
import type { Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { releaseHold } from './hold-queue.ts'
import { addDays, localDay, nextOpenDay, type OpenDays } from './open-days.ts'
import { closedDaysMax, stillInForce } from './policy.ts'

/** Where a copy goes next. Days are `YYYY-MM-DD`. */
export type Next =
  | { readonly to: 'shelf' }
  | {
      readonly to: 'hold-shelf'
      readonly holdId: number
      readonly patronName: string
      readonly card: string
      readonly until: string
    }
  | {
      readonly to: 'transit'
      readonly branchId: number
      readonly branchName: string
      readonly holdId: number | null
    }
  | { readonly to: 'withdrawn' }

/** A copy under lock, and where it is or is on its way to. */
export type MovingCopy = {
  readonly copyId: number
  readonly homeBranchId: number
  readonly homeBranchName: string
  readonly inTransitTo: number | null
  readonly isWithdrawn: boolean
  /** Where it lies, or the branch that it will reach first. */
  readonly atBranchId: number
  readonly hasArrived: boolean
}

/** The hold that a copy serves: the one that captured it, else the first in the queue that it could serve. */
export type ServedHold = {
  readonly id: number
  readonly state: 'waiting' | 'in-transit' | 'on-shelf'
  readonly shelfUntil: string | null
  readonly pickupBranchId: number
  readonly pickupBranchName: string
  readonly openDays: OpenDays
  readonly patronName: string
  readonly card: string
  readonly holdShelfDays: number
  /** Of the circulation policy that the calendar was read by. */
  readonly policyVersion: string
}

/** A book waits on the hold shelf for so many days when the library has not said otherwise. */
export const holdShelfDaysByDefault = 7

/**
 * Sends a copy on: to the hold that it serves, else home. Writes the hold's new state and the copy's way.
 * The copy and the hold must be under lock.
 */
export async function sendOn(
  tx: Tx,
  { copy, hold, now }: { copy: MovingCopy; hold: ServedHold | null; now: Date },
): Promise<Next> {
  const next = nextStop({ copy, hold, now })
  const inTransitTo = next.to === 'transit' ? next.branchId : null
  if (hold && (next.to === 'hold-shelf' || next.to === 'transit')) {
    await capture(tx, { hold, copyId: copy.copyId, until: next.to === 'hold-shelf' ? next.until : null, now })
  }
  // What was captured and is withdrawn now will not come: its hold waits again, at its old place.
  if (hold && hold.state !== 'waiting' && next.to === 'withdrawn') await releaseHold(tx, hold.id)
  if (inTransitTo !== copy.inTransitTo) {
    await tx.rows(sql`update copy set in_transit_to = ${inTransitTo} where id = ${copy.copyId}`)
  }
  return next
}

/** Decides where a copy goes: withdrawn ones nowhere, then the hold that it serves, then its own shelf. */
export function nextStop({
  copy,
  hold,
  now,
}: {
  copy: MovingCopy
  hold: ServedHold | null
  now: Date
}): Next {
  if (copy.isWithdrawn) return { to: 'withdrawn' }
  if (hold) {
    const { patronName, card } = hold
    return copy.hasArrived && hold.pickupBranchId === copy.atBranchId
      ? { to: 'hold-shelf', holdId: hold.id, patronName, card, until: shelfUntil(hold, now) }
      : {
          to: 'transit',
          branchId: hold.pickupBranchId,
          branchName: hold.pickupBranchName,
          holdId: hold.id,
        }
  }
  return copy.hasArrived && copy.homeBranchId === copy.atBranchId
    ? { to: 'shelf' }
    : { to: 'transit', branchId: copy.homeBranchId, branchName: copy.homeBranchName, holdId: null }
}

/** The last day on the shelf: so many days from now, and one on which the branch is open to fetch it. */
function shelfUntil({ state, shelfUntil: until, holdShelfDays, openDays }: ServedHold, now: Date): string {
  if (state === 'on-shelf' && until !== null) return until
  return nextOpenDay(addDays(localDay(now, openDays.timeZone), holdShelfDays), openDays)
}

async function capture(
  tx: Tx,
  { hold, copyId, until, now }: { hold: ServedHold; copyId: number; until: string | null; now: Date },
): Promise<void> {
  const state = until === null ? 'in-transit' : 'on-shelf'
  if (hold.state === state && hold.shelfUntil === until) return
  // Closing a day changes the policy first and moves holds after it. Either it waits at this lock, and moves what is
  // captured here; or it came first, and what was reckoned by the old calendar is tried again.
  const told = sql`, told as (${noticesOf('hold-ready', { at: now, rows: aboutHolds('hold-ready') })})`
  const changed = await tx.rows(sql`
    with policy_version as materialized (select version from policy_version for share),
    changed as (
      update hold
      set state = ${state}, copy_id = ${copyId}, shelf_until = ${until},
          captured_at = coalesce(captured_at, ${now}), version = hold.version + 1
      from policy_version
      where hold.id = ${hold.id} and hold.closed_at is null and (hold.copy_id is null or hold.copy_id = ${copyId})
        and ${stillInForce(hold.policyVersion)}
      returning hold.id, hold.version, hold.patron_id, hold.title_id, hold.pickup_branch_id, hold.shelf_until
    )
    ${state === 'on-shelf' ? told : sql``}
    select id from changed
  `)
  assert.equal(changed.length, 1, 'A hold under lock was changed by another.')
}

/**
 * The tables `captured` and `served` for a `with` clause that already has `wanted` (the copy: id, title_id,
 * lendable, withdrawn_because). Suspended holds are passed over; the hold found is locked.
 */
export function servedHold(now: Date): Sql {
  const from = sql`
    from hold
    join patron on patron.id = hold.patron_id
    join branch as pickup on pickup.id = hold.pickup_branch_id
  `
  const columns = sql`
    hold.id, hold.state, hold.shelf_until as "shelfUntil", hold.pickup_branch_id as "pickupBranchId",
    pickup.name as "pickupBranchName", patron.card, patron.given_name || ' ' || patron.family_name as "patronName",
    coalesce((select hold_shelf_days from library), ${holdShelfDaysByDefault}) as "holdShelfDays",
    (select version from policy_version) as "policyVersion",
    json_build_object(
      'timeZone', pickup.time_zone,
      'closedWeekdays', pickup.closed_weekdays,
      'closedDays', array(
        select closed_day.day
        from closed_day
        where closed_day.branch_id = pickup.id and closed_day.day >= ${now}::timestamptz::date
        order by closed_day.day
        limit ${closedDaysMax}
      )
    ) as "openDays"
  `
  return sql`
    captured as materialized (
      select ${columns}
      ${from}
      where hold.copy_id = (select id from wanted) and hold.state in ('in-transit', 'on-shelf')
      for no key update of hold
    ),
    first_waiting as materialized (
      select ${columns}
      ${from}
      where hold.title_id = (select title_id from wanted)
        and hold.closed_at is null
        and hold.state = 'waiting'
        and (
          hold.suspended_until is null
          or hold.suspended_until <= (${now}::timestamptz at time zone pickup.time_zone)::date
        )
        and (select wanted.lendable and wanted.withdrawn_because is null from wanted)
        and (select count(*) from captured) = 0
      order by hold.placed_at, hold.id
      limit 1
      for no key update of hold
    ),
    served as (select * from captured union all select * from first_waiting)
  `
}

/** A captured copy has lost its hold: it is captured by the next one, or goes home. The copy is under lock. */
export async function passOn(
  tx: Tx,
  { copyId, pickupBranchId, now }: { copyId: number; pickupBranchId: number; now: Date },
): Promise<Next> {
  const [found] = await tx.rows<{
    home_branch_id: number
    home_branch_name: string
    in_transit_to: number | null
    is_withdrawn: boolean
    hold: ServedHold | null
  }>(sql`
    with wanted as materialized (
      select id, title_id, branch_id, in_transit_to, lendable, withdrawn_because from copy where id = ${copyId}
    ),
    ${servedHold(now)}
    select
      wanted.branch_id as home_branch_id, branch.name as home_branch_name, wanted.in_transit_to,
      wanted.withdrawn_because is not null as is_withdrawn,
      (select row_to_json(served) from served) as hold
    from wanted
    join branch on branch.id = wanted.branch_id
  `)
  assert(found, 'A locked copy is there.')
  const copy: MovingCopy = {
    copyId,
    homeBranchId: found.home_branch_id,
    homeBranchName: found.home_branch_name,
    inTransitTo: found.in_transit_to,
    isWithdrawn: found.is_withdrawn,
    atBranchId: pickupBranchId,
    hasArrived: found.in_transit_to === null,
  }
  return sendOn(tx, { copy, hold: found.hold, now })
}
