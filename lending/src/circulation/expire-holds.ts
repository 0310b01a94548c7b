import { aboutHolds, noticesOf } from '../notices/cause.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type By, type Verb, write } from '../postgres/write.ts'
import { endHold, type HoldCancelled } from './hold.ts'
import { lockHold } from './hold-queue.ts'

/** One sweep ends at most this many holds; the next one goes on. */
const expiredMax = 1_000

/**
 * Ends the holds whose copy nobody fetched by the last day on the shelf, and sends each copy on. Each is a write
 * of its own under a key of its own, so that a sweep may stop anywhere and be repeated.
 */
export async function expireHolds(
  db: Database,
  by: Pick<By, 'actor' | 'instance'>,
  now: Date,
): Promise<{ expired: number }> {
  const due = await db.rows<{ id: number; version: number }>(sql`
    select hold.id, hold.version
    from hold
    join branch on branch.id = hold.pickup_branch_id
    where hold.state = 'on-shelf'
      and hold.shelf_until < (${now}::timestamptz at time zone branch.time_zone)::date
    order by hold.shelf_until, hold.id
    limit ${expiredMax}
  `)
  let expired = 0
  for (const { id, version } of due) {
    const key = `expire-hold:${id}:${version}`
    const outcome = await write(db, { ...by, key, occurredAt: now }, expireHold, { holdId: id })
    if (outcome.outcome === 'done' && !outcome.repeated) expired += 1
  }
  return { expired }
}

/** The hold is not, or no more, one to end; the sweep passes over it. */
type ExpireHoldRefused = { readonly refused: 'hold-not-overdue' }

/** Ends one hold whose last day on the shelf is over. */
export const expireHold: Verb<{ readonly holdId: number }, HoldCancelled, ExpireHoldRefused> = {
  action: 'expire-hold',
  about: ({ holdId, titleId, patronId, copyId }) => ({ holdId, titleId, patronId, copyId }),
  work: async (tx, { holdId }, by) => {
    const hold = await lockHold(tx, { holdId, now: by.occurredAt })
    if (hold?.state !== 'on-shelf' || hold.shelfUntil === null || hold.shelfUntil >= hold.today)
      return { refused: 'hold-not-overdue' }
    tx.withCommit(
      noticesOf('hold-expired', {
        at: by.occurredAt,
        rows: sql`with changed as (select * from hold where id = ${holdId}) ${aboutHolds('hold-expired')}`,
      }),
    )
    return endHold(tx, { hold, state: 'expired', now: by.occurredAt })
  },
}
