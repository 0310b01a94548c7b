import type { NobodyHasCard } from '../patrons/merged-card.ts'
import type { LoanRule } from './loan-rule.ts'
import type { OpenDays } from './open-days.ts'
import type { OverrideRefused } from './override.ts'

/** Why a copy is not lent. */
export type LendRefused =
  | { readonly refused: 'branch-unknown' }
  | NobodyHasCard
  | { readonly refused: 'patron-expired'; readonly expiresOn: string }
  | { readonly refused: 'patron-blocked'; readonly because: string }
  | { readonly refused: 'patron-owes'; readonly cents: number; readonly limitCents: number }
  | { readonly refused: 'loan-limit'; readonly limit: number; readonly open: number }
  | { readonly refused: 'no-loan-rule' }
  | { readonly refused: 'copy-unknown' }
  | { readonly refused: 'copy-withdrawn'; readonly because: string }
  | { readonly refused: 'copy-not-for-loan' }
  | {
      readonly refused: 'copy-on-loan'
      readonly loanId: number
      readonly dueAt: string
      readonly toSamePatron: boolean
      /** For staff only: whoever shows this to others takes it out. */
      readonly lentTo: { readonly card: string; readonly name: string }
    }
  | { readonly refused: 'copy-on-hold-shelf'; readonly holdId: number }
  | { readonly refused: 'moved-since' }
  | OverrideRefused

/** What staff may go past with a reason. */
export const lendOverridable: ReadonlySet<string> = new Set([
  'patron-expired',
  'patron-blocked',
  'patron-owes',
  'loan-limit',
  'copy-not-for-loan',
  'copy-on-hold-shelf',
])

/** The branch that lends. */
export type LendingBranch = OpenDays & { readonly id: number; readonly name: string }

/** The patron who asks, and how they stand. */
export type Borrower = {
  readonly id: number
  readonly card: string
  readonly name: string
  readonly categoryId: number
  readonly categoryName: string
  readonly expiresOn: string
  readonly blockedBecause: string | null
  readonly wantsReceipts: boolean
  readonly openLoans: number
  readonly owesCents: number
}

/** The copy that is asked for, and where it stands. */
export type WantedCopy = {
  readonly id: number
  readonly titleId: number
  readonly barcode: string
  readonly title: string
  readonly itemTypeId: number
  readonly itemTypeName: string
  readonly lendable: boolean
  readonly withdrawnBecause: string | null
  readonly isInTransit: boolean
  readonly openLoan:
    | {
        readonly id: number
        readonly dueAt: string
        readonly patronId: number
        readonly card: string
        readonly name: string
      }
    | undefined
  /** The hold that this copy is on its way to, or waits on the shelf for. */
  readonly capturedBy: { readonly holdId: number; readonly patronId: number } | undefined
}

/** All that decides whether a copy is lent. */
export type LendFacts = {
  /** Of the circulation policy that the rest was read by. */
  readonly policyVersion: string
  /** `YYYY-MM-DD` at the branch. */
  readonly today: string
  readonly blockAtCents: number
  readonly branch: LendingBranch | undefined
  readonly patron: Borrower | undefined
  readonly copy: WantedCopy | undefined
  /** The rule for this branch, patron and copy, when both are known. */
  readonly rule: LoanRule | undefined
  /** The patron's own hold on the title, still waiting. */
  readonly ownWaitingHoldId: number | undefined
  /** The number that the loan will have; known only while lending. */
  readonly loanId: number | undefined
}

/** Everything that speaks against lending, the patron's part first. None means: lend it. */
export function refusalsOf(facts: LendFacts): LendRefused[] {
  return [
    ...(facts.branch ? [] : [{ refused: 'branch-unknown' } as const]),
    ...patronRefusals(facts),
    ...ruleRefusals(facts),
    ...copyRefusals(facts),
  ]
}

function patronRefusals({ patron, today, blockAtCents }: LendFacts): LendRefused[] {
  if (!patron) return [{ refused: 'patron-unknown' }]
  const found: LendRefused[] = []
  if (patron.expiresOn < today) found.push({ refused: 'patron-expired', expiresOn: patron.expiresOn })
  if (patron.blockedBecause !== null)
    found.push({ refused: 'patron-blocked', because: patron.blockedBecause })
  if (patron.owesCents >= blockAtCents)
    found.push({ refused: 'patron-owes', cents: patron.owesCents, limitCents: blockAtCents })
  return found
}

function ruleRefusals({ branch, patron, copy, rule }: LendFacts): LendRefused[] {
  if (!branch || !patron || !copy) return []
  if (!rule) return [{ refused: 'no-loan-rule' }]
  return patron.openLoans >= rule.loansMax
    ? [{ refused: 'loan-limit', limit: rule.loansMax, open: patron.openLoans }]
    : []
}

function copyRefusals({ copy, patron, rule }: LendFacts): LendRefused[] {
  if (!copy) return [{ refused: 'copy-unknown' }]
  const found: LendRefused[] = []
  const { openLoan, capturedBy } = copy
  if (copy.withdrawnBecause !== null)
    found.push({ refused: 'copy-withdrawn', because: copy.withdrawnBecause })
  if (!copy.lendable || rule?.lendable === false) found.push({ refused: 'copy-not-for-loan' })
  if (openLoan)
    found.push({
      refused: 'copy-on-loan',
      loanId: openLoan.id,
      dueAt: openLoan.dueAt,
      toSamePatron: openLoan.patronId === patron?.id,
      lentTo: { card: openLoan.card, name: openLoan.name },
    })
  if (capturedBy && capturedBy.patronId !== patron?.id)
    found.push({ refused: 'copy-on-hold-shelf', holdId: capturedBy.holdId })
  return found
}
