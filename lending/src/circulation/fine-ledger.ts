import type { Flaws } from '../language/flaw.ts'
import { type NobodyHasCard, nobodyHas } from '../patrons/merged-card.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'
import { scanned } from './scanned.ts'

/** What the ledger answers: the line that was added, and what is still owed. */
export type Settled = { readonly patronId: number; readonly fineLineId: number; readonly owesCents: number }

/** Why nothing was paid or waived. */
export type FineRefused =
  | NobodyHasCard
  | { readonly refused: 'nothing-owed' }
  | { readonly refused: 'more-than-owed'; readonly owesCents: number }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  | { readonly refused: 'reason-missing' }

/** Takes a payment, in whole cents, of what is owed at most: the library keeps no purse for anyone. */
export const payFine: Verb<{ readonly card: string; readonly cents: number }, Settled, FineRefused> = {
  action: 'pay-fine',
  about: ({ patronId }) => ({ patronId }),
  work: (tx, { card, cents }, { occurredAt }) =>
    settle(tx, { card, cents, kind: 'payment', reason: '', at: occurredAt }),
}

/** Lets a patron off, with a reason, in whole cents, of what is owed at most. */
export const waiveFine: Verb<
  { readonly card: string; readonly cents: number; readonly reason: string },
  Settled,
  FineRefused
> = {
  action: 'waive-fine',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, { card, cents, reason }, { occurredAt }) => {
    const checked = plainText(reason, { max: 500, label: 'the-reason' })
    if (!checked.ok) return { refused: 'fields-invalid', problems: { reason: checked.problem } }
    if (checked.text === '') return { refused: 'reason-missing' }
    return settle(tx, { card, cents, kind: 'waiver', reason: checked.text, at: occurredAt })
  },
}

/** Under the patron's lock, so that two who pay at once cannot pay more than is owed. */
async function settle(
  tx: Tx,
  line: {
    readonly card: string
    readonly cents: number
    readonly kind: 'payment' | 'waiver'
    readonly reason: string
    readonly at: Date
  },
): Promise<Settled | FineRefused> {
  if (!Number.isSafeInteger(line.cents) || line.cents <= 0) {
    return { refused: 'fields-invalid', problems: { cents: { flaw: 'not-cents' } } }
  }
  const [patron] = await tx.rows<{ id: number }>(sql`
    select id from patron where card = ${scanned(line.card)} and deleted_at is null for no key update
  `)
  if (!patron) return nobodyHas(tx, line.card)
  const owesCents = await owedBy(tx, patron.id)
  if (owesCents <= 0) return { refused: 'nothing-owed' }
  if (line.cents > owesCents) return { refused: 'more-than-owed', owesCents }
  const [added] = await tx.rows<{ id: number }>(sql`
    insert into fine_line (patron_id, kind, cents, reason, at)
    values (${patron.id}, ${line.kind}, ${-line.cents}, ${line.reason}, ${line.at})
    returning id
  `)
  if (!added) throw new Error('The line that was inserted has no number.')
  return { patronId: patron.id, fineLineId: added.id, owesCents: owesCents - line.cents }
}

async function owedBy(tx: Tx, patronId: number): Promise<number> {
  const [row] = await tx.rows<{ cents: number }>(sql`
    select coalesce(sum(cents), 0)::bigint as cents from fine_line where patron_id = ${patronId}
  `)
  return row?.cents ?? 0
}
