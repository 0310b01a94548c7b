import type { Verb } from '../postgres/write.ts'
import { type SettleScanRefused, settleScan } from './kept-scan.ts'
import { type LendAsk, type LendRefused, type Lent, lend } from './lend.ts'

/** A kept scan whose book is lent after all, to whom somebody says now. */
export type LendKeptAsk = Omit<LendAsk, 'wasKept'> & {
  readonly keptScanId: number
  /** The present: lent it is as of when it was scanned. */
  readonly settledAt: Date
}

/** The loan, and the scan that is settled by it. */
export type LentKept = Lent & { readonly keptScanId: number }

/**
 * Lends what a desk had kept and settles the scan, or does neither: what a colleague has seen to meanwhile is not lent. In
 * the journal it is a loan like any other.
 */
export const lendKept: Verb<LendKeptAsk, LentKept, LendRefused | SettleScanRefused> = {
  action: 'lend',
  about: lend.about,
  recognisedBy: ({ settledAt: _, ...ask }) => ask,
  work: async (tx, { keptScanId, settledAt, ...ask }, by) => {
    const lent = await lend.work(tx, ask, by)
    // Last, for merging patrons locks them before their kept scans. A refusal takes the loan back with it.
    const settled = await settleScan.work(tx, { keptScanId }, { ...by, occurredAt: settledAt })
    if ('refused' in settled) return settled
    return 'refused' in lent ? lent : { ...lent, keptScanId }
  },
}
