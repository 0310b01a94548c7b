import type { LoanRule } from './loan-rule.ts'
import { localDay } from './open-days.ts'
import type { OverrideRefused } from './override.ts'

/** Why a loan is not renewed. */
export type RenewRefused =
  | { readonly refused: 'loan-unknown' }
  | { readonly refused: 'patron-expired'; readonly expiresOn: string }
  | { readonly refused: 'patron-blocked'; readonly because: string }
  | { readonly refused: 'patron-owes'; readonly cents: number; readonly limitCents: number }
  | { readonly refused: 'renewal-limit'; readonly limit: number }
  | { readonly refused: 'hold-waits' }
  | { readonly refused: 'due-date-not-later'; readonly dueAt: string }
  | OverrideRefused

/** All that decides whether an open loan is renewed. */
export type RenewFacts = {
  readonly patron: { readonly expiresOn: string; readonly blockedBecause: string | null }
  /** `dueAt` is ISO 8601. */
  readonly loan: { readonly dueAt: string; readonly renewals: number }
  readonly rule: Pick<LoanRule, 'renewalsMax'>
  readonly owesCents: number
  readonly blockAtCents: number
  readonly someoneWaits: boolean
  /** Of the branch that lent it. */
  readonly openDays: { readonly timeZone: string }
}

/** Everything that speaks against renewing a loan now, which would be due then. None means: renew it. */
export function renewRefusals(
  facts: RenewFacts,
  { now, newDue }: { readonly now: Date; readonly newDue: Date },
): RenewRefused[] {
  const { patron, loan, rule, owesCents, blockAtCents } = facts
  const found: RenewRefused[] = []
  if (patron.expiresOn < localDay(now, facts.openDays.timeZone))
    found.push({ refused: 'patron-expired', expiresOn: patron.expiresOn })
  if (patron.blockedBecause !== null)
    found.push({ refused: 'patron-blocked', because: patron.blockedBecause })
  if (owesCents >= blockAtCents)
    found.push({ refused: 'patron-owes', cents: owesCents, limitCents: blockAtCents })
  if (loan.renewals >= rule.renewalsMax) found.push({ refused: 'renewal-limit', limit: rule.renewalsMax })
  if (facts.someoneWaits) found.push({ refused: 'hold-waits' })
  if (newDue <= new Date(loan.dueAt)) found.push({ refused: 'due-date-not-later', dueAt: loan.dueAt })
  return found
}
