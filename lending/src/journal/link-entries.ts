import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import {
  type AuditLink,
  beginning,
  chainHash,
  type EntryText,
  entryText,
  lastingDigest,
  personalDigest,
  timeText,
} from './audit-link.ts'
import { rowsAlone } from './audit-session.ts'

/** Any fixed number: of all Bibbys on a database, the one that has it links. */
const linkLock = 722_110_021
/** A transaction links at most so many entries: some tens of milliseconds of the server. */
const batchRows = 1_000
/** Between two batches the desks have the server to themselves. */
const pauseMs = 20

/** What a round did. */
export type Linked = {
  /** False where another process had the lock, or where nothing may be written now. */
  readonly mayLink: boolean
  readonly entries: number
  readonly forgotten: number
}

const nothing: Linked = { mayLink: false, entries: 0, forgotten: 0 }

/**
 * Links what the journal got since the last round, in an order that nothing is added to later: that of transactions,
 * up to the oldest that is still open (see the migration of the audit chain). Then links anew what was forgotten.
 * `session` is a connection outside the pools. It holds the lock while it links, so whoever loses the lock can write
 * nothing more; and should two link all the same, a position is taken once.
 *
 * In batches, each a transaction of its own. Ended anywhere, the next round goes on. Stopped by `signal` between two.
 */
export async function linkEntries(session: pg.Client, signal?: AbortSignal): Promise<Linked> {
  const { rows } = await session.query<{ taken: boolean }>(
    `select pg_try_advisory_lock(${linkLock}) as taken`,
  )
  if (!rows[0]?.taken) return nothing
  try {
    return await linkAll(session, signal)
  } finally {
    // The connection may be lost; the lock went with it then.
    await session.query(`select pg_advisory_unlock(${linkLock})`).catch(() => undefined)
  }
}

async function linkAll(session: pg.Client, signal: AbortSignal | undefined): Promise<Linked> {
  const rows = rowsAlone(session)
  if (!(await mayWrite(rows))) return nothing
  let tip = await tipOf(rows)
  const sums = { entries: 0, forgotten: 0 }
  const [begun] = await rows<{ at: string }>(sql`select ${timeText(sql`clock_timestamp()`)} as at`)
  await openUnlinked(session, tip)
  try {
    for (let isLast = false; !isLast && !signal?.aborted; ) {
      const ids = (await session.query<{ id: string }>(`fetch ${batchRows} from unlinked`)).rows
      isLast = ids.length < batchRows
      if (ids.length === 0) break
      const completeAt = isLast ? (begun?.at ?? null) : null
      const batch = await inTransaction(session, () => linkBatch(rows, { ids, tip, completeAt }))
      if (!batch) return { ...sums, mayLink: false }
      tip = batch
      sums.entries += ids.length
      if (!isLast) await wait(pauseMs)
    }
  } finally {
    await session.query('close unlinked').catch(() => undefined)
  }
  while (!signal?.aborted) {
    const batch = await inTransaction(session, () => linkForgotten(rows, tip))
    if (!batch) return { ...sums, mayLink: false }
    sums.forgotten += batch.position - tip.position
    if (batch.position - tip.position < batchRows) break
    tip = batch
    await wait(pauseMs)
  }
  if (sums.entries >= batchRows) await summarize(session)
  return { ...sums, mayLink: true }
}

/**
 * Tells the index of transactions of the pages that came; else each round reads them again until autovacuum comes by.
 * It gives way before autovacuum would have to, and whoever does not own the table waits for autovacuum.
 */
async function summarize(session: pg.Client): Promise<void> {
  await session
    .query(
      `begin; set local lock_timeout = '100ms'; select brin_summarize_new_values('journal_by_time'); commit`,
    )
    .catch(() => session.query('rollback'))
}

/** The end of the chain. */
type Tip = { readonly position: number; readonly chain: string; readonly writtenIn: number }

async function tipOf(rows: Rows): Promise<Tip> {
  const [last] = await rows<{ position: string; chain: string; writtenIn: string }>(sql`
    select position, encode(chain_sha256, 'hex') as chain, written_in as "writtenIn"
    from audit_link
    order by position desc
    limit 1
  `)
  if (!last) return { position: 0, chain: beginning, writtenIn: 0 }
  return { position: Number(last.position), chain: last.chain, writtenIn: Number(last.writtenIn) }
}

async function mayWrite(rows: Rows): Promise<boolean> {
  const [fence] = await rows<{ mode: string }>(sql`select mode from fence where not pg_is_in_recovery()`)
  return fence?.mode === 'normal'
}

/** All transactions below this have ended. */
const settled = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint'
/** No transaction of this server has got this far yet. */
const unheardOf = 'pg_snapshot_xmax(pg_current_snapshot())::text::bigint'

/**
 * The entries without a link whose transactions, and all before them, have ended: from the tip on. Where the tip is not
 * before the oldest open transaction, the database was restored into another server, which counts its transactions
 * anew; then every entry without a link is looked for. What such a server has not counted up to is long committed.
 *
 * Links are looked up one by one: as a join the server may read the whole chain for a handful of entries.
 */
async function openUnlinked(session: pg.Client, tip: Tip): Promise<void> {
  const { rows } = await session.query<{ settled: string }>(`select ${settled} as settled`)
  const isRestored = tip.writtenIn >= Number(rows[0]?.settled ?? 0)
  await session.query(`
    declare unlinked no scroll cursor with hold for
    select id from journal
    where (written_in < ${settled} or written_in >= ${unheardOf})
      and written_in >= ${isRestored ? 0 : tip.writtenIn}
      and (
        select true from audit_link
        where audit_link.journal_id = journal.id and audit_link.forgotten_by is null
        limit 1
      ) is null
    order by written_in < ${settled}, written_in, id
  `)
}

async function inTransaction(session: pg.Client, work: () => Promise<Tip>): Promise<Tip | undefined> {
  await session.query('begin')
  try {
    if (!(await mayWrite(rowsAlone(session)))) {
      await session.query('rollback')
      return undefined
    }
    const done = await work()
    await session.query('commit')
    return done
  } catch (error) {
    await session.query('rollback').catch(() => undefined)
    throw error
  }
}

type Entry = EntryText & {
  readonly journalId: string
  readonly action: string
  readonly recordedAt: string
  readonly writtenIn: string
}

const entryColumns = sql`
  journal.id as "journalId", journal.action, ${timeText(sql`journal.recorded_at`)} as "recordedAt",
  journal.written_in as "writtenIn", ${entryText}
`

async function linkBatch(
  rows: Rows,
  { ids, tip, completeAt }: { ids: readonly { id: string }[]; tip: Tip; completeAt: string | null },
): Promise<Tip> {
  const entries = await rows<Entry>(sql`
    select ${entryColumns}
    from unnest(${ids.map(({ id }) => id)}::uuid[]) with ordinality as wanted (id, place)
    join journal on journal.id = wanted.id
    order by wanted.place
  `)
  return append(
    rows,
    tip,
    entries.map((entry, at) => ({
      ...entry,
      writtenIn: Number(entry.writtenIn),
      forgottenBy: null,
      completeAt: at === entries.length - 1 ? completeAt : null,
    })),
  )
}

/** An entry is linked as it was written first. Where that link kept its salt, the salt goes. */
async function linkForgotten(rows: Rows, tip: Tip): Promise<Tip> {
  const entries = await rows<Entry & { forgottenBy: string }>(sql`
    with linked as (
      delete from audit_forgotten
      where (journal_id, forgotten_by) in (
        select journal_id, forgotten_by
        from audit_forgotten
        where exists (
          select from audit_link
          where audit_link.journal_id = audit_forgotten.journal_id and audit_link.forgotten_by is null
        )
        order by journal_id, forgotten_by
        limit ${batchRows}
      )
      returning journal_id, forgotten_by
    )
    select linked.forgotten_by as "forgottenBy", ${entryColumns}
    from linked
    join journal on journal.id = linked.journal_id
    order by journal.id, linked.forgotten_by
  `)
  if (entries.length === 0) return tip
  await rows(sql`
    update audit_link set salt = null
    where journal_id = any(${entries.map(({ journalId }) => journalId)}::uuid[]) and salt is not null
  `)
  const links = entries.map((entry) => ({ ...entry, writtenIn: tip.writtenIn, completeAt: null }))
  return append(rows, tip, links)
}

type Unlinked = EntryText & Omit<AuditLink, 'position' | 'lastingSha256' | 'personalSha256'>

async function append(rows: Rows, tip: Tip, entries: readonly Unlinked[]): Promise<Tip> {
  let { position, chain, writtenIn } = tip
  const links = entries.map(({ lasting, personal, ...entry }) => {
    const salt = randomBytes(16).toString('hex')
    const digests = {
      lastingSha256: lastingDigest({ lasting }),
      personalSha256: personalDigest({ personal }, salt),
    }
    const link: AuditLink = { ...entry, ...digests, position: ++position }
    chain = chainHash(chain, link)
    writtenIn = link.writtenIn
    return { ...link, salt, chain }
  })
  await rows(insertLinks(links))
  return { position, chain, writtenIn }
}

/** One value of JSON, read as a table. */
function insertLinks(links: readonly (AuditLink & { salt: string; chain: string })[]): Sql {
  return sql`
    insert into audit_link (
      position, journal_id, action, recorded_at, written_in, forgotten_by, lasting_sha256, personal_sha256, salt,
      complete_at, chain_sha256
    )
    select
      position, "journalId", action, "recordedAt" at time zone 'UTC', "writtenIn", "forgottenBy",
      decode("lastingSha256", 'hex'), decode("personalSha256", 'hex'), decode(salt, 'hex'),
      "completeAt" at time zone 'UTC', decode(chain, 'hex')
    from jsonb_to_recordset(${JSON.stringify(links)}::jsonb) as link (
      position bigint, "journalId" uuid, action text, "recordedAt" timestamp, "writtenIn" bigint,
      "forgottenBy" text, "lastingSha256" text, "personalSha256" text, salt text, "completeAt" timestamp, chain text
    )
  `
}
