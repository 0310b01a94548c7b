import { randomUUID } from 'node:crypto'
import { allowForgetting } from '../journal/forgetting.ts'
import type { Database, Rows, Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { type Verb, write } from '../postgres/write.ts'
import { partHolds, partLoans, rowsABatch } from './part-from-patron.ts'

/** What a sweep took the names out of. */
export type Forgotten = {
  readonly loans: number
  readonly holds: number
  readonly journalRows: number
  readonly refusals: number
}

/** The days after which a returned loan is forgotten, when the library has not said otherwise. */
export const forgetAfterDaysByDefault = 30
/** An idempotency key gives its answer for at least so long, so nothing younger is forgotten, whatever is set. */
const keysLastMs = 24 * 3_600_000
const dayMs = 24 * 3_600_000
const patronsAPage = 5_000
const patronsABatch = 50

/**
 * The sweep of the library's ethic: what was returned and closed longer than `library.forget_after_days` ago is
 * parted from the patron, unless the patron keeps a history. Loans, closed holds and the journal's rows about them
 * stay and can be counted; nobody can say any more whose they were. A patron who still owes for a loan is kept on
 * that loan until it is settled. Protected patrons are forgotten too: the flag protects them, and this is privacy.
 *
 * In batches, each a transaction with one journal entry; a patron at a desk at that moment is left for the next
 * round. Doing it twice does no harm.
 */
export async function forgetReturnedLoans(
  db: Database,
  now: Date,
  { instance = 'sweep' }: { readonly instance?: string } = {},
): Promise<Forgotten> {
  const limits = await limitsAt(db, now)
  const sum = { loans: 0, holds: 0, journalRows: 0, refusals: 0 }
  const doIt = async (ask: ForgetAsk): Promise<Forgotten | undefined> => {
    const by = { actor: 'system:forget', key: randomUUID(), occurredAt: now, instance }
    const told = await write(db, by, forget, ask)
    if (told.outcome !== 'done') return undefined
    for (const name of ['loans', 'holds', 'journalRows', 'refusals'] as const) sum[name] += told.answer[name]
    return told.answer
  }
  for (let after = 0; ; ) {
    const page = await patronsToForget(db, { after, limits })
    for (let at = 0; at < page.patronIds.length; at += patronsABatch) {
      const patronIds = page.patronIds.slice(at, at + patronsABatch)
      for (;;) {
        const done = await doIt({ patronIds, limits })
        if (!done || (done.loans < rowsABatch && done.holds < rowsABatch)) break
      }
    }
    if (page.last === null) break
    after = page.last
  }
  while (await hasRefusals(db, limits)) {
    const done = await doIt({ patronIds: [], limits })
    if (!done) break
  }
  return sum
}

/** By what is forgotten. ISO 8601. */
export type Limits = {
  /** What was over before this is forgotten. */
  readonly before: string
  /** Keys that were recorded since then must still give their answer. */
  readonly keysSince: string
}

type ForgetAsk = { readonly patronIds: readonly number[]; readonly limits: Limits }

/** How much one batch of forgetting may change. */
export const forgettingFanOut = {
  loan: rowsABatch,
  hold: rowsABatch,
  fine_line: 10 * rowsABatch,
  because: 'A batch is parted from its patrons; a loan may have several lines of fines.',
} as const

const forget: Verb<ForgetAsk, Forgotten, never> = {
  action: 'forget',
  fanOut: forgettingFanOut,
  about: () => ({}),
  work: async (tx, { patronIds, limits }, by) => {
    await allowForgetting(tx, by)
    if (patronIds.length === 0) {
      await dropSettledScans(tx, limits)
      return { loans: 0, holds: 0, journalRows: 0, refusals: await forgetRefusals(tx, limits) }
    }
    const free = await tx.rows<{ id: number }>(sql`
      select id from patron
      where id = any(${patronIds}) and not keeps_history
      order by id
      for no key update skip locked
    `)
    const { isMore: _, ...forgotten } = await forgetOver(
      tx,
      free.map(({ id }) => id),
      limits,
    )
    return forgotten
  },
}

/** Parts these patrons, who are locked, from a batch of what is over; a full one may leave more. */
export async function forgetOver(
  tx: Tx,
  patronIds: readonly number[],
  limits: Limits,
): Promise<Forgotten & { readonly isMore: boolean }> {
  // What a loan's fine has left to pay keeps the patron on it; what is settled loses its loan and stays in the sum.
  const loans = await partLoans(tx, sql`loan.patron_id = any(${patronIds}) and ${loanIsOver(limits)}`)
  const holds = await partHolds(tx, sql`hold.patron_id = any(${patronIds}) and ${holdIsOver(limits)}`)
  return {
    loans: loans.rows,
    holds: holds.rows,
    journalRows: loans.journalRows + holds.journalRows,
    refusals: 0,
    isMore: loans.rows === rowsABatch || holds.rows === rowsABatch,
  }
}

/** By what is forgotten at this time, as the library has settled it. */
export async function limitsAt(db: { readonly rows: Rows }, now: Date): Promise<Limits> {
  const [library] = await db.rows<{ days: number }>(sql`select forget_after_days as days from library`)
  const ageMs = Math.max((library?.days ?? forgetAfterDaysByDefault) * dayMs, keysLastMs)
  return {
    before: new Date(now.getTime() - ageMs).toISOString(),
    keysSince: new Date(now.getTime() - keysLastMs).toISOString(),
  }
}

/**
 * Loans that may be forgotten: over for long enough, with nothing left to pay on them, and no key of theirs within
 * its day.
 */
function loanIsOver({ before, keysSince }: Limits): Sql {
  return sql`
    loan.returned_at < ${before}
    and not (
      exists (select from fine_line where fine_line.loan_id = loan.id and fine_line.kind = 'charge')
      and (select sum(cents) from fine_line where fine_line.patron_id = loan.patron_id) > 0
    )
    and not exists (
      select from journal
      where journal.copy_id = loan.copy_id and journal.loan_id = loan.id and journal.recorded_at >= ${keysSince}
    )
  `
}

/** Holds that may be forgotten: closed for long enough, and no key of theirs within its day. */
function holdIsOver({ before, keysSince }: Limits): Sql {
  return sql`
    hold.closed_at < ${before}
    and not exists (
      select from journal
      where journal.patron_id = hold.patron_id and journal.hold_id = hold.id and journal.recorded_at >= ${keysSince}
    )
    and not exists (
      select from patron as merged
      join journal on journal.patron_id = merged.id
      where merged.merged_into = hold.patron_id and journal.hold_id = hold.id and journal.recorded_at >= ${keysSince}
    )
  `
}

/** A page of patrons in the order of their identities, and of these the ones who have something to forget. */
async function patronsToForget(
  db: { readonly rows: Rows },
  { after, limits }: { readonly after: number; readonly limits: Limits },
): Promise<{ readonly last: number | null; readonly patronIds: readonly number[] }> {
  const [row] = await db.rows<{ last: number | null; patronIds: string[] }>(sql`
    with page as materialized (
      select id, keeps_history from patron where id > ${after} order by id limit ${patronsAPage}
    )
    select
      case when count(*) = ${patronsAPage} then max(page.id) end as last,
      coalesce(array_agg(page.id) filter (
        where not page.keeps_history and (
          exists (select from loan where loan.patron_id = page.id and ${loanIsOver(limits)})
          or exists (select from hold where hold.patron_id = page.id and ${holdIsOver(limits)})
        )
      ), '{}') as "patronIds"
    from page
  `)
  return { last: row?.last ?? null, patronIds: (row?.patronIds ?? []).map(Number) }
}

/** A refusal may name who has the copy; of an old one only its code is kept. */
async function forgetRefusals(tx: Tx, { before }: Limits): Promise<number> {
  const changed = await tx.rows(sql`
    update journal
    set answer = jsonb_build_object('refused', answer -> 'refused'), idempotency_key = null, request_sha256 = null,
        patron_id = null,
        actor = case when actor like 'patron:%' then 'patron' else actor end
    where id in (
      select id from journal
      where outcome = 'refused' and idempotency_key is not null and recorded_at < ${before}
      order by recorded_at
      limit ${rowsABatch}
    )
    returning 1
  `)
  return changed.length
}

/** Who was served by a kept scan, and what was noted of it; what became of it stays in the journal. */
async function dropSettledScans(tx: Tx, { before }: Limits): Promise<void> {
  await tx.rows(sql`
    delete from kept_scan where id in (
      select id from kept_scan where settled_at < ${before} order by id limit ${rowsABatch}
    )
  `)
}

/** Whether there are refusals to forget, or kept scans that were seen to. */
async function hasRefusals(db: { readonly rows: Rows }, { before }: Limits): Promise<boolean> {
  const found = await db.rows(sql`
    select from journal
    where outcome = 'refused' and idempotency_key is not null and recorded_at < ${before}
    limit 1
  `)
  if (found.length > 0) return true
  const settled = await db.rows(sql`select from kept_scan where settled_at < ${before} limit 1`)
  return settled.length > 0
}
