import type { Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'

/** A transaction parts at most so many rows of a kind from their patrons; what is left over is the next one's. */
export const rowsABatch = 500

/** How many were parted, and how many entries of the journal lost whom they were about. */
export type Parted = { readonly rows: number; readonly journalRows: number }

/** Parts returned loans from their patrons, a batch of those that `which` names. The journal must be open for it. */
export async function partLoans(tx: Tx, which: Sql): Promise<Parted> {
  const due = await tx.rows<{ id: number; copyId: number }>(sql`
    select loan.id, loan.copy_id as "copyId"
    from loan
    where ${which}
    limit ${rowsABatch}
  `)
  if (due.length === 0) return { rows: 0, journalRows: 0 }
  const loanIds = due.map(({ id }) => id)
  const copyIds = due.map(({ copyId }) => copyId)
  // Only a charge is about a loan; said, it is found by its index.
  await tx.rows(sql`update fine_line set loan_id = null where loan_id = any(${loanIds}) and kind = 'charge'`)
  const journalRows = await forgetEntries(
    tx,
    sql`journal.copy_id = any(${copyIds}) and journal.loan_id = any(${loanIds})`,
  )
  await tx.rows(sql`update loan set patron_id = null where id = any(${loanIds})`)
  return { rows: due.length, journalRows }
}

/** Parts closed holds from their patrons, a batch of those that `which` names. The journal must be open for it. */
export async function partHolds(tx: Tx, which: Sql): Promise<Parted> {
  const due = await tx.rows<{ id: number; titleId: number; patronId: number }>(sql`
    select hold.id, hold.title_id as "titleId", hold.patron_id as "patronId"
    from hold
    where ${which}
    limit ${rowsABatch}
  `)
  if (due.length === 0) return { rows: 0, journalRows: 0 }
  const holdIds = due.map(({ id }) => id)
  const titleIds = [...new Set(due.map(({ titleId }) => titleId))]
  const owners = [...new Set(due.map(({ patronId }) => patronId))]
  // What was done before a merge names the record that went away.
  // The check-in that captured it, or the cancelled hold that passed the copy on, names its patron in the answer. It
  // may have been of any copy of the title: the one that was lent past the hold is not the hold's own any more.
  const journalRows = await forgetEntries(
    tx,
    sql`(
        journal.patron_id = any(${owners})
        or journal.patron_id = any(array(select id from patron where merged_into = any(${owners})))
        or journal.copy_id = any(array(select id from copy where title_id = any(${titleIds})))
      )
      and (
        journal.hold_id = any(${holdIds})
        or (journal.answer #>> '{next,holdId}')::bigint = any(${holdIds})
      )`,
  )
  await tx.rows(sql`update hold set patron_id = null where id = any(${holdIds})`)
  return { rows: due.length, journalRows }
}

/**
 * Takes people out of the entries of the journal that `which` names, and says how many they were. The digest of the
 * request goes too: from it and the list of cards anyone could work out whose it was.
 */
export async function forgetEntries(tx: Tx, which: Sql): Promise<number> {
  const changed = await tx.rows(sql`
    update journal
    set patron_id = null, answer = null, idempotency_key = null, request_sha256 = null,
        actor = case when actor like 'patron:%' then 'patron' else actor end
    where ${which} and (patron_id is not null or answer is not null)
    returning 1
  `)
  return changed.length
}
