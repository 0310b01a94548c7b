import assert from 'node:assert/strict'
import { WriteContendedError } from '../postgres/faults.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'

/*
 * The order of locks, the same for every verb: the patron's row, then the copy's, then holds. A captured hold
 * belongs to its copy: whoever changes it holds that copy's lock. Of waiting holds a transaction locks one, and
 * last. So nobody who has a hold ever waits for a copy or a patron.
 */

/** The patron has the copy in hand: the hold is over. */
export async function fulfilHold(
  tx: Tx,
  { holdId, copyId, at }: { holdId: number; copyId: number; at: Date },
): Promise<void> {
  const changed = await tx.rows(sql`
    update hold
    set state = 'fulfilled', copy_id = ${copyId}, closed_at = ${at}, version = version + 1
    where id = ${holdId} and closed_at is null
    returning id
  `)
  assert.equal(changed.length, 1, 'A hold under lock was closed by another.')
}

/**
 * The patron has a copy of the title in hand that is not captured: the hold that they were seen waiting on is over.
 * It is locked only now. If another copy has been captured for it meanwhile, or it was closed, it stays as it is.
 */
export async function fulfilWaitingHold(
  tx: Tx,
  { holdId, copyId, at }: { holdId: number; copyId: number; at: Date },
): Promise<void> {
  await tx.rows(sql`
    update hold
    set state = 'fulfilled', copy_id = ${copyId}, closed_at = ${at}, version = version + 1
    where id = ${holdId} and state = 'waiting'
  `)
}

/** The copy went to somebody else: the hold waits again, at its old place in the queue. */
export async function releaseHold(tx: Tx, holdId: number): Promise<void> {
  const changed = await tx.rows(sql`
    update hold
    set state = 'waiting', copy_id = null, captured_at = null, shelf_until = null, version = version + 1
    where id = ${holdId} and state in ('in-transit', 'on-shelf')
    returning id
  `)
  assert.equal(changed.length, 1, 'A captured hold under lock was changed by another.')
}

/** The hold ends without a loan. Its copy, if it had one, is the caller's to send on. */
export async function closeHold(
  tx: Tx,
  { holdId, state, at }: { holdId: number; state: 'cancelled' | 'expired'; at: Date },
): Promise<void> {
  const changed = await tx.rows(sql`
    update hold
    set state = ${state}, closed_at = ${at}, version = version + 1
    where id = ${holdId} and closed_at is null
    returning id
  `)
  assert.equal(changed.length, 1, 'A hold under lock was closed by another.')
}

/** A hold as it stands under lock. */
export type LockedHold = {
  readonly id: number
  readonly titleId: number
  readonly patronId: number | null
  readonly state: 'waiting' | 'in-transit' | 'on-shelf' | 'fulfilled' | 'cancelled' | 'expired'
  readonly copyId: number | null
  readonly pickupBranchId: number
  readonly shelfUntil: string | null
  /** The day now at the pickup branch. */
  readonly today: string
}

/** Others may capture a hold while we wait for its copy; after this many tries we meet them too often. */
const captureRacesMax = 20

/** Locks a hold, and before it the copy that it has captured, if any. */
export async function lockHold(
  tx: Tx,
  { holdId, now }: { holdId: number; now: Date },
): Promise<LockedHold | undefined> {
  for (let attempt = 1; attempt <= captureRacesMax; attempt++) {
    const seen = await readHold(tx, { holdId, now, lock: sql`` })
    if (!seen) return undefined
    await tx.rows(sql`savepoint before_hold`)
    if (seen.copyId !== null)
      await tx.rows(sql`select id from copy where id = ${seen.copyId} for no key update`)
    const locked = await readHold(tx, { holdId, now, lock: sql`for no key update of hold` })
    if (locked?.copyId === seen.copyId) return locked
    // It was captured or released meanwhile. Let go of it: copies are locked before holds.
    await tx.rows(sql`rollback to savepoint before_hold`)
  }
  throw new WriteContendedError('lock-hold', captureRacesMax)
}

async function readHold(
  db: { readonly rows: Rows },
  { holdId, now, lock }: { holdId: number; now: Date; lock: Sql },
): Promise<LockedHold | undefined> {
  const [hold] = await db.rows<LockedHold>(sql`
    select
      hold.id, hold.title_id as "titleId", hold.patron_id as "patronId", hold.state, hold.copy_id as "copyId",
      hold.pickup_branch_id as "pickupBranchId", hold.shelf_until as "shelfUntil",
      (${now}::timestamptz at time zone branch.time_zone)::date as today
    from hold
    join branch on branch.id = hold.pickup_branch_id
    where hold.id = ${holdId}
    ${lock}
  `)
  return hold
}
