import type { Rows, Tx } from '../../postgres/pool.ts'
import { type Sql, sql } from '../../postgres/sql.ts'
import type { Verb } from '../../postgres/write.ts'
import { isExpected, notSeenMax } from './not-seen.ts'

/** Which copies a finished stock-take did not find: those that somebody saw in its list. */
export type MarkMissingAsk = { readonly stockTakeId: number; readonly copyIds: readonly number[] }

/** How many copies are missing from now on. */
export type MarkedMissing = { readonly stockTakeId: number; readonly copies: number }

/** Why none of them is marked. */
export type MarkMissingRefused =
  | { readonly refused: 'stock-take-unknown' }
  | { readonly refused: 'stock-take-open' }
  | { readonly refused: 'nothing-found' }
  | { readonly refused: 'over-ceiling' }
  | { readonly refused: 'list-changed' }

/**
 * Marks copies that were expected and not seen as missing: they are not lent until they turn up. All of them, or none where
 * one was seen, lent or moved since the list was read.
 */
export const markMissing: Verb<MarkMissingAsk, MarkedMissing, MarkMissingRefused> = {
  action: 'mark-missing',
  fanOut: { copy: notSeenMax, because: 'What a stock-take did not find is marked, as far as one list goes.' },
  about: () => ({}),
  work: async (tx, { stockTakeId, copyIds }, { occurredAt }) => {
    const ids = [...new Set(copyIds)].toSorted((one, other) => one - other)
    const [found] = await tx.rows<{ is_over: boolean }>(sql`
      select ended_at is not null as is_over from stock_take where id = ${stockTakeId}
    `)
    if (!found) return { refused: 'stock-take-unknown' }
    if (!found.is_over) return { refused: 'stock-take-open' }
    if (ids.length === 0) return { refused: 'nothing-found' }
    if (ids.length > notSeenMax) return { refused: 'over-ceiling' }
    await lockCopies(tx, ids)
    // Looked at only now: whoever lends one of them has done so, or waits for us.
    const marked = await tx.rows(sql`
      insert into missing_copy (copy_id, stock_take_id, was_lendable, since)
      select copy.id, ${stockTakeId}, copy.lendable, ${occurredAt}
      from copy
      where ${isExpected(stockTakeId)} and copy.id = any(${ids}::bigint[])
      returning copy_id
    `)
    if (marked.length !== ids.length) return { refused: 'list-changed' }
    await tx.rows(sql`
      update copy set lendable = false, version = version + 1 where id = any(${ids}::bigint[])
    `)
    return { stockTakeId, copies: ids.length }
  },
}

/** Which copies turned up, or the stock-take whose marks are all taken back. */
export type MarkFoundAsk = { readonly copyIds: readonly number[] } | { readonly stockTakeId: number }

/** So many marks of a stock-take are taken back at once; of more, the rest by asking again. */
const marksMax = 5_000

/** How many of them were missing and are as they were before. */
export type MarkedFound = { readonly copies: number }

/** Takes the mark of missing copies back: they are lent again if they were before. Others stay as they are. */
export const markFound: Verb<
  MarkFoundAsk,
  MarkedFound,
  { readonly refused: 'nothing-found' } | { readonly refused: 'over-ceiling' }
> = {
  action: 'mark-found',
  fanOut: { copy: marksMax, because: 'What one stock-take has marked is taken back at once.' },
  about: () => ({}),
  work: async (tx, ask) => {
    const asked = 'copyIds' in ask ? ask.copyIds : await missingBy(tx, ask.stockTakeId)
    const ids = [...new Set(asked)].toSorted((one, other) => one - other)
    if ('copyIds' in ask && ids.length > notSeenMax) return { refused: 'over-ceiling' }
    await lockCopies(tx, ids)
    const copies = await takeMarksBack(tx, ids)
    return copies === 0 ? { refused: 'nothing-found' } : { copies }
  },
}

/** Of copies under lock those that are missing are so no longer; gives how many. */
export async function takeMarksBack(tx: Tx, copyIds: readonly number[]): Promise<number> {
  const found = await tx.rows(sql`
    with was as (
      delete from missing_copy where copy_id = any(${copyIds}::bigint[]) returning copy_id, was_lendable
    )
    update copy
    set lendable = copy.lendable or was.was_lendable, version = copy.version + 1
    from was
    where copy.id = was.copy_id
    returning copy.id
  `)
  return found.length
}

/** The copies that a stock-take has marked as missing and that did not turn up since, the first of them. */
async function missingBy(tx: Tx, stockTakeId: number): Promise<readonly number[]> {
  const rows = await tx.rows<{ copyId: number }>(sql`
    select copy_id as "copyId" from missing_copy where stock_take_id = ${stockTakeId} order by copy_id limit ${marksMax}
  `)
  return rows.map(({ copyId }) => copyId)
}

/** Since when a copy is missing, and by which stock-take; undefined when it is not. */
export async function missingSince(
  db: { rows: Rows },
  copyId: number,
): Promise<{ readonly since: string; readonly stockTakeId: number } | undefined> {
  const [row] = await db.rows<{ since: Date; stockTakeId: number }>(sql`
    select since, stock_take_id as "stockTakeId" from missing_copy where copy_id = ${copyId}
  `)
  return row && { since: row.since.toISOString(), stockTakeId: row.stockTakeId }
}

/** What `copy.lendable` is to be: a missing copy is not lent before it turns up. */
export function lendableNow(wanted: Sql): Sql {
  return sql`${wanted} and not exists (select from missing_copy where missing_copy.copy_id = copy.id)`
}

/** Of a copy under lock that is missing: whether it is lent once it turns up. */
export async function lendableWhenFound(
  tx: Tx,
  { copyId, lendable }: { readonly copyId: number; readonly lendable: boolean },
): Promise<void> {
  await tx.rows(sql`update missing_copy set was_lendable = ${lendable} where copy_id = ${copyId}`)
}

/** In the order in which everybody locks copies. */
async function lockCopies(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.rows(sql`select id from copy where id = any(${ids}::bigint[]) order by id for update`)
}
