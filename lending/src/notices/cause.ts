import { randomUUIDv7 } from 'node:crypto'
import { type Sql, sql } from '../postgres/sql.ts'
import { type Facts, type Kind, kinds } from './kinds.ts'
import { isWanted } from './wanted-notices.ts'

/** What is to be told. */
export type Causing = {
  /** When it came about. */
  readonly at: Date
  /** Rows of `cause, patron_id, loan_id, hold_id, facts`: one a notice. */
  readonly rows: Sql
  /** How many rows there may be; more than that is refused by the database. Default: one. */
  readonly rowsMax?: number
}

/**
 * The insert that causes notices of a kind, for the transaction of the fact that they tell. Who has no address, or
 * does not want notices of this kind, is told nothing; what has caused a notice before causes no second one.
 */
export function noticesOf(kind: Kind, { at, rows, rowsMax = 1 }: Causing): Sql {
  const ids = Array.from({ length: rowsMax }, () => randomUUIDv7())
  const nextAt = new Date(at.getTime() + kinds[kind].gatherMs)
  return sql`
    insert into notice (id, kind, cause, patron_id, loan_id, hold_id, facts, caused_at, next_at, stood_still)
    select
      (${ids}::uuid[])[row_number() over (order by told.cause)], ${kind}, told.cause, told.patron_id, told.loan_id,
      told.hold_id, told.facts, ${at}, ${nextAt}, notice_stood_still(${at})
    from (${rows}) as told
    join patron on patron.id = told.patron_id
    where patron.email <> '' and patron.deleted_at is null and ${isWanted(kind)}
    on conflict (cause) do nothing
  `
}

/** What a receipt is of. */
export type ReceiptOf = {
  readonly at: Date
  readonly patronId: number
  readonly loanId: number
  readonly facts: Facts
}

/** The insert of a receipt; it makes none while notices are off. Ask for it only where the patron wants receipts. */
export function receiptOf(
  kind: 'loan-receipt' | 'return-receipt',
  { at, patronId, loanId, facts }: ReceiptOf,
): Sql {
  return noticesOf(kind, {
    at,
    rows: sql`
      select
        ${`${kind}:${loanId}`} as cause, ${patronId}::bigint as patron_id, ${loanId}::bigint as loan_id,
        null::bigint as hold_id, ${JSON.stringify(facts)}::jsonb as facts
      from notice_switch
      where installations <> '{}'
    `,
  })
}

/** The rows that tell about holds, from a table `changed` of `id, version, patron_id, title_id, pickup_branch_id, shelf_until`. */
export function aboutHolds(kind: 'hold-ready' | 'hold-expired'): Sql {
  return sql`
    select
      ${kind}::text || ':' || changed.id || ':' || changed.version as cause, changed.patron_id,
      null::bigint as loan_id, changed.id as hold_id,
      jsonb_build_object('title', title.title, 'branch', branch.name, 'until', changed.shelf_until) as facts
    from changed
    join title on title.id = changed.title_id
    join branch on branch.id = changed.pickup_branch_id
  `
}
