import { createHash } from 'node:crypto'
import { type Sql, sql } from '../postgres/sql.ts'

/** A link of the audit chain, as far as its hash covers it. Times are text, to the microsecond; digests are hex. */
export type AuditLink = {
  readonly position: number
  readonly journalId: string
  readonly action: string
  readonly recordedAt: string
  readonly writtenIn: number
  readonly forgottenBy: string | null
  readonly lastingSha256: string
  readonly personalSha256: string
  readonly completeAt: string | null
}

/** What the digests of an entry are made of: JSON that PostgreSQL writes, so that it is the same wherever it is read. */
export type EntryText = {
  /** What forgetting leaves. */
  readonly lasting: string
  /** What names people. */
  readonly personal: string
}

/** A time as text, to the microsecond and in UTC; also one that no calendar has. */
export function timeText(time: Sql): Sql {
  return sql`(to_json(${time} at time zone 'UTC') #>> '{}')`
}

/** All columns of an entry are in one of the two, and those that name people only in `personal`. */
export const entryText = sql`
  jsonb_build_array(
    journal.id, journal.epoch, journal.instance, journal.action, journal.outcome, journal.title_id, journal.copy_id,
    journal.loan_id, journal.hold_id, journal.change_set_id, journal.believed::text,
    journal.occurred_at at time zone 'UTC', journal.recorded_at at time zone 'UTC', journal.written_in,
    case when journal.actor like 'patron:%' then 'patron' else journal.actor end
  )::text as lasting,
  jsonb_build_array(
    journal.actor, journal.idempotency_key, encode(journal.request_sha256, 'hex'), journal.patron_id,
    journal.answer::text
  )::text as personal
`

/** The chain before its first link. */
export const beginning = '0'.repeat(64)

/** The digest of what forgetting leaves of an entry. */
export function lastingDigest({ lasting }: Pick<EntryText, 'lasting'>): string {
  return sha256(`bibby journal 1\n${lasting}`)
}

/** The digest of what names people in an entry. Whoever has not the salt cannot try out who it was. */
export function personalDigest({ personal }: Pick<EntryText, 'personal'>, salt: string): string {
  return sha256(`bibby people 1\n${salt}\n${personal}`)
}

/** The hash of a link and, by `before`, of all links before it. */
export function chainHash(before: string, link: AuditLink): string {
  const { position, journalId, action, recordedAt, writtenIn } = link
  const { forgottenBy, lastingSha256, personalSha256, completeAt } = link
  const covered = [position, journalId, action, recordedAt, writtenIn, forgottenBy, lastingSha256]
  return sha256(`bibby link 1\n${before}\n${JSON.stringify([...covered, personalSha256, completeAt])}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
