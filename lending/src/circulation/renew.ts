import assert from 'node:assert/strict'
import type { Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { together } from '../postgres/statement.ts'
import type { Verb } from '../postgres/write.ts'
import { dueAt } from './due-date.ts'
import { fineCents } from './fine.ts'
import type { LoanRule } from './loan-rule.ts'
import type { OpenDays } from './open-days.ts'
import { type Override, weigh } from './override.ts'
import { blockAtCentsByDefault, closedDaysMax, stillInForce } from './policy.ts'
import { type RenewFacts, type RenewRefused, renewRefusals } from './renew-refusal.ts'
import { ruleColumns } from './rules-for.ts'
import { scanned } from './scanned.ts'

/** An open loan, by its id or by the barcode of its copy. */
export type RenewAsk = {
  readonly loanId?: number | undefined
  readonly barcode?: string | undefined
  /** The desk that renews. The loan keeps the calendar of the branch that lent it. */
  readonly branchId?: number | undefined
  /** Set when a patron asks: then only their own loan is found. */
  readonly patronId?: number | undefined
  readonly override?: Override | undefined
}

/** A loan that goes on. Times are ISO, UTC. */
export type Renewed = {
  readonly loanId: number
  readonly copyId: number
  readonly titleId: number
  readonly patronId: number
  readonly title: string
  readonly dueAt: string
  readonly renewals: number
  readonly renewalsMax: number
  readonly overridden: readonly string[]
  readonly overrideReason?: string
}

/** What staff may go past with a reason. */
export const renewOverridable: ReadonlySet<string> = new Set([
  'patron-expired',
  'patron-blocked',
  'patron-owes',
  'renewal-limit',
  'hold-waits',
])

/**
 * Renews an open loan from today, by the rule that lent it, unless somebody waits for the title. What an
 * overdue loan has cost so far is kept and charged at check-in.
 */
export const renew: Verb<RenewAsk, Renewed, RenewRefused> = {
  action: 'renew',
  about: ({ loanId, copyId, titleId, patronId }) => ({ loanId, copyId, titleId, patronId }),
  work: async (tx, ask, by) => {
    const now = by.occurredAt
    const facts = await lockLoan(tx, ask, now)
    if (!facts) return { refused: 'loan-unknown' }
    const { loan, rule, openDays, patron } = facts
    const oldDue = new Date(loan.dueAt)
    const newDue = dueAt({ ...openDays, rule, lentAt: now, patronExpiresOn: patron.expiresOn })
    const weighed = weigh(renewRefusals(facts, { now, newDue }), {
      override: ask.override,
      overridable: renewOverridable,
    })
    if ('refused' in weighed) return weighed
    const late = fineCents({ ...openDays, rule, dueAt: oldDue, returnedAt: now })
    const accrued = Math.max(loan.accruedCents, Math.min(loan.accruedCents + late, rule.fineCapCents))
    const changed = await tx.rows(sql`
      update loan
      set due_at = ${newDue}, renewals = renewals + 1, accrued_cents = ${accrued}
      from policy_version
      where loan.id = ${loan.id} and loan.returned_at is null and ${stillInForce(facts.policyVersion)}
      returning loan.id
    `)
    assert.equal(changed.length, 1, 'A loan whose copy is locked was ended by another.')
    return {
      loanId: loan.id,
      copyId: loan.copyId,
      titleId: loan.titleId,
      patronId: patron.id,
      title: loan.title,
      dueAt: newDue.toISOString(),
      renewals: loan.renewals + 1,
      renewalsMax: rule.renewalsMax,
      ...weighed,
    }
  },
}

type Patron = { readonly id: number; readonly expiresOn: string; readonly blockedBecause: string | null }

type Facts = RenewFacts & {
  readonly patron: Patron
  readonly loan: {
    readonly id: number
    readonly copyId: number
    readonly titleId: number
    readonly title: string
    readonly dueAt: string
    readonly renewals: number
    readonly accruedCents: number
  }
  readonly rule: LoanRule
  readonly openDays: OpenDays
  /** Of the circulation policy that the calendar was read by. */
  readonly policyVersion: string
}

/** Locks patron, then copy, and reads the loan when they are held; undefined when it is not open, or not theirs. */
async function lockLoan(tx: Tx, ask: RenewAsk, now: Date): Promise<Facts | undefined> {
  const which = askedFor(ask)
  if (!which) return undefined
  const [[locked], [fresh]] = await together(
    tx.rows<{ loan_id: number; patron: Patron }>(sql`
      with seen as materialized (
        select loan.id, loan.copy_id, loan.patron_id from loan where ${which} and loan.returned_at is null
      ),
      locked_patron as materialized (
        select id, expires_on as "expiresOn", blocked_because as "blockedBecause"
        from patron
        where id = (select patron_id from seen)
        for no key update
      ),
      locked_copy as materialized (
        select id
        from copy
        where id = (select copy_id from seen) and (select count(*) from locked_patron) >= 0
        for no key update
      )
      select seen.id as loan_id, row_to_json(locked_patron) as patron
      from seen
      cross join locked_patron
      cross join locked_copy
    `),
    tx.rows<Omit<Facts, 'patron'> & { patron_id: number }>(freshLoan(which, now)),
  )
  if (!locked || !fresh) return undefined
  // Between the two statements the copy changed hands: the loan that was seen is over.
  if (fresh.loan.id !== locked.loan_id || fresh.patron_id !== locked.patron.id) return undefined
  const dueAt = new Date(fresh.loan.dueAt).toISOString()
  return { ...fresh, loan: { ...fresh.loan, dueAt }, patron: locked.patron }
}

function askedFor({ loanId, barcode, patronId }: RenewAsk): Sql | undefined {
  const owner = patronId === undefined ? sql`true` : sql`loan.patron_id = ${patronId}`
  if (loanId !== undefined) return sql`loan.id = ${loanId} and ${owner}`
  if (barcode === undefined) return undefined
  return sql`loan.copy_id = (select copy.id from copy where copy.barcode = ${scanned(barcode)}) and ${owner}`
}

function freshLoan(which: Sql, now: Date): Sql {
  return sql`
    select
      loan.patron_id,
      policy_version.version as "policyVersion",
      json_build_object(
        'id', loan.id, 'copyId', loan.copy_id, 'titleId', copy.title_id, 'title', title.title,
        'dueAt', loan.due_at, 'renewals', loan.renewals, 'accruedCents', loan.accrued_cents
      ) as loan,
      (select row_to_json(r) from (select ${ruleColumns}) as r) as rule,
      json_build_object(
        'timeZone', branch.time_zone,
        'closedWeekdays', branch.closed_weekdays,
        'closedDays', array(
          select closed_day.day
          from closed_day
          where closed_day.branch_id = branch.id
            and closed_day.day >= least(loan.due_at, ${now})::date - 2
          order by closed_day.day
          limit ${closedDaysMax}
        )
      ) as "openDays",
      (
        select coalesce(sum(cents), 0)::bigint from fine_line where patron_id = loan.patron_id
      ) as "owesCents",
      coalesce((select block_at_cents from library), ${blockAtCentsByDefault}) as "blockAtCents",
      ${someoneWaits(now)} as "someoneWaits"
    from loan
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    join loan_rule on loan_rule.id = loan.loan_rule_id
    join branch on branch.id = loan.branch_id
    cross join policy_version
    where ${which} and loan.returned_at is null
  `
}

/** Whether a hold of somebody else waits now for the title of a `loan` and its `copy`. */
export function someoneWaits(now: Date): Sql {
  return sql`
    exists (
      select from hold
      join branch as pickup on pickup.id = hold.pickup_branch_id
      where hold.title_id = copy.title_id
        and hold.closed_at is null
        and hold.state = 'waiting'
        and hold.patron_id <> loan.patron_id
        and (
          hold.suspended_until is null
          or hold.suspended_until <= (${now}::timestamptz at time zone pickup.time_zone)::date
        )
    )
  `
}
