import type { LoanRule } from './loan-rule.ts'
import { addDays, endOfDay, lastOpenDay, localDay, nextOpenDay, type OpenDays } from './open-days.ts'

/** A loan whose due date is asked: when it was made, and what limits it. */
export type DueDate = OpenDays & {
  readonly rule: Pick<LoanRule, 'loanDays'>
  readonly lentAt: Date
  /** The last day of the patron's card, `YYYY-MM-DD`. */
  readonly patronExpiresOn: string
}

/**
 * When a loan must be back: at the end of an open day of the branch, so many days after it was lent.
 *
 * A closed day moves it on to the next open one. A card that ends sooner moves it back to the last open day of
 * the card. Where the card was over already, or leaves no open day, the card cannot be kept and does not count.
 */
export function dueAt(loan: DueDate): Date {
  return endOfDay(dueDay(loan), loan.timeZone)
}

function dueDay(loan: DueDate): string {
  const lentDay = localDay(loan.lentAt, loan.timeZone)
  const wanted = nextOpenDay(addDays(lentDay, loan.rule.loanDays), loan)
  if (wanted <= loan.patronExpiresOn || loan.patronExpiresOn < lentDay) return wanted
  return lastOpenDay(loan.patronExpiresOn, lentDay, loan) ?? nextOpenDay(lentDay, loan)
}
