import assert from 'node:assert/strict'
import { receiptOf } from '../notices/cause.ts'
import { nobodyHas } from '../patrons/merged-card.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { dueAt } from './due-date.ts'
import { fulfilHold, fulfilWaitingHold, releaseHold } from './hold-queue.ts'
import { lendFacts, readingOf } from './lend-facts.ts'
import { type LendFacts, type LendRefused, lendOverridable, refusalsOf } from './lend-refusal.ts'
import { whyRule } from './loan-rule.ts'
import { wasMovedSince } from './moved-since.ts'
import { localDay } from './open-days.ts'
import { type Override, weigh } from './override.ts'
import { stillInForce } from './policy.ts'

/** Why a copy is not lent: named here too, beside the verb that says it. */
export type { LendRefused } from './lend-refusal.ts'

/** A card, a copy, and the branch whose desk lends it. */
export type LendAsk = {
  readonly card: string
  readonly barcode: string
  readonly branchId: number
  readonly override?: Override | undefined
  /** The scan was kept by an offline desk: what happened to the copy after it stands. */
  readonly wasKept?: boolean
}

/** A loan that was made, and which rule made it. Times are ISO, UTC. */
export type Lent = {
  readonly loanId: number
  readonly copyId: number
  readonly titleId: number
  readonly patronId: number
  readonly barcode: string
  readonly card: string
  readonly title: string
  readonly patronName: string
  readonly lentAt: string
  readonly dueAt: string
  readonly rule: { readonly id: number; readonly why: string }
  /** The refusals that staff went past, and why. */
  readonly overridden: readonly string[]
  readonly overrideReason?: string
}

/**
 * Lends a copy to a patron. A copy that waits on the hold shelf for this patron fulfils that hold; so does any
 * copy of a title that they still wait for. Going past another's hold sends that hold back to its old place.
 */
export const lend: Verb<LendAsk, Lent, LendRefused> = {
  action: 'lend',
  about: ({ loanId, copyId, titleId, patronId }) => ({ loanId, copyId, titleId, patronId }),
  // Sent at once or kept first, it is the same scan.
  recognisedBy: ({ wasKept: _, ...ask }) => ask,
  reads: (ask) => readingOf(ask, { lock: true }),
  work: async (tx, ask, by, opened) => {
    const facts = await lendFacts(tx, { ...ask, now: by.occurredAt }, { lock: true, opened })
    const weighed = weigh(refusalsOf(facts), { override: ask.override, overridable: lendOverridable })
    // A card that was merged away says where it leads: asked only once nobody has it.
    if ('refused' in weighed) return weighed.refused === 'patron-unknown' ? nobodyHas(tx, ask.card) : weighed
    const { copy } = facts
    if (ask.wasKept && copy && (await wasMovedSince(tx, { copyId: copy.id, since: by.occurredAt })))
      return { refused: 'moved-since' }
    return { ...(await handOver(tx, facts, by.occurredAt)), ...weighed }
  },
}

async function handOver(tx: Tx, facts: LendFacts, lentAt: Date): Promise<Omit<Lent, 'overridden'>> {
  const { branch, patron, copy, rule, loanId } = facts
  assert(branch && patron && copy && rule && loanId, 'Lending went on without a fact that it needs.')
  const due = dueAt({ ...branch, rule, lentAt, patronExpiresOn: patron.expiresOn })
  tx.withCommit(sql`
    insert into loan (id, copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
    overriding system value
    select ${loanId}, ${copy.id}, ${patron.id}, ${patron.categoryId}, ${branch.id}, ${rule.id}, ${lentAt}, ${due}
    from policy_version
    where ${stillInForce(facts.policyVersion)}
  `)
  if (patron.wantsReceipts) {
    const dueOn = localDay(due, branch.timeZone)
    const facts = { title: copy.title, dueOn }
    tx.withCommit(receiptOf('loan-receipt', { at: lentAt, patronId: patron.id, loanId, facts }))
  }
  if (copy.isInTransit) await tx.rows(sql`update copy set in_transit_to = null where id = ${copy.id}`)
  await settleHolds(tx, { facts, copyId: copy.id, patronId: patron.id, at: lentAt })
  return {
    loanId,
    copyId: copy.id,
    titleId: copy.titleId,
    patronId: patron.id,
    barcode: copy.barcode,
    card: patron.card,
    title: copy.title,
    patronName: patron.name,
    lentAt: lentAt.toISOString(),
    dueAt: due.toISOString(),
    rule: {
      id: rule.id,
      why: whyRule(rule, {
        branch: branch.name,
        patronCategory: patron.categoryName,
        itemType: copy.itemTypeName,
      }),
    },
  }
}

async function settleHolds(
  tx: Tx,
  { facts, copyId, patronId, at }: { facts: LendFacts; copyId: number; patronId: number; at: Date },
): Promise<void> {
  const captured = facts.copy?.capturedBy
  if (captured?.patronId === patronId) return fulfilHold(tx, { holdId: captured.holdId, copyId, at })
  if (captured) await releaseHold(tx, captured.holdId)
  if (facts.ownWaitingHoldId !== undefined)
    await fulfilWaitingHold(tx, { holdId: facts.ownWaitingHoldId, copyId, at })
}
