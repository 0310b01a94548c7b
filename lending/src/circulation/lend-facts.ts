import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { together } from '../postgres/write.ts'
import type { LendFacts } from './lend-refusal.ts'
import { type LoanRule, mostSpecific } from './loan-rule.ts'
import { localDay } from './open-days.ts'
import { ruleColumns } from './rules-for.ts'
import { scanned } from './scanned.ts'

/** Owing this much stops lending, when the library has not said otherwise. */
export const blockAtCentsByDefault = 1_000
/** How many closed days a rule looks at: ten years of a branch that is never open. */
export const closedDaysMax = 3_660

/** Which lending is asked about. */
export type LendQuestion = {
  readonly card: string
  readonly barcode: string
  readonly branchId: number
  readonly now: Date
}

/**
 * Reads all that decides about a loan. With `lock`, the patron's row and then the copy's stay locked, so that
 * neither limits nor the copy can change before the commit.
 *
 * Two statements, sent in one go: what the locks guard is counted in the second, whose snapshot is taken when
 * the locks are held. The first one's snapshot may be older than its locks.
 */
export async function lendFacts(
  db: { readonly rows: Rows },
  question: LendQuestion,
  { lock }: { readonly lock: boolean },
): Promise<LendFacts> {
  const asked = { ...question, card: scanned(question.card), barcode: scanned(question.barcode) }
  const [[one], [two]] = await together(
    db.rows<{ standing: Standing }>(standingOf(asked, lock ? sql`for no key update` : sql``)),
    db.rows<{ fresh: Fresh }>(freshOf(asked, lock)),
  )
  if (!one || !two) throw new Error('A statement that always has one row had none.')
  return factsOf(asked, one.standing, two.fresh)
}

type Standing = {
  branch_name: string | null
  time_zone: string
  closed_weekdays: number[]
  closed_days: string[]
  block_at_cents: number | null
  patron_id: number | null
  card: string
  patron_name: string
  category_id: number
  category_name: string
  expires_on: string
  blocked_because: string | null
  copy_id: number | null
  title_id: number
  barcode: string
  title: string
  item_type_id: number
  item_type_name: string
  lendable: boolean
  in_transit_to: number | null
  withdrawn_because: string | null
  rules: LoanRule[]
}

function standingOf({ card, barcode, branchId, now }: LendQuestion, lock: Sql): Sql {
  return sql`
    with locked_patron as materialized (
      select id, card, category_id, given_name || ' ' || family_name as name, expires_on, blocked_because
      from patron
      where card = ${card} and deleted_at is null
      ${lock}
    ),
    -- The count makes this wait for the patron's lock: patron first, then copy, everywhere.
    locked_copy as materialized (
      select id, title_id, barcode, item_type_id, lendable, in_transit_to, withdrawn_because
      from copy
      where barcode = ${barcode} and (select count(*) from locked_patron) >= 0
      ${lock}
    )
    -- One column of JSON: taking a row of twenty apart costs the desk more than this statement.
    select to_json(facts) as standing
    from (
      select
        branch.name as branch_name, branch.time_zone, branch.closed_weekdays,
        (select block_at_cents from library) as block_at_cents,
        p.id as patron_id, p.card, p.name as patron_name, p.category_id, patron_category.name as category_name,
        p.expires_on, p.blocked_because,
        c.id as copy_id, c.title_id, c.barcode, title.title, c.item_type_id, item_type.name as item_type_name,
        c.lendable, c.in_transit_to, c.withdrawn_because,
        (
          select coalesce(json_agg(fitting), '[]')
          from (
            select ${ruleColumns}
            from loan_rule
            where (loan_rule.branch_id is null or loan_rule.branch_id = branch.id)
              and (loan_rule.patron_category_id is null or loan_rule.patron_category_id = p.category_id)
              and (loan_rule.item_type_id is null or loan_rule.item_type_id = c.item_type_id)
          ) as fitting
        ) as rules,
        array(
          select closed_day.day::text
          from closed_day
          where closed_day.branch_id = branch.id and closed_day.day >= ${now}::timestamptz::date - 2
          order by closed_day.day
          limit ${closedDaysMax}
        ) as closed_days
      from (values (${branchId}::bigint)) as here (branch_id)
      left join branch on branch.id = here.branch_id
      left join locked_patron as p on true
      left join patron_category on patron_category.id = p.category_id
      left join locked_copy as c on true
      left join title on title.id = c.title_id
      left join item_type on item_type.id = c.item_type_id
    ) as facts
  `
}

type Fresh = {
  loan_id: number | null
  open_loans: number
  owes_cents: number
  open_loan: { id: number; dueAt: string; patronId: number; card: string; name: string } | null
  captured_by: { holdId: number; patronId: number } | null
  own_waiting_hold_id: number | null
}

function freshOf({ card, barcode }: LendQuestion, isLending: boolean): Sql {
  const lock = isLending ? sql`for no key update` : sql``
  return sql`
    with asking as materialized (select id from patron where card = ${card} and deleted_at is null),
    wanted as materialized (select id, title_id from copy where barcode = ${barcode}),
    captured as materialized (
      select id, patron_id
      from hold
      where copy_id = (select id from wanted) and state in ('in-transit', 'on-shelf')
      ${lock}
    ),
    own as materialized (
      select id
      from hold
      where title_id = (select title_id from wanted) and patron_id = (select id from asking)
        and closed_at is null and state = 'waiting' and (select count(*) from captured) >= 0
      ${lock}
    )
    select to_json(facts) as fresh
    from (
      select
        (
          select count(*)::integer from loan
          where patron_id = (select id from asking) and returned_at is null
        ) as open_loans,
        (
          select coalesce(sum(cents), 0)::bigint from fine_line where patron_id = (select id from asking)
        ) as owes_cents,
        (
          select json_build_object(
            'id', loan.id, 'dueAt', loan.due_at, 'patronId', borrower.id, 'card', borrower.card,
            'name', borrower.given_name || ' ' || borrower.family_name
          )
          from loan
          join patron as borrower on borrower.id = loan.patron_id
          where loan.copy_id = (select id from wanted) and loan.returned_at is null
        ) as open_loan,
        (select json_build_object('holdId', id, 'patronId', patron_id) from captured) as captured_by,
        (select id from own) as own_waiting_hold_id,
        -- Known beforehand, the loan's number lets the loan go out together with the commit.
        ${isLending ? sql`nextval('loan_id_seq')` : sql`null::bigint`} as loan_id
    ) as facts
  `
}

function factsOf({ branchId, now }: LendQuestion, standing: Standing, fresh: Fresh): LendFacts {
  const branch =
    standing.branch_name === null
      ? undefined
      : {
          id: branchId,
          name: standing.branch_name,
          timeZone: standing.time_zone,
          closedWeekdays: standing.closed_weekdays,
          closedDays: standing.closed_days,
        }
  const patron =
    standing.patron_id === null
      ? undefined
      : {
          id: standing.patron_id,
          card: standing.card,
          name: standing.patron_name,
          categoryId: standing.category_id,
          categoryName: standing.category_name,
          expiresOn: standing.expires_on,
          blockedBecause: standing.blocked_because,
          openLoans: fresh.open_loans,
          owesCents: fresh.owes_cents,
        }
  return {
    today: branch ? localDay(now, branch.timeZone) : '',
    blockAtCents: standing.block_at_cents ?? blockAtCentsByDefault,
    branch,
    patron,
    copy: copyOf(standing, fresh),
    rule:
      branch && patron && standing.copy_id !== null
        ? mostSpecific(standing.rules, {
            branchId,
            patronCategoryId: patron.categoryId,
            itemTypeId: standing.item_type_id,
          })
        : undefined,
    ownWaitingHoldId: fresh.own_waiting_hold_id ?? undefined,
    loanId: fresh.loan_id ?? undefined,
  }
}

function copyOf(standing: Standing, fresh: Fresh): LendFacts['copy'] {
  if (standing.copy_id === null) return undefined
  return {
    id: standing.copy_id,
    titleId: standing.title_id,
    barcode: standing.barcode,
    title: standing.title,
    itemTypeId: standing.item_type_id,
    itemTypeName: standing.item_type_name,
    lendable: standing.lendable,
    withdrawnBecause: standing.withdrawn_because,
    isInTransit: standing.in_transit_to !== null,
    openLoan: fresh.open_loan
      ? { ...fresh.open_loan, dueAt: new Date(fresh.open_loan.dueAt).toISOString() }
      : undefined,
    capturedBy: fresh.captured_by ?? undefined,
  }
}
