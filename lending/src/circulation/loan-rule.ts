/** How copies are lent in one case. A null means "any"; the most specific rule that fits wins. */
export type LoanRule = {
  readonly id: number
  readonly branchId: number | null
  readonly patronCategoryId: number | null
  readonly itemTypeId: number | null
  /** False: what falls under this rule is not lent at all. */
  readonly lendable: boolean
  readonly loanDays: number
  readonly renewalsMax: number
  /** How many loans a patron may have open in all when asking for one under this rule. */
  readonly loansMax: number
  readonly holdsMax: number
  readonly fineCentsPerDay: number
  /** Open days overdue that cost nothing. One day more, and all of them count. */
  readonly graceDays: number
  /** The most that one loan can cost. Zero means that it costs nothing. */
  readonly fineCapCents: number
  readonly version: number
}

/** What a rule is looked up by: where it is lent, to whom, and what. */
export type LoanCase = {
  readonly branchId: number
  readonly patronCategoryId: number
  readonly itemTypeId: number
}

/** The rule for a case: a named branch beats a named category, which beats a named item type. */
export function mostSpecific(rules: readonly LoanRule[], loanCase: LoanCase): LoanRule | undefined {
  return rules
    .filter((rule) => ruleFits(rule, loanCase))
    .reduce<LoanRule | undefined>(
      (best, rule) => (best === undefined || precedes(rule, best) ? rule : best),
      undefined,
    )
}

/** Whether a rule covers a case: each of its three sides is "any" or the case's own. */
export function ruleFits(rule: LoanRule, loanCase: LoanCase): boolean {
  return (
    (rule.branchId === null || rule.branchId === loanCase.branchId) &&
    (rule.patronCategoryId === null || rule.patronCategoryId === loanCase.patronCategoryId) &&
    (rule.itemTypeId === null || rule.itemTypeId === loanCase.itemTypeId)
  )
}

/** From 0 (any, any, any) to 7 (all three named): of two rules that fit, the higher wins. */
export function specificity(rule: LoanRule): number {
  return (
    (rule.branchId === null ? 0 : 4) +
    (rule.patronCategoryId === null ? 0 : 2) +
    (rule.itemTypeId === null ? 0 : 1)
  )
}

/** Says which case a rule was made for: `branch Main, patrons Adult, any item type`. */
export function whyRule(
  rule: LoanRule,
  names: { readonly branch: string; readonly patronCategory: string; readonly itemType: string },
): string {
  return [
    rule.branchId === null ? 'any branch' : `branch ${names.branch}`,
    rule.patronCategoryId === null ? 'any patron' : `patrons ${names.patronCategory}`,
    rule.itemTypeId === null ? 'any item type' : `item type ${names.itemType}`,
  ].join(', ')
}

/** The database allows one rule a case, so equals cannot meet; the older wins lest the order of rows decide. */
function precedes(rule: LoanRule, other: LoanRule): boolean {
  const difference = specificity(rule) - specificity(other)
  return difference > 0 || (difference === 0 && rule.id < other.id)
}
