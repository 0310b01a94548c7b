import assert from 'node:assert/strict'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { type CancelHoldRefused, type HoldAsk, lockWaitingHold } from './hold.ts'
import { placeHoldFacts, placeHoldRefusals } from './place-hold.ts'

/** A hold, and the branch at which it is to be fetched from now on. */
export type MovePickupAsk = HoldAsk & { readonly pickupBranchId: number }

/** A hold that is fetched elsewhere; its place in the queue is kept. */
export type PickupMoved = {
  readonly holdId: number
  readonly titleId: number
  readonly patronId: number
  readonly pickupBranchId: number
}

/** Why a hold stays where it is to be fetched. */
export type MovePickupRefused =
  | CancelHoldRefused
  | { readonly refused: 'hold-captured' }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'title-has-no-copies' }

/** Has a waiting hold fetched at another branch, if its rules lend a copy of the title to this patron there. */
export const movePickup: Verb<MovePickupAsk, PickupMoved, MovePickupRefused> = {
  action: 'move-pickup',
  about: ({ holdId, titleId, patronId }) => ({ holdId, titleId, patronId }),
  work: async (tx, ask, by) => {
    const { pickupBranchId } = ask
    const [seen] = await tx.rows<{ titleId: number; patronId: number | null }>(sql`
      select title_id as "titleId", patron_id as "patronId" from hold where id = ${ask.holdId}
    `)
    if (seen === undefined || seen.patronId === null) return { refused: 'hold-unknown' }
    const { titleId, patronId } = seen
    // The patron's lock before the hold's, as everywhere.
    const facts = await placeHoldFacts(tx, { titleId, patronId, pickupBranchId }, by.occurredAt)
    const hold = await lockWaitingHold(tx, { ...ask, patronId: ask.patronId ?? patronId }, by.occurredAt)
    if ('refused' in hold) return hold
    for (const { refused } of placeHoldRefusals(facts, pickupBranchId))
      if (refused === 'branch-unknown' || refused === 'title-has-no-copies') return { refused }
    const changed = await tx.rows(sql`
      update hold
      set pickup_branch_id = ${pickupBranchId}, version = version + 1
      where id = ${hold.id} and state = 'waiting'
      returning id
    `)
    assert.equal(changed.length, 1, 'A waiting hold under lock was changed by another.')
    return { holdId: hold.id, titleId, patronId, pickupBranchId }
  },
}
