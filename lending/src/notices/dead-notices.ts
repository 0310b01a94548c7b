import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { Kind } from './kinds.ts'

/** A notice as a list shows it. */
export type ListedNotice = {
  readonly id: string
  readonly kind: Kind
  readonly state: 'queued' | 'sent' | 'dead' | 'void'
  /** Null once it is forgotten whom it was for. */
  readonly card: string | null
  readonly name: string | null
  readonly facts: object
  /** ISO 8601. */
  readonly causedAt: string
  readonly tries: number
  readonly lastOutcome: string | null
  readonly because: string | null
}

/** No list of notices is longer. */
export const noticesMax = 200

/** Notices in a state, the newest first. */
export async function listNotices(
  db: { readonly rows: Rows },
  { state, limit = 50 }: { readonly state: ListedNotice['state']; readonly limit?: number },
): Promise<readonly ListedNotice[]> {
  const rows = await db.rows<Omit<ListedNotice, 'causedAt'> & { causedAt: Date }>(sql`
    select
      notice.id, notice.kind, notice.state, patron.card,
      concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as name,
      notice.facts, notice.caused_at as "causedAt", coalesce(lead.tries, notice.tries) as tries,
      coalesce(notice.last_outcome, lead.last_outcome) as "lastOutcome", notice.ended_because as because
    from notice
    left join notice as lead on lead.id = notice.letter_id
    left join patron on patron.id = notice.patron_id
    where notice.state = ${state}
    order by notice.caused_at desc, notice.id desc
    limit ${Math.min(limit, noticesMax)}
  `)
  return rows.map((row) => ({ ...row, causedAt: row.causedAt.toISOString() }))
}

/** Dead notices, by their ids: at most 200. */
export type DeadAsk = { readonly ids: readonly string[] }

/** How many of them there were. */
export type DeadDone = { readonly notices: number }

/** Not one of them is dead: somebody was quicker, or they never were. */
export type NoticeNotDead = { readonly refused: 'notice-not-dead' }

const fanOut = { notice: noticesMax, because: 'A person chooses dead notices from a list.' }

/** Sends dead notices again, as they would be written now; what is not true any more is not sent. */
export const resendNotices: Verb<DeadAsk, DeadDone, NoticeNotDead> = {
  action: 'resend-notices',
  fanOut,
  about: () => ({}),
  work: async (tx, { ids }, { occurredAt }) =>
    counted(
      tx,
      sql`
        update notice
        set state = 'queued', ended_at = null, ended_because = null, tries = 0, resent_at = ${occurredAt},
            next_at = ${occurredAt}, letter_id = null, gathered_at = null
        where ${areDead(ids)}
        returning 1
      `,
    ),
}

/** Lets dead notices be: they are not sent. */
export const dismissNotices: Verb<DeadAsk, DeadDone, NoticeNotDead> = {
  action: 'dismiss-notices',
  fanOut,
  about: () => ({}),
  work: async (tx, { ids }, { occurredAt }) =>
    counted(
      tx,
      sql`
        update notice
        set state = 'void', ended_at = ${occurredAt}, ended_because = 'dismissed', tried = null
        where ${areDead(ids)}
        returning 1
      `,
    ),
}

function areDead(ids: readonly string[]) {
  return sql`state = 'dead' and id = any(${ids.slice(0, noticesMax)}::uuid[])`
}

async function counted(tx: Tx, change: ReturnType<typeof sql>): Promise<DeadDone | NoticeNotDead> {
  const changed = await tx.rows(change)
  return changed.length > 0 ? { notices: changed.length } : { refused: 'notice-not-dead' }
}
