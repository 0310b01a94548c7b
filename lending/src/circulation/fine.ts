import type { LoanRule } from './loan-rule.ts'
import { localDay, type OpenDays, openDaysBetween } from './open-days.ts'

/** A loan that came back: when it was due, and what a day costs. */
export type Overdue = OpenDays & {
  readonly rule: Pick<LoanRule, 'fineCentsPerDay' | 'graceDays' | 'fineCapCents'>
  readonly dueAt: Date
  readonly returnedAt: Date
}

/**
 * What a late return costs, in cents. Only days count on which the branch was open to take the book back.
 *
 * Within the grace days it costs nothing; after them every day overdue counts, up to the cap.
 */
export function fineCents(overdue: Overdue): number {
  const { rule, timeZone } = overdue
  if (overdue.returnedAt <= overdue.dueAt || rule.fineCentsPerDay === 0) return 0
  const days = openDaysBetween(
    localDay(overdue.dueAt, timeZone),
    localDay(overdue.returnedAt, timeZone),
    overdue,
  )
  if (days <= rule.graceDays) return 0
  return Math.min(days * rule.fineCentsPerDay, rule.fineCapCents)
}
