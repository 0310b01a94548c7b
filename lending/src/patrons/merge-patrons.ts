import { endHold } from '../circulation/hold.ts'
import type { LockedHold } from '../circulation/hold-queue.ts'
import { scanned } from '../circulation/scanned.ts'
import { WriteContendedError } from '../postgres/faults.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { endSessions } from '../staff/session.ts'
import { type Patron, patron } from './find.ts'
import { type DoubledHold, doubledHolds, mergedFields, type RankedHold } from './merge-rule.ts'
import { type NobodyHasCard, nobodyHas } from './merged-card.ts'

/** Two records of one person, by their cards, from the versions that were seen. */
export type MergePatronsAsk = {
  /** The record that stays. */
  readonly card: string
  readonly version: number
  /** The record that goes away. */
  readonly mergedCard: string
  readonly mergedVersion: number
}

/** What a merge came to. Titles are not named: this stays in the journal, which forgets who borrowed what. */
export type PatronsMerged = {
  readonly patronId: number
  readonly card: string
  readonly version: number
  readonly mergedPatronId: number
  readonly mergedCard: string
  readonly openLoans: number
  readonly returnedLoans: number
  /** Open holds that moved, without those given up. */
  readonly openHolds: number
  readonly closedHolds: number
  /** Of holds that both had on one title. */
  readonly holdsGivenUp: number
  readonly fineLines: number
  readonly fineCents: number
  readonly sessionsEnded: number
  readonly keepsHistory: boolean
}

/** Why two records were not merged; `card` says which of them it is about. */
export type MergePatronsRefused =
  | (NobodyHasCard & { readonly card: string })
  | { readonly refused: 'patron-same' }
  | { readonly refused: 'version-stale'; readonly version: number; readonly card: string }

/**
 * Makes one patron of two records of the same person. Loans, holds and the ledger move to the kept one; limits do not
 * matter, for nothing new is lent. The other record stays as a deleted row whose card leads to the kept one.
 */
export const mergePatrons: Verb<MergePatronsAsk, PatronsMerged, MergePatronsRefused> = {
  action: 'merge-patrons',
  fanOut: {
    loan: 50_000,
    hold: 10_000,
    fine_line: 50_000,
    notice: 1_000,
    because: 'All that a person ever borrowed, waited for and paid moves to the other record.',
  },
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, ask, { occurredAt: now }) => {
    const found = await lockBoth(tx, ask)
    if ('refused' in found) return found
    const { kept, gone } = found
    const pair = { keptId: kept.patronId, goneId: gone.patronId }
    const doubled = doubledHolds(await lockHolds(tx, pair))
    // Closed first: nobody waits for a title twice.
    for (const { givenUp } of doubled)
      await endHold(tx, { hold: { ...givenUp, id: givenUp.holdId }, state: 'cancelled', now })
    const moved = await moveAll(tx, pair)
    await keepBetterPlaces(tx, doubled)
    const after = mergedFields(kept, gone)
    const version = await settleRecords(tx, { ...pair, after, now })
    return {
      patronId: kept.patronId,
      card: kept.card,
      version,
      mergedPatronId: gone.patronId,
      mergedCard: gone.card,
      ...moved,
      holdsGivenUp: doubled.length,
      sessionsEnded: await endSessions(tx, { patronId: gone.patronId }),
      keepsHistory: after.keepsHistory,
    }
  },
}

/** Both patrons, and those who were merged into the one that goes, locked in the order of their identities. */
async function lockBoth(
  tx: Tx,
  { card, version, mergedCard, mergedVersion }: MergePatronsAsk,
): Promise<{ kept: Patron; gone: Patron } | MergePatronsRefused> {
  const [one, other] = [scanned(card), scanned(mergedCard)]
  if (one === other) return { refused: 'patron-same' }
  await tx.rows(sql`
    select id
    from patron
    where card in (${one}, ${other}) or merged_into = (select id from patron where card = ${other})
    order by id
    for no key update
  `)
  const kept = await patron(tx, { card: one })
  if (!kept) return { ...(await nobodyHas(tx, one)), card: one }
  const gone = await patron(tx, { card: other })
  if (!gone) return { ...(await nobodyHas(tx, other)), card: other }
  if (kept.version !== version) return { refused: 'version-stale', version: kept.version, card: one }
  if (gone.version !== mergedVersion) return { refused: 'version-stale', version: gone.version, card: other }
  return { kept, gone }
}

type Pair = { readonly keptId: number; readonly goneId: number }
type OpenHold = RankedHold & Pick<LockedHold, 'titleId' | 'patronId' | 'copyId' | 'pickupBranchId'>

/** A copy may be captured for one of the holds while we lock; after so many tries we meet desks too often. */
const captureRacesMax = 5

/**
 * The open holds of both under lock, and before them every copy that a desk could take back meanwhile: with the copy
 * in hand it would charge, or capture for, the record that goes.
 */
async function lockHolds(tx: Tx, { keptId, goneId }: Pair): Promise<readonly OpenHold[]> {
  for (let attempt = 1; attempt <= captureRacesMax; attempt++) {
    await tx.rows(sql`savepoint before_holds`)
    const copies = await tx.rows<{ id: number }>(sql`
      select id
      from copy
      where id in (
        select copy_id from loan where patron_id = ${goneId} and returned_at is null
        union all
        select copy_id from hold where patron_id in (${keptId}, ${goneId}) and closed_at is null
      )
      order by id
      for no key update
    `)
    const holds = await tx.rows<OpenHold>(sql`
      select id as "holdId", title_id as "titleId", patron_id as "patronId", state, placed_at as "placedAt",
        copy_id as "copyId", pickup_branch_id as "pickupBranchId"
      from hold
      where patron_id in (${keptId}, ${goneId}) and closed_at is null
      order by id
      for no key update
    `)
    const locked = new Set(copies.map(({ id }) => id))
    if (holds.every(({ copyId }) => copyId === null || locked.has(copyId))) return holds
    await tx.rows(sql`rollback to savepoint before_holds`)
  }
  throw new WriteContendedError('lock-holds-of-patron', captureRacesMax)
}

type Moved = Pick<
  PatronsMerged,
  'openLoans' | 'returnedLoans' | 'openHolds' | 'closedHolds' | 'fineLines' | 'fineCents'
>

async function moveAll(tx: Tx, { keptId, goneId }: Pair): Promise<Moved> {
  const [loans] = await tx.rows<Pick<Moved, 'openLoans' | 'returnedLoans'>>(sql`
    with moved as (
      update loan set patron_id = ${keptId} where patron_id = ${goneId} returning returned_at
    )
    select count(*) filter (where returned_at is null)::integer as "openLoans",
      count(returned_at)::integer as "returnedLoans"
    from moved
  `)
  const [holds] = await tx.rows<Pick<Moved, 'openHolds' | 'closedHolds'>>(sql`
    with moved as (
      update hold set patron_id = ${keptId} where patron_id = ${goneId} returning closed_at
    )
    select count(*) filter (where closed_at is null)::integer as "openHolds",
      count(closed_at)::integer as "closedHolds"
    from moved
  `)
  const [fines] = await tx.rows<Pick<Moved, 'fineLines' | 'fineCents'>>(sql`
    with moved as (
      update fine_line set patron_id = ${keptId} where patron_id = ${goneId} returning cents
    )
    select count(*)::integer as "fineLines", coalesce(sum(cents), 0)::bigint as "fineCents" from moved
  `)
  await tx.rows(sql`update kept_scan set patron_id = ${keptId} where patron_id = ${goneId}`)
  if (!loans || !holds || !fines) throw new Error('A statement that always has one row had none.')
  return { ...loans, ...holds, ...fines }
}

/** The hold that stays has the earlier place of the two, and is passed over only as long as both were. */
async function keepBetterPlaces(tx: Tx, doubled: readonly DoubledHold<OpenHold>[]): Promise<void> {
  if (doubled.length === 0) return
  await tx.rows(sql`
    update hold
    set placed_at = least(hold.placed_at, given_up.placed_at),
        suspended_until = case
          when hold.suspended_until is not null and given_up.suspended_until is not null
            then least(hold.suspended_until, given_up.suspended_until)
        end,
        version = hold.version + 1
    from unnest(
      ${doubled.map(({ stays }) => stays.holdId)}::bigint[],
      ${doubled.map(({ givenUp }) => givenUp.holdId)}::bigint[]
    ) as pair (stays, goes)
    join hold as given_up on given_up.id = pair.goes
    where hold.id = pair.stays
  `)
}

async function settleRecords(
  tx: Tx,
  { keptId, goneId, after, now }: Pair & { after: ReturnType<typeof mergedFields>; now: Date },
): Promise<number> {
  const [row] = await tx.rows<{ version: number }>(sql`
    update patron
    set email = ${after.email}, phone = ${after.phone}, address = ${after.address}, note = ${after.note},
        expires_on = ${after.expiresOn}, blocked_because = ${after.blockedBecause}, blocked_at = ${after.blockedAt},
        protected = ${after.protected}, keeps_history = ${after.keepsHistory},
        registered_at = ${after.registeredAt}, version = version + 1
    where id = ${keptId}
    returning version
  `)
  // Who was merged into the one that goes is led on to the kept one.
  await tx.rows(sql`
    update patron
    set merged_into = ${keptId}, deleted_at = coalesce(deleted_at, ${now}), password_hash = null, version = version + 1
    where id = ${goneId} or merged_into = ${goneId}
  `)
  if (!row) throw new Error(`Patron ${keptId} was locked and is gone.`)
  return row.version
}
