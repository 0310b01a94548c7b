import type { Rows, Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { Letter } from './deliver.ts'
import type { Kind } from './kinds.ts'
import { addressee, type Reader, readerOf, type ToldThing, wordsOf } from './letter-words.ts'
import { type NotSent, type Present, whyNotSent } from './overtaken.ts'

/** A letter that is due, its row locked until the transaction ends, and what it would say now. */
export type DueLetter = {
  readonly id: string
  readonly kind: Kind
  readonly tries: number
  /** What was given to the service before and may have been taken, else what it says now. */
  readonly letter: Letter
  /** Whether that is written down already. */
  readonly isKept: boolean
  /** The notices that are still true: what the letter tells. None: there is nothing to send. */
  readonly toSend: readonly string[]
  /** The others, and why they are not sent. */
  readonly notSent: ReadonlyMap<string, NotSent>
}

type Lead = Pick<DueLetter, 'id' | 'kind' | 'tries'> & { readonly tried: Omit<Letter, 'id'> | null }

/**
 * Takes the letter that has been due for longest and that nobody else is sending, or the one that is named; undefined
 * when there is none.
 */
export async function takeLetter(
  tx: Tx,
  { now, id }: { readonly now: Date; readonly id?: string },
): Promise<DueLetter | undefined> {
  const [lead] = await tx.rows<Lead>(sql`
    select id, kind, tries, tried
    from notice
    where state = 'queued' and letter_id = id and next_at <= ${now} ${id === undefined ? sql`` : sql`and id = ${id}`}
    order by next_at, id
    limit 1
    for update skip locked
  `)
  return lead && writtenNow(tx, lead, now)
}

type Told = Present & ToldThing & { readonly id: string }

/** A queued notice, for whom it is, and how things are with what it tells. */
export type Waiting = Told & {
  readonly kind: Kind
  readonly letterId: string | null
  /** By whom notices are put into letters: of two records that were merged each has letters of its own. */
  readonly patronId: number
  readonly card: string
  readonly email: string
  readonly isGone: boolean
}

async function writtenNow(tx: Tx, { id, kind, tries, tried }: Lead, now: Date): Promise<DueLetter> {
  const reader = await readerOf(tx, kind, sql`(select patron_id from notice where id = ${id})`)
  const told = await toldIn(tx, id, now)
  const notSent = new Map<string, NotSent>()
  for (const each of told) {
    const why = whyNobody(reader) ?? whyNotSent(kind, each.facts, each)
    if (why) notSent.set(each.id, why)
  }
  const going = told.filter((each) => !notSent.has(each.id))
  const written = tried ?? { to: addressee(reader), ...wordsOf(kind, { reader, told: going }) }
  return {
    id,
    kind,
    tries,
    letter: { id, ...written },
    isKept: tried !== null,
    toSend: going.map((each) => each.id),
    notSent,
  }
}

/** Says why nothing is sent to somebody; undefined when it may be. */
export function whyNobody({ isGone, email }: Pick<Reader, 'isGone' | 'email'>): NotSent | undefined {
  if (isGone) return { state: 'void', because: 'patron-gone' }
  return email === '' ? { state: 'dead', because: 'no-address' } : undefined
}

/** The queued notices of a letter; the rows themselves are kept by the letter's lock. */
function toldIn(tx: { readonly rows: Rows }, letterId: string, now: Date): Promise<readonly Told[]> {
  return waiting(tx, sql`notice.letter_id = ${letterId}`, now)
}

/** Queued notices, for whom they are, and how things are with each. Who was merged into another is that other. */
export async function waiting(
  tx: { readonly rows: Rows },
  which: Sql,
  now: Date,
): Promise<readonly Waiting[]> {
  return tx.rows<Waiting>(sql`
    select
      notice.id, notice.kind, notice.letter_id as "letterId", notice.facts,
      notice.patron_id as "patronId", patron.card, patron.email, patron.deleted_at is not null as "isGone",
      (${now}::timestamptz at time zone branch.time_zone)::date::text as today,
      coalesce(loan.returned_at is null and loan.id is not null, false) as "loanIsOpen",
      (loan.due_at at time zone lender.time_zone)::date::text as "dueOn",
      hold.state as "holdState", hold.shelf_until::text as "shelfUntil",
      patron.expires_on::text as "cardExpiresOn",
      not notice.kind = any(patron.unwanted_notices) as "isWanted",
      (
        extract(epoch from ${now}::timestamptz - coalesce(notice.resent_at, notice.caused_at))
        - case
            when notice.resent_at is null
              then extract(epoch from notice_stood_still(${now}::timestamptz) - notice.stood_still)
            else 0
          end
      )::float8 * 1000 as "ageMs"
    from notice
    join patron as named on named.id = notice.patron_id
    join patron on patron.id = coalesce(named.merged_into, named.id)
    left join loan on loan.id = notice.loan_id
    left join hold on hold.id = notice.hold_id
    left join branch as lender on lender.id = loan.branch_id
    join branch on branch.id = coalesce(loan.branch_id, hold.pickup_branch_id, patron.branch_id)
    where notice.state = 'queued' and ${which}
    order by notice.caused_at, notice.id
  `)
}

/** Writes down what a letter says, before it is given to the service. */
export async function keepWords(tx: Tx, { letter: { id, ...words } }: DueLetter): Promise<void> {
  await tx.rows(sql`update notice set tried = ${JSON.stringify(words)} where id = ${id}`)
}

/** Ends the notices of a letter that are not sent. */
export async function endNotSent(tx: Tx, { notSent }: DueLetter, now: Date): Promise<void> {
  if (notSent.size === 0) return
  const rows = [...notSent].map(([id, { state, because }]) => ({ id, state, because }))
  await tx.rows(sql`
    update notice
    set state = ended.state, ended_because = ended.because, ended_at = ${now}, tried = null
    from json_to_recordset(${JSON.stringify(rows)}::json) as ended (id uuid, state text, because text)
    where notice.id = ended.id
  `)
}

/** Ends a letter that was sent. */
export async function endSent(
  tx: Tx,
  { toSend, id }: DueLetter,
  { messageId, now }: { readonly messageId: string; readonly now: Date },
): Promise<void> {
  await tx.rows(sql`
    update notice
    set state = 'sent', message_id = ${messageId}, ended_at = ${now}, last_outcome = 'sent', tried = null,
        tries = tries + (id = ${id})::integer
    where id = any(${toSend})
  `)
}

/** Ends a letter that nobody will take: it waits for a person. */
export async function endDead(
  tx: Tx,
  { toSend, id }: DueLetter,
  { because, mayBeSent, now }: { readonly because: string; readonly mayBeSent: boolean; readonly now: Date },
): Promise<void> {
  await tx.rows(sql`
    update notice
    set state = 'dead', ended_because = ${because}, ended_at = ${now}, last_outcome = ${because},
        -- What may have been sent goes again as it was, if a person asks for it.
        tried = case when ${mayBeSent} then tried end,
        tries = tries + (id = ${id})::integer
    where id = any(${toSend})
  `)
}

/** Leaves a letter in the queue for another time. */
export async function putOff(
  tx: Tx,
  { id }: DueLetter,
  {
    nextAt,
    outcome,
    counts,
  }: {
    readonly nextAt: Date
    /** `unknown` when it may have been taken: then the same words go again. */
    readonly outcome: string
    readonly counts: boolean
  },
): Promise<void> {
  await tx.rows(sql`
    update notice
    set next_at = ${nextAt}, last_outcome = ${outcome}, tries = tries + ${counts ? 1 : 0}::integer,
        tried = case when ${outcome === 'unknown'} then tried end
    where id = ${id}
  `)
}
