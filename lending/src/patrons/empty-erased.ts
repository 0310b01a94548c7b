import type { FanOut } from '../postgres/fan-out.ts'
import type { Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { forgetEntries, partHolds, partLoans, rowsABatch } from './part-from-patron.ts'

/** What one part took people out of. */
export type Emptied = {
  /** Whether nothing is left that says who they were. */
  readonly isWhole: boolean
  /** For the audit chain: entries of the journal, and old refusals. */
  readonly journalRows: number
  readonly refusals: number
  readonly loans: number
  readonly holds: number
  readonly fineLines: number
  readonly notices: number
  readonly patrons: number
}

/** What one part may change: a loan that is parted takes its charge along. */
export const emptyingFanOut: FanOut = {
  loan: rowsABatch,
  hold: rowsABatch,
  fine_line: 2 * rowsABatch,
  notice: rowsABatch,
  patron: rowsABatch,
  because: 'A part of what is left of somebody who was erased is taken from them.',
}

/**
 * Takes everything that says who they were out of erased patrons, and of records that were merged into them: a part of
 * bounded size, in the caller's transaction, in which the journal must be open for forgetting. Loans, holds, fines and
 * notices stay and count. The records are emptied last, card and all, so that a part that comes again finds the rest by
 * them; done with, it does nothing. Who was brought back is left alone.
 */
export async function emptyErased(tx: Tx, patronIds: readonly number[]): Promise<Emptied> {
  const records = await lockErased(tx, patronIds)
  const ids = records.map(({ id }) => id)
  // First, for what it looks for is in entries that go after it.
  const refusals = await forgetRefusals(tx, records)
  const none = { isWhole: false, journalRows: 0, loans: 0, holds: 0, fineLines: 0, notices: 0, patrons: 0 }
  if (refusals === rowsABatch) return { ...none, refusals }
  const loans = await partLoans(tx, sql`loan.patron_id = any(${ids}) and loan.returned_at is not null`)
  const holds = await partHolds(tx, sql`hold.patron_id = any(${ids}) and hold.closed_at is not null`)
  const notices = await emptyNotices(tx, ids)
  const fineLines = await partFineLines(tx, ids)
  const scans = await partKeptScans(tx, ids)
  const entries = await forgetRest(tx, ids)
  const isLast = [loans.rows, holds.rows, notices, fineLines, scans, entries].every(
    (count) => count < rowsABatch,
  )
  return {
    isWhole: isLast && records.length < rowsABatch,
    journalRows: loans.journalRows + holds.journalRows + entries,
    refusals,
    loans: loans.rows,
    holds: holds.rows,
    fineLines,
    notices,
    patrons: isLast ? await emptyRecords(tx, ids) : 0,
  }
}

type ErasedRecord = {
  readonly id: number
  readonly card: string
  readonly name: string
  readonly blockedBecause: string | null
}

/** The records that are not empty yet; the erased one after those that were merged into it. */
async function lockErased(tx: Tx, patronIds: readonly number[]): Promise<readonly ErasedRecord[]> {
  return tx.rows<ErasedRecord>(sql`
    select patron.id, patron.card, patron.given_name || ' ' || patron.family_name as name,
      patron.blocked_because as "blockedBecause"
    from patron
    join patron as root on root.id = coalesce(patron.merged_into, patron.id)
    where root.id = any(${patronIds}) and root.deleted_at is not null and root.merged_into is null
      and patron.card is not null
    order by patron.merged_into nulls last, patron.id
    limit ${rowsABatch}
    for update of patron
  `)
}

/**
 * A refusal is about nobody, and yet may name in its answer who has the copy, where a card leads, or why somebody is
 * blocked; by a card, name or reason of now or of before. Of those only the code is kept, as of old ones. Where it is not
 * the card that says who it is, a key keeps its answer for its day.
 */
async function forgetRefusals(tx: Tx, records: readonly ErasedRecord[]): Promise<number> {
  const ids = records.map(({ id }) => id)
  const before = await tx.rows<{ cards: string[]; texts: string[] }>(sql`
    select
      coalesce(array_agg(distinct answer ->> 'card') filter (where answer ->> 'card' <> ''), '{}') as cards,
      coalesce(array_agg(distinct said.text) filter (where said.text <> ''), '{}') as texts
    from journal
    cross join lateral (
      values (answer ->> 'patronName'), (answer ->> 'blockedBecause'), (answer ->> 'wasBlockedBecause')
    ) as said (text)
    where patron_id = any(${ids})
  `)
  const cards = [...records, ...before.flatMap((said) => said.cards.map((card) => ({ card })))]
  const texts = records.flatMap(({ name, blockedBecause }) => [name, blockedBecause ?? ''])
  const changed = await tx.rows(sql`
    update journal
    set answer = jsonb_build_object('refused', answer -> 'refused'), idempotency_key = null, request_sha256 = null,
        patron_id = null,
        actor = case when actor like 'patron:%' then 'patron' else actor end
    where id in (
      select id from journal
      where outcome = 'refused' and idempotency_key is not null
        and (
          ${saysOneOf(cards.map(({ card }) => card))}
          or recorded_at < clock_timestamp() - interval '1 day'
            and ${saysOneOf([...texts, ...before.flatMap((said) => said.texts)])}
        )
      limit ${rowsABatch}
    )
    returning 1
  `)
  return changed.length
}

function saysOneOf(texts: readonly string[]): Sql {
  const meant = texts.filter((text) => text.trim() !== '')
  return sql`jsonb_path_exists(
    answer, '$.** ? (@.type() == "string" && @ == $meant[*])', jsonb_build_object('meant', ${meant}::text[])
  )`
}

/** What was not sent is not sent any more. That a notice was caused and what became of it stays, and balances. */
async function emptyNotices(tx: Tx, ids: readonly number[]): Promise<number> {
  const emptied = await tx.rows(sql`
    update notice
    set state = case when state in ('queued', 'dead') then 'void' else state end,
        ended_at = coalesce(ended_at, clock_timestamp()),
        ended_because = case when state in ('queued', 'dead') then 'patron-gone' else ended_because end,
        patron_id = null, facts = '{}', tried = null
    where ${aBatchOf(sql`notice`, ids)}
    returning 1
  `)
  return emptied.length
}

/** The sum of nobody's lines is nought, for no debt is erased; what was paid and when stays in the ledger. */
async function partFineLines(tx: Tx, ids: readonly number[]): Promise<number> {
  const parted = await tx.rows(sql`
    update fine_line
    set patron_id = null, reason = case kind when 'charge' then reason else '' end
    where ${aBatchOf(sql`fine_line`, ids)}
    returning 1
  `)
  return parted.length
}

/** What a desk had kept for them and nobody has seen to stays, for the copy's sake. */
async function partKeptScans(tx: Tx, ids: readonly number[]): Promise<number> {
  const parted = await tx.rows(sql`
    update kept_scan set patron_id = null, note = null where ${aBatchOf(sql`kept_scan`, ids)} returning 1
  `)
  return parted.length
}

function aBatchOf(table: Sql, ids: readonly number[]): Sql {
  return sql`id in (select id from ${table} where patron_id = any(${ids}) order by id limit ${rowsABatch})`
}

/** What the journal says of them besides: that they were registered, edited, blocked; and what they did themselves. */
async function forgetRest(tx: Tx, ids: readonly number[]): Promise<number> {
  const actors = ids.map((id) => `patron:${id}`)
  return forgetEntries(
    tx,
    sql`journal.id in (
      select id from journal
      where patron_id = any(${ids}) or (actor = any(${actors}) and idempotency_key is not null)
      limit ${rowsABatch}
    )`,
  )
}

async function emptyRecords(tx: Tx, ids: readonly number[]): Promise<number> {
  const emptied = await tx.rows(sql`
    update patron
    set card = null, given_name = '', family_name = '', email = '', phone = '', address = '', note = '',
        expires_on = (deleted_at at time zone 'UTC')::date, blocked_because = null, blocked_at = null, protected = false,
        keeps_history = false, wants_receipts = false, unwanted_notices = '{}', password_hash = null,
        version = version + 1
    where id = any(${ids})
    returning 1
  `)
  return emptied.length
}
