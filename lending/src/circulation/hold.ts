import assert from 'node:assert/strict'
import type { Flaw, FlawId } from '../language/flaw.ts'
import { type NobodyHasCard, nobodyHas } from '../patrons/merged-card.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { type Next, passOn } from './capture.ts'
import { closeHold, type LockedHold, lockHold } from './hold-queue.ts'
import { type PlaceHoldAsk, type PlaceHoldRefused, placeHoldFacts, placeHoldRefusals } from './place-hold.ts'

/** A hold that was placed, and its place among those that wait (1 is next). */
export type HoldPlaced = {
  readonly holdId: number
  readonly titleId: number
  readonly patronId: number
  readonly position: number
}

/** Puts a patron into the queue for a title. Copies on the shelf stay there until somebody fetches them. */
export const placeHold: Verb<PlaceHoldAsk, HoldPlaced, PlaceHoldRefused | NobodyHasCard> = {
  action: 'place-hold',
  about: ({ holdId, titleId, patronId }) => ({ holdId, titleId, patronId }),
  work: async (tx, ask, by) => {
    const facts = await placeHoldFacts(tx, ask, by.occurredAt)
    const [refusal] = placeHoldRefusals(facts, ask.pickupBranchId)
    if (refusal?.refused === 'patron-unknown' && ask.card !== undefined) return nobodyHas(tx, ask.card)
    if (refusal) return refusal
    const { patronId } = facts
    assert(patronId !== null, 'An unknown patron was not refused.')
    // Held so that the title cannot be deleted while somebody begins to wait for it.
    const [hold] = await tx.rows<{ id: number }>(sql`
      insert into hold (title_id, patron_id, pickup_branch_id, placed_at)
      select id, ${patronId}, ${ask.pickupBranchId}, ${by.occurredAt}
      from title
      where id = ${ask.titleId} and deleted_at is null
      for key share
      returning id
    `)
    if (!hold) return { refused: 'title-unknown' }
    const [queue] = await tx.rows<{ position: number }>(sql`
      select count(*)::integer as position
      from hold
      where title_id = ${ask.titleId} and closed_at is null and state = 'waiting'
        and (placed_at, id) <= (${by.occurredAt}, ${hold.id})
    `)
    return { holdId: hold.id, titleId: ask.titleId, patronId, position: queue?.position ?? 1 }
  },
}

/** A hold; with `patronId` (a patron asks) only their own is found. */
export type HoldAsk = { readonly holdId: number; readonly patronId?: number | undefined }

/** A hold that is over; where its copy goes now, if it had one. */
export type HoldCancelled = {
  readonly holdId: number
  readonly titleId: number
  readonly patronId: number | null
  readonly copyId: number | null
  readonly next: Next | null
}

/** Why a hold is not cancelled. */
export type CancelHoldRefused = { readonly refused: 'hold-unknown' } | { readonly refused: 'hold-closed' }

/** Ends a hold. A copy that was captured for it goes to the next in the queue, or home. */
export const cancelHold: Verb<HoldAsk, HoldCancelled, CancelHoldRefused> = {
  action: 'cancel-hold',
  about: ({ holdId, titleId, patronId, copyId }) => ({ holdId, titleId, patronId, copyId }),
  work: async (tx, ask, by) => {
    const hold = await lockOpenHold(tx, ask, by.occurredAt)
    return 'refused' in hold ? hold : endHold(tx, { hold, state: 'cancelled', now: by.occurredAt })
  },
}

/** What must be known of a locked hold to end it. */
export type EndingHold = Pick<LockedHold, 'id' | 'titleId' | 'patronId' | 'copyId' | 'pickupBranchId'>

/** Ends a locked hold without a loan, and sends its copy on. */
export async function endHold(
  tx: Tx,
  { hold, state, now }: { hold: EndingHold; state: 'cancelled' | 'expired'; now: Date },
): Promise<HoldCancelled> {
  const { id: holdId, titleId, patronId, copyId, pickupBranchId } = hold
  await closeHold(tx, { holdId, state, at: now })
  const next = copyId === null ? null : await passOn(tx, { copyId, pickupBranchId, now })
  return { holdId, titleId, patronId, copyId, next }
}

/** Until when a hold is passed over: the day on which it counts again, or `forever` until it is resumed. */
export type SuspendHoldAsk = HoldAsk & { readonly until: string }

/** A hold that keeps its place but is passed over. */
export type HoldSuspended = {
  readonly holdId: number
  readonly titleId: number
  readonly patronId: number | null
  readonly until: string
}

/** Why a hold is not suspended or resumed. */
export type SuspendHoldRefused =
  | CancelHoldRefused
  | { readonly refused: 'hold-captured' }
  | { readonly refused: 'fields-invalid'; readonly problems: { readonly until: Flaw } }

/** Lets others go first for a while; the place in the queue is kept. */
export const suspendHold: Verb<SuspendHoldAsk, HoldSuspended, SuspendHoldRefused> = {
  action: 'suspend-hold',
  about: ({ holdId, titleId, patronId }) => ({ holdId, titleId, patronId }),
  work: async (tx, ask, by) => {
    const { until } = ask
    if (until !== 'forever' && !isDay(until)) return untilInvalid('until-unknown')
    const hold = await lockWaitingHold(tx, ask, by.occurredAt)
    if ('refused' in hold) return hold
    if (until <= hold.today) return untilInvalid('until-past')
    await setSuspended(tx, hold.id, until === 'forever' ? 'infinity' : until)
    return { holdId: hold.id, titleId: hold.titleId, patronId: hold.patronId, until }
  },
}

/** A hold that counts again. */
export type HoldResumed = Omit<HoldSuspended, 'until'>

/** Takes a suspended hold back into its place in the queue. */
export const resumeHold: Verb<HoldAsk, HoldResumed, CancelHoldRefused | { refused: 'hold-captured' }> = {
  action: 'resume-hold',
  about: ({ holdId, titleId, patronId }) => ({ holdId, titleId, patronId }),
  work: async (tx, ask, by) => {
    const hold = await lockWaitingHold(tx, ask, by.occurredAt)
    if ('refused' in hold) return hold
    await setSuspended(tx, hold.id, null)
    return { holdId: hold.id, titleId: hold.titleId, patronId: hold.patronId }
  },
}

async function lockOpenHold(tx: Tx, ask: HoldAsk, now: Date): Promise<LockedHold | CancelHoldRefused> {
  const hold = await lockHold(tx, { holdId: ask.holdId, now })
  if (!hold || (ask.patronId !== undefined && hold.patronId !== ask.patronId))
    return { refused: 'hold-unknown' }
  const isOpen = hold.state === 'waiting' || hold.state === 'in-transit' || hold.state === 'on-shelf'
  return isOpen ? hold : { refused: 'hold-closed' }
}

/** Locks a hold that waits; with `patronId` only their own is found. */
export async function lockWaitingHold(
  tx: Tx,
  ask: HoldAsk,
  now: Date,
): Promise<LockedHold | CancelHoldRefused | { refused: 'hold-captured' }> {
  const hold = await lockOpenHold(tx, ask, now)
  return 'refused' in hold || hold.state === 'waiting' ? hold : { refused: 'hold-captured' }
}

async function setSuspended(tx: Tx, holdId: number, until: string | null): Promise<void> {
  const changed = await tx.rows(sql`
    update hold
    set suspended_until = ${until}, version = version + 1
    where id = ${holdId} and state = 'waiting'
    returning id
  `)
  assert.equal(changed.length, 1, 'A waiting hold under lock was changed by another.')
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

function untilInvalid(flaw: FlawId): SuspendHoldRefused {
  return { refused: 'fields-invalid', problems: { until: { flaw } } }
}
