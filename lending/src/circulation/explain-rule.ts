import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { dueAt } from './due-date.ts'
import { lendFacts } from './lend-facts.ts'
import { type LendFacts, refusalsOf } from './lend-refusal.ts'
import { type LoanCase, ruleFits } from './loan-rule.ts'
import { scanned } from './scanned.ts'
import { type ListedRule, loanRules } from './set-loan-rule.ts'

/** One rule, and whether it covers the case. */
export type Candidate = {
  readonly rule: ListedRule
  readonly matches: boolean
  /** Why it was or was not taken, as a sentence in English. */
  readonly because: string
  /** What is other than the rule asks, with what it is; none where the rule fits. */
  readonly differs: readonly {
    readonly in: 'branch' | 'patron-category' | 'item-type'
    readonly is: string
  }[]
}

/** How a copy would be lent to a patron at a branch, and why so. */
export type Explained = {
  /** The branch that would lend it. */
  readonly branch: { readonly code: string; readonly name: string }
  readonly rule: ListedRule
  /** Which case the rule was made for. */
  readonly why: string
  /** The rules that were looked at: the one taken, the ones it beat, the ones that do not fit; at most 100. */
  readonly candidates: readonly Candidate[]
  /** When it would be due if it were lent now, ISO 8601. */
  readonly dueAt: string
  readonly limits: {
    readonly loansMax: number
    readonly openLoans: number
    readonly holdsMax: number
    readonly renewalsMax: number
    readonly blockAtCents: number
    readonly owesCents: number
    /** The last day of the card. */
    readonly cardExpiresOn: string
  }
  /** The codes of what speaks against lending it now; none when it would be lent. */
  readonly wouldRefuse: readonly string[]
}

/** Why there is nothing to explain. */
export type ExplainRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'patron-unknown' }
  | { readonly refused: 'copy-unknown' }
  | { readonly refused: 'no-loan-rule' }

const candidatesMax = 100

/** Says which loan rule a loan would follow and why, with the same facts and the same rules as lending itself. */
export async function explainRule(
  db: { readonly rows: Rows },
  ask: {
    readonly card: string
    readonly barcode: string
    /** The branch that lends; that of the copy when it is not named. */
    readonly branchId: number | undefined
    readonly now: Date
  },
): Promise<Explained | ExplainRefused> {
  const lender = await lenderOf(db, ask)
  if (!lender) return { refused: ask.branchId === undefined ? 'copy-unknown' : 'branch-unknown' }
  const facts = await lendFacts(db, { ...ask, branchId: lender.id }, { lock: false })
  const { branch, patron, copy } = facts
  if (!branch) return { refused: 'branch-unknown' }
  if (!patron) return { refused: 'patron-unknown' }
  if (!copy) return { refused: 'copy-unknown' }
  const loanCase = {
    branchId: branch.id,
    patronCategoryId: patron.categoryId,
    itemTypeId: copy.itemTypeId,
  }
  const rules = await loanRules(db)
  const taken = rules.find(({ id }) => id === facts.rule?.id)
  if (!facts.rule || !taken) return { refused: 'no-loan-rule' }
  const candidates = rules.map((rule) => weighed(rule, taken, loanCase, facts))
  return {
    branch: { code: lender.code, name: lender.name },
    rule: taken,
    why: taken.why,
    candidates: [
      ...candidates.filter((each) => each.matches),
      ...candidates.filter((each) => !each.matches),
    ].slice(0, candidatesMax),
    dueAt: dueAt({
      ...branch,
      rule: taken,
      lentAt: ask.now,
      patronExpiresOn: patron.expiresOn,
    }).toISOString(),
    limits: {
      loansMax: taken.loansMax,
      openLoans: patron.openLoans,
      holdsMax: taken.holdsMax,
      renewalsMax: taken.renewalsMax,
      blockAtCents: facts.blockAtCents,
      owesCents: patron.owesCents,
      cardExpiresOn: patron.expiresOn,
    },
    wouldRefuse: refusalsOf(facts).map(({ refused }) => refused),
  }
}

async function lenderOf(
  db: { readonly rows: Rows },
  { branchId, barcode }: { readonly branchId: number | undefined; readonly barcode: string },
): Promise<{ readonly id: number; readonly code: string; readonly name: string } | undefined> {
  const [found] = await db.rows<{ id: number; code: string; name: string }>(
    branchId === undefined
      ? sql`
          select branch.id, branch.code, branch.name
          from copy
          join branch on branch.id = copy.branch_id
          where copy.barcode = ${scanned(barcode)}
        `
      : sql`select id, code, name from branch where id = ${branchId}`,
  )
  return found
}

function weighed(rule: ListedRule, taken: ListedRule, loanCase: LoanCase, facts: LendFacts): Candidate {
  if (rule.id === taken.id) {
    return { rule, matches: true, because: 'It fits, and no rule that fits is more specific.', differs: [] }
  }
  if (ruleFits(rule, loanCase)) {
    const because = `It fits, but the rule for ${taken.why} is more specific.`
    return { rule, matches: true, because, differs: [] }
  }
  const differs = differences(rule, loanCase, facts)
  const others = differs.map(({ in: where, is }) => `${differenceWords[where]} is ${is}`)
  return { rule, matches: false, because: `It does not fit: ${others.join(', and ')}.`, differs }
}

const differenceWords = {
  branch: 'the branch here',
  'patron-category': 'the patron’s category',
  'item-type': 'the copy’s item type',
} as const

function differences(
  rule: ListedRule,
  loanCase: LoanCase,
  { branch, patron, copy }: LendFacts,
): Candidate['differs'] {
  const differs: Candidate['differs'][number][] = []
  const isOther = (wanted: number | null, is: number) => wanted !== null && wanted !== is
  if (isOther(rule.branchId, loanCase.branchId)) differs.push({ in: 'branch', is: branch?.name ?? '' })
  if (isOther(rule.patronCategoryId, loanCase.patronCategoryId))
    differs.push({ in: 'patron-category', is: patron?.categoryName ?? '' })
  if (isOther(rule.itemTypeId, loanCase.itemTypeId))
    differs.push({ in: 'item-type', is: copy?.itemTypeName ?? '' })
  return differs
}
