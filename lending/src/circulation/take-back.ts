import assert from 'node:assert/strict'
import { takeMarksBack } from '../catalogue/stock-take/missing.ts'
import { receiptOf } from '../notices/cause.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { together } from '../postgres/statement.ts'
import type { Verb } from '../postgres/write.ts'
import { type MovingCopy, type Next, type ServedHold, sendOn, servedHold } from './capture.ts'
import { fineCents } from './fine.ts'
import type { LoanRule } from './loan-rule.ts'
import { wasMovedSince } from './moved-since.ts'
import type { OpenDays } from './open-days.ts'
import { closedDaysMax } from './policy.ts'
import { ruleColumns } from './rules-for.ts'
import { scanned } from './scanned.ts'

/** A copy that lies on the desk of a branch. */
export type TakeBackAsk = {
  readonly barcode: string
  readonly branchId: number
  /** The scan was kept by an offline desk: a loan that began after it is another one, and stays. */
  readonly wasKept?: boolean
}

/** What came back, what it cost, and where it goes now. Without a loan, `loanId` and the patron are null. */
export type TakenBack = {
  readonly copyId: number
  readonly titleId: number
  readonly barcode: string
  readonly title: string
  readonly loanId: number | null
  readonly patronId: number | null
  readonly patronName: string | null
  readonly fineCents: number
  /** A stock-take had not found it; it is lent again as before. */
  readonly wasMissing?: true
  readonly next: Next
}

/** Why a copy cannot be taken back. */
export type TakeBackRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'copy-unknown' }
  | { readonly refused: 'lent-since'; readonly lentAt: string }
  | { readonly refused: 'moved-since' }

/**
 * Takes a copy in: ends its loan, charges what lateness costs, receives it from transit, and gives it to the
 * hold that waits for it. A copy that was not on loan is an answer too; one that was missing has turned up.
 */
export const takeBack: Verb<TakeBackAsk, TakenBack, TakeBackRefused> = {
  action: 'take-back',
  about: ({ copyId, titleId, patronId, loanId, next }) => ({
    copyId,
    titleId,
    patronId,
    loanId,
    holdId: 'holdId' in next ? next.holdId : null,
  }),
  // Sent at once or kept first, it is the same scan.
  recognisedBy: ({ barcode, branchId }) => ({ barcode, branchId }),
  work: async (tx, ask, by) => {
    const now = by.occurredAt
    const found = await lockCopy(tx, { ...ask, barcode: scanned(ask.barcode), now })
    if ('refused' in found) return found
    const { copy, loan, hold, isMissing } = found
    if (ask.wasKept && loan && new Date(loan.lentAt) > now)
      return { refused: 'lent-since', lentAt: new Date(loan.lentAt).toISOString() }
    if (ask.wasKept && (await wasMovedSince(tx, { copyId: copy.id, since: now })))
      return { refused: 'moved-since' }
    if (isMissing) await takeMarksBack(tx, [copy.id])
    // Before the loan ends: a closing of a day meets captures first, then loans, and neither waits for the other.
    const next = await sendOn(tx, { copy: movingCopy(copy, ask.branchId), hold, now })
    const cents = loan ? await endLoan(tx, { loan, branchId: ask.branchId, now }) : 0
    if (loan?.wantsReceipts) {
      const { id: loanId, patronId } = loan
      const facts = { title: copy.title, fineCents: cents }
      tx.withCommit(receiptOf('return-receipt', { at: now, patronId, loanId, facts }))
    }
    return {
      copyId: copy.id,
      titleId: copy.title_id,
      barcode: copy.barcode,
      title: copy.title,
      loanId: loan?.id ?? null,
      patronId: loan?.patronId ?? null,
      patronName: loan?.patronName ?? null,
      fineCents: cents,
      ...(isMissing && { wasMissing: true as const }),
      next,
    }
  },
}

type Copy = {
  id: number
  title_id: number
  barcode: string
  title: string
  home_branch_id: number
  home_branch_name: string
  in_transit_to: number | null
  is_withdrawn: boolean
  branch_is_known: boolean
}

type OpenLoan = {
  readonly id: number
  readonly patronId: number
  readonly patronName: string
  readonly wantsReceipts: boolean
  readonly lentAt: string
  readonly dueAt: string
  readonly accruedCents: number
  readonly rule: LoanRule
  readonly openDays: OpenDays
}

type Fresh = { loan: OpenLoan | null; hold: ServedHold | null; isMissing: boolean }
type Found = Fresh & { copy: Copy }

/** Two statements in one go: the second one's snapshot is taken when the first one's lock is held. */
async function lockCopy(
  tx: Tx,
  { barcode, branchId, now }: { barcode: string; branchId: number; now: Date },
): Promise<Found | TakeBackRefused> {
  const [[copy], [fresh]] = await together(
    tx.rows<Copy>(sql`
      with locked as materialized (
        select id, title_id, barcode, branch_id, in_transit_to, withdrawn_because
        from copy
        where barcode = ${barcode}
        for no key update
      )
      select
        locked.id, locked.title_id, locked.barcode, title.title, locked.branch_id as home_branch_id,
        home.name as home_branch_name, locked.in_transit_to,
        locked.withdrawn_because is not null as is_withdrawn,
        exists (select from branch where id = ${branchId}) as branch_is_known
      from locked
      join title on title.id = locked.title_id
      join branch as home on home.id = locked.branch_id
    `),
    tx.rows<Fresh>(sql`
      with wanted as materialized (
        select copy.id, copy.title_id, copy.lendable or coalesce(missing_copy.was_lendable, false) as lendable,
          copy.withdrawn_because, missing_copy.copy_id is not null as is_missing
        from copy
        left join missing_copy on missing_copy.copy_id = copy.id
        where copy.barcode = ${barcode}
      ),
      ${servedHold(now)}
      select
        (
          select json_build_object(
            'id', loan.id, 'patronId', patron.id,
            'patronName', patron.given_name || ' ' || patron.family_name, 'wantsReceipts', patron.wants_receipts,
            'lentAt', loan.lent_at, 'dueAt', loan.due_at, 'accruedCents', loan.accrued_cents,
            'rule', (select row_to_json(r) from (select ${ruleColumns}) as r),
            'openDays', json_build_object(
              'timeZone', branch.time_zone,
              'closedWeekdays', branch.closed_weekdays,
              'closedDays', array(
                select closed_day.day
                from closed_day
                where closed_day.branch_id = branch.id
                  and closed_day.day >= loan.due_at::date - 2
                  and loan.due_at < ${now}
                order by closed_day.day
                limit ${closedDaysMax}
              )
            )
          )
          from loan
          join patron on patron.id = loan.patron_id
          join loan_rule on loan_rule.id = loan.loan_rule_id
          join branch on branch.id = loan.branch_id
          where loan.copy_id = (select id from wanted) and loan.returned_at is null
        ) as loan,
        (select row_to_json(served) from served) as hold,
        (select is_missing from wanted) as "isMissing"
    `),
  )
  if (!copy) return { refused: 'copy-unknown' }
  if (!copy.branch_is_known) return { refused: 'branch-unknown' }
  return { copy, loan: null, hold: null, isMissing: false, ...fresh }
}

/** Ends the loan and charges for it; gives the cents. */
async function endLoan(
  tx: Tx,
  { loan, branchId, now }: { loan: OpenLoan; branchId: number; now: Date },
): Promise<number> {
  const { rule, openDays, accruedCents } = loan
  const late = fineCents({ ...openDays, rule, dueAt: new Date(loan.dueAt), returnedAt: now })
  const cents = Math.min(accruedCents + late, Math.max(rule.fineCapCents, accruedCents))
  // A scan kept by an offline desk may carry a time before the loan; a loan does not end before it began.
  const ended = await tx.rows(sql`
    update loan
    set returned_at = greatest(${now}, lent_at), returned_branch_id = ${branchId}
    where id = ${loan.id} and returned_at is null
    returning id
  `)
  assert.equal(ended.length, 1, 'A loan whose copy is locked was ended by another.')
  if (cents > 0)
    await tx.rows(sql`
      insert into fine_line (patron_id, loan_id, kind, cents, reason, at)
      values (${loan.patronId}, ${loan.id}, 'charge', ${cents}, 'overdue', ${now})
    `)
  return cents
}

function movingCopy(copy: Copy, atBranchId: number): MovingCopy {
  return {
    copyId: copy.id,
    homeBranchId: copy.home_branch_id,
    homeBranchName: copy.home_branch_name,
    inTransitTo: copy.in_transit_to,
    isWithdrawn: copy.is_withdrawn,
    atBranchId,
    hasArrived: true,
  }
}
