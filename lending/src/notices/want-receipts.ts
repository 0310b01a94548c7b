import { scanned } from '../circulation/scanned.ts'
import { type NobodyHasCard, nobodyHas } from '../patrons/merged-card.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'

/** A patron, and whether they want a receipt of each loan and return. */
export type WantReceiptsAsk = { readonly card: string; readonly wantsReceipts: boolean }

/** What holds now. */
export type ReceiptsWanted = {
  readonly patronId: number
  readonly card: string
  readonly version: number
  readonly wantsReceipts: boolean
}

/** Says whether a patron wants receipts. */
export const setWantsReceipts: Verb<WantReceiptsAsk, ReceiptsWanted, NobodyHasCard> = {
  action: 'set-wants-receipts',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, { card, wantsReceipts }) => {
    const [row] = await tx.rows<ReceiptsWanted>(sql`
      update patron set wants_receipts = ${wantsReceipts}, version = version + 1
      where card = ${scanned(card)} and deleted_at is null
      returning id as "patronId", card, version, wants_receipts as "wantsReceipts"
    `)
    return row ?? nobodyHas(tx, card)
  },
}
