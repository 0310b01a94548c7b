import type { Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { together } from '../postgres/statement.ts'
import { type LoanRule, mostSpecific } from './loan-rule.ts'
import { blockAtCentsByDefault } from './policy.ts'
import { ruleColumns } from './rules-for.ts'
import { scanned } from './scanned.ts'

/** A patron, by card or id, who wants any copy of a title, to be fetched at a branch. */
export type PlaceHoldAsk = {
  readonly titleId: number
  readonly card?: string | undefined
  readonly patronId?: number | undefined
  readonly pickupBranchId: number
}

/** Why a hold is not placed. */
export type PlaceHoldRefused =
  | { readonly refused: 'patron-unknown' }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'title-unknown' }
  | { readonly refused: 'patron-expired'; readonly expiresOn: string }
  | { readonly refused: 'patron-blocked'; readonly because: string }
  | { readonly refused: 'patron-owes'; readonly cents: number; readonly limitCents: number }
  | { readonly refused: 'already-on-loan'; readonly loanId: number }
  | { readonly refused: 'already-on-hold'; readonly holdId: number }
  | { readonly refused: 'title-has-no-copies' }
  | { readonly refused: 'hold-limit'; readonly limit: number; readonly open: number }

/** All that decides whether a hold is placed. */
export type PlaceHoldFacts = {
  readonly patronId: number | null
  readonly categoryId: number
  readonly expiresOn: string
  readonly blockedBecause: string | null
  readonly blockAtCents: number
  readonly titleIsKnown: boolean
  readonly branchIsKnown: boolean
  /** The day now at the pickup branch. */
  readonly today: string
  readonly owesCents: number
  readonly openHolds: number
  readonly loanId: number | null
  readonly holdId: number | null
  /** The item types of the title's copies that can be lent. */
  readonly itemTypeIds: readonly number[]
  readonly rules: readonly LoanRule[]
}

/** Everything that speaks against placing a hold. None means: place it. */
export function placeHoldRefusals(facts: PlaceHoldFacts, pickupBranchId: number): PlaceHoldRefused[] {
  if (facts.patronId === null) return [{ refused: 'patron-unknown' }]
  if (!facts.titleIsKnown) return [{ refused: 'title-unknown' }]
  if (!facts.branchIsKnown) return [{ refused: 'branch-unknown' }]
  const { expiresOn, blockedBecause, owesCents, blockAtCents, openHolds } = facts
  const found: PlaceHoldRefused[] = []
  if (expiresOn < facts.today) found.push({ refused: 'patron-expired', expiresOn })
  if (blockedBecause !== null) found.push({ refused: 'patron-blocked', because: blockedBecause })
  if (owesCents >= blockAtCents)
    found.push({ refused: 'patron-owes', cents: owesCents, limitCents: blockAtCents })
  if (facts.loanId !== null) found.push({ refused: 'already-on-loan', loanId: facts.loanId })
  if (facts.holdId !== null) found.push({ refused: 'already-on-hold', holdId: facts.holdId })
  const limit = holdLimit(facts, pickupBranchId)
  if (limit === undefined) found.push({ refused: 'title-has-no-copies' })
  else if (openHolds >= limit) found.push({ refused: 'hold-limit', limit, open: openHolds })
  return found
}

/**
 * A hold is on a title, not yet on a copy: of the rules for its copies the most generous counts. Undefined when no
 * copy could come: there is none, or no rule lends one to this patron.
 */
function holdLimit({ rules, itemTypeIds, categoryId }: PlaceHoldFacts, branchId: number): number | undefined {
  const limits = itemTypeIds.flatMap((itemTypeId) => {
    const rule = mostSpecific(rules, { branchId, patronCategoryId: categoryId, itemTypeId })
    return rule?.lendable ? [rule.holdsMax] : []
  })
  return limits.length === 0 ? undefined : Math.max(...limits)
}

/** Reads all that decides about a hold, with the patron's row locked: limits are counted under that lock. */
export async function placeHoldFacts(tx: Tx, ask: PlaceHoldAsk, now: Date): Promise<PlaceHoldFacts> {
  const who = whoAsks(ask)
  const [[standing], [fresh]] = await together(
    tx.rows<Omit<PlaceHoldFacts, keyof Fresh>>(sql`
      with locked as materialized (
        select id, category_id, expires_on, blocked_because
        from patron
        where ${who} and deleted_at is null
        for no key update
      )
      select
        locked.id as "patronId", locked.category_id as "categoryId", locked.expires_on as "expiresOn",
        locked.blocked_because as "blockedBecause",
        coalesce((select block_at_cents from library), ${blockAtCentsByDefault}) as "blockAtCents",
        title.id is not null as "titleIsKnown",
        branch.id is not null as "branchIsKnown",
        (${now}::timestamptz at time zone branch.time_zone)::date as today
      from (values (${ask.titleId}::bigint, ${ask.pickupBranchId}::bigint)) as asked (title_id, branch_id)
      left join title on title.id = asked.title_id and title.deleted_at is null
      left join branch on branch.id = asked.branch_id
      left join locked on true
    `),
    tx.rows<Fresh>(freshOf(ask, who)),
  )
  if (!standing || !fresh) throw new Error('A statement that always has one row had none.')
  return { ...standing, ...fresh, itemTypeIds: fresh.itemTypeIds.map(Number) }
}

type Fresh = Pick<PlaceHoldFacts, 'owesCents' | 'openHolds' | 'loanId' | 'holdId' | 'itemTypeIds' | 'rules'>

/** What the patron's lock guards, counted when it is held. */
function freshOf(ask: PlaceHoldAsk, who: Sql): Sql {
  return sql`
    with asking as materialized (
      select id, category_id from patron where ${who} and deleted_at is null
    ),
    lendable_copy as materialized (
      select distinct item_type_id
      from copy
      where title_id = ${ask.titleId} and lendable and withdrawn_because is null
    )
    select
      (
        select coalesce(sum(cents), 0)::bigint from fine_line where patron_id = (select id from asking)
      ) as "owesCents",
      (
        select count(*)::integer from hold
        where patron_id = (select id from asking) and closed_at is null
      ) as "openHolds",
      (
        select min(loan.id) from loan
        join copy on copy.id = loan.copy_id
        where loan.patron_id = (select id from asking)
          and loan.returned_at is null and copy.title_id = ${ask.titleId}
      ) as "loanId",
      (
        select id from hold
        where title_id = ${ask.titleId} and patron_id = (select id from asking) and closed_at is null
      ) as "holdId",
      array(select item_type_id from lendable_copy) as "itemTypeIds",
      (
        select coalesce(json_agg(fitting), '[]')
        from (
          select ${ruleColumns}
          from loan_rule
          where (loan_rule.branch_id is null or loan_rule.branch_id = ${ask.pickupBranchId})
            and (
              loan_rule.patron_category_id is null
              or loan_rule.patron_category_id = (select category_id from asking)
            )
            and (
              loan_rule.item_type_id is null
              or loan_rule.item_type_id in (select item_type_id from lendable_copy)
            )
        ) as fitting
      ) as rules
  `
}

function whoAsks({ patronId, card }: PlaceHoldAsk): Sql {
  if (patronId !== undefined) return sql`id = ${patronId}`
  return sql`card = ${scanned(card ?? '')}`
}
