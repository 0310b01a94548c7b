import { scanned } from '../circulation/scanned.ts'
import { inEnglish, type SayText } from '../language/messages.ts'
import type { Rows } from '../postgres/pool.ts'
import { joined, type Sql, sql } from '../postgres/sql.ts'
import { theCommand } from '../staff/account.ts'
import { describe } from './describe.ts'

/** One thing that was done, or refused. Times are ISO 8601. */
export type JournalEntry = {
  /** UUIDv7: made in the order of time, and the place to read on from. */
  readonly id: string
  readonly epoch: number
  readonly instance: string
  /** `staff:12`, `patron:7`, `system:NAME`; `patron` where a person was forgotten. */
  readonly actor: string
  /** The name of a member of staff, also of one who left, or of the command. */
  readonly actorName: string | null
  readonly action: string
  readonly outcome: 'done' | 'refused'
  readonly titleId: number | null
  readonly copyId: number | null
  readonly patronId: number | null
  readonly loanId: number | null
  readonly holdId: number | null
  readonly changeSetId: number | null
  /** The versions that the actor had seen. */
  readonly believed: Readonly<Record<string, number>> | null
  /** What was answered; null where it named a person who was forgotten. */
  readonly answer: Readonly<Record<string, unknown>> | null
  readonly occurredAt: string
  readonly recordedAt: string
  /** What happened, as a sentence. */
  readonly line: string
}

/** Which entries to read; several conditions all hold. */
export type JournalQuery = {
  readonly copyId?: number | undefined
  readonly barcode?: string | undefined
  readonly patronId?: number | undefined
  readonly card?: string | undefined
  /** The title's own entries, and those of its copies. */
  readonly titleId?: number | undefined
  readonly actor?: string | undefined
  readonly action?: string | undefined
  /** Only entries older than this one. */
  readonly before?: string | undefined
  /** Only entries recorded from this time on: bounds the search for what somebody did lately. */
  readonly since?: Date | undefined
  readonly limit?: number
}

const pageMax = 200

/**
 * The journal, newest first, a page at a time: the next page begins before the last entry of this one. It is
 * ordered by the identities, which are times of recording: the order of one process is exact, that of several as
 * good as their clocks. Who may read whose entries is the caller's to check. The sentences are in the language of `say`.
 */
export async function journal(
  db: { readonly rows: Rows },
  query: JournalQuery,
  say: SayText = inEnglish,
): Promise<readonly JournalEntry[]> {
  const where = conditions(query)
  if (!where) return []
  const { limit = 50 } = query
  const rows = await db.rows<Row>(sql`
    select journal.id, journal.epoch, journal.instance, journal.actor, staff.name as "actorName",
      journal.action, journal.outcome, journal.title_id as "titleId", journal.copy_id as "copyId",
      journal.patron_id as "patronId", journal.loan_id as "loanId", journal.hold_id as "holdId",
      journal.change_set_id as "changeSetId", journal.believed, journal.answer,
      journal.occurred_at as "occurredAt", journal.recorded_at as "recordedAt",
      -- A loan is due by the calendar of the branch that lent it.
      coalesce(
        (
          select branch.time_zone
          from loan
          join branch on branch.id = loan.branch_id
          where loan.id = journal.loan_id
        ),
        (select time_zone from branch order by name, id limit 1),
        'UTC'
      ) as "timeZone"
    from journal
    left join staff on journal.actor = 'staff:' || staff.id
    where ${where}
    order by journal.id desc
    limit ${Math.min(Math.max(1, Math.trunc(limit)), pageMax)}
  `)
  return rows.map(({ timeZone, ...row }) => ({
    ...row,
    actorName: row.actor === theCommand.actor ? theCommand.name : row.actorName,
    occurredAt: row.occurredAt.toISOString(),
    recordedAt: row.recordedAt.toISOString(),
    line: describe(say, { ...row, timeZone }),
  }))
}

type Row = Omit<JournalEntry, 'occurredAt' | 'recordedAt' | 'line'> & {
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly timeZone: string
}

/** The conditions joined, or undefined when nothing could meet them. */
function conditions(query: JournalQuery): Sql | undefined {
  const { copyId, barcode, patronId, card, titleId, actor, action, before, since } = query
  const all: Sql[] = [sql`true`]
  if (copyId !== undefined) all.push(sql`journal.copy_id = ${copyId}`)
  if (barcode !== undefined)
    all.push(sql`journal.copy_id = (select id from copy where barcode = ${scanned(barcode)})`)
  if (patronId !== undefined) all.push(ofPerson(sql`named.id = ${patronId}`))
  if (card !== undefined) all.push(ofPerson(sql`named.card = ${scanned(card)}`))
  if (titleId !== undefined) {
    all.push(sql`(
      (journal.title_id = ${titleId} and journal.copy_id is null)
      or journal.copy_id = any(array(select id from copy where title_id = ${titleId}))
    )`)
  }
  for (const [column, value] of [
    [sql`journal.actor`, actor],
    [sql`journal.action`, action],
  ] as const) {
    if (value === undefined) continue
    if (!/^[a-z0-9:._-]{1,100}$/i.test(value)) return undefined
    all.push(sql`${column} = ${value}`)
  }
  if (before !== undefined) {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(before)) return undefined
    all.push(sql`journal.id < ${before}`)
  }
  if (since !== undefined) all.push(sql`journal.id >= ${firstIdOf(since)}`)
  return joined(all, ' and ')
}

/** Records that were merged are one person: the entries of all of them are theirs. */
function ofPerson(named: Sql): Sql {
  return sql`journal.patron_id = any(array(
    select patron.id
    from patron as named
    join patron on patron.id = coalesce(named.merged_into, named.id)
      or patron.merged_into = coalesce(named.merged_into, named.id)
    where ${named}
  ))`
}

/** The least UUIDv7 of a millisecond: its first 48 bits are the time. Source: RFC 9562, section 5.7. */
function firstIdOf(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
