import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** More than what is put off ever comes to: a thousand titles bring some 6 MB. */
const listKilobytesMax = 65_536

/**
 * Puts off, until `sortIn`, the sorting of words and letters into the indexes of search: that is a third of what a
 * new title costs, and the cheaper the more of them at once. A search finds everything all the same; it reads the
 * list of what is not sorted in yet from end to end, so that the list must not stay.
 */
export async function putOffSortingIn(tx: Tx): Promise<void> {
  await tx.rows(sql`select set_config('gin_pending_list_limit', ${String(listKilobytesMax)}, true)`)
}

/** Sorts in what this transaction, or one before it, has put off. */
export async function sortIn(tx: Tx): Promise<void> {
  await tx.rows(sql`
    select gin_clean_pending_list(pg_class.oid)
    from pg_index
    join pg_class on pg_class.oid = pg_index.indexrelid
    join pg_am on pg_am.oid = pg_class.relam
    where pg_index.indrelid in ('title'::regclass, 'vocabulary'::regclass) and pg_am.amname = 'gin'
  `)
}
