import type { Database, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Kind } from './kinds.ts'

/** One gathering puts at most so many notices into letters. */
const gatheredMax = 500
/** And takes along at most so many more for the same patrons. */
const alongMax = 5_000
/** A patron who has had enough letters today is looked at again after this long. */
const fullAgainMs = 6 * 60 * 60_000
const dayMs = 24 * 60 * 60_000

/** What decides: the time, and how many letters a patron may have in a day. */
export type Gathering = { readonly now: Date; readonly patronDayMax: number }

/**
 * Puts notices that are due into letters: those of one kind for one patron into one. A patron who has had as many
 * letters today as they may gets the rest later, in one letter too. Gives how many notices were looked at.
 */
export async function gatherLetters(db: Database, { now, patronDayMax }: Gathering): Promise<number> {
  return db.transaction(async (tx) => {
    const due = await dueNotices(tx, now)
    if (due.length === 0) return 0
    await tx.rows(sql`
      update notice
      set letter_id = placed.letter_id,
          gathered_at = case when placed.letter_id is not null then ${now}::timestamptz end,
          next_at = case when placed.letter_id is null then ${new Date(now.getTime() + fullAgainMs)}::timestamptz else next_at end,
          last_outcome = case when placed.letter_id is null then 'too-many-today' end
      from json_to_recordset(${JSON.stringify(placedIn(due, patronDayMax))}::json) as placed (id uuid, letter_id uuid)
      where notice.id = placed.id
    `)
    return due.length
  })
}

type Due = {
  readonly id: string
  readonly patronId: number
  readonly kind: Kind
  /** How many letters the patron has had today. */
  readonly letters: number
}

/** Another process gathers what it has locked; each has its own. */
async function dueNotices(tx: Tx, now: Date): Promise<readonly Due[]> {
  const locked = await tx.rows<Omit<Due, 'letters'>>(sql`
    select id, patron_id as "patronId", kind
    from notice
    where state = 'queued' and letter_id is null and next_at <= ${now}
    order by next_at, id
    limit ${gatheredMax}
    for update skip locked
  `)
  if (locked.length === 0) return []
  const patronIds = [...new Set(locked.map(({ patronId }) => patronId))]
  // What is due too and was past the limit goes along, and so does what waited for another day.
  const waiting = await tx.rows<Omit<Due, 'letters'>>(sql`
    select id, patron_id as "patronId", kind
    from notice
    where state = 'queued' and letter_id is null and (next_at <= ${now} or last_outcome = 'too-many-today')
      and patron_id = any(${patronIds}) and id <> all(${locked.map(({ id }) => id)}::uuid[])
    order by next_at, id
    limit ${alongMax}
    for update skip locked
  `)
  const had = await tx.rows<{ patronId: number; letters: number }>(sql`
    select asked.patron_id as "patronId", (
      select count(*)
      from notice
      where notice.patron_id = asked.patron_id and notice.letter_id = notice.id
        and notice.gathered_at > ${new Date(now.getTime() - dayMs)}
    ) as letters
    from unnest(${patronIds}::bigint[]) as asked (patron_id)
  `)
  const letters = new Map(had.map((row) => [row.patronId, row.letters]))
  return [...locked, ...waiting].map((each) => ({ ...each, letters: letters.get(each.patronId) ?? 0 }))
}

/** Which letter each notice goes into: that of the first of its kind and patron; null where there were enough today. */
function placedIn(
  due: readonly Due[],
  patronDayMax: number,
): readonly { readonly id: string; readonly letter_id: string | null }[] {
  const letterOf = new Map<string, string | null>()
  const opened = new Map<number, number>()
  return due.map(({ id, patronId, kind, letters }) => {
    const which = `${patronId} ${kind}`
    let letter = letterOf.get(which)
    if (letter === undefined) {
      const today = letters + (opened.get(patronId) ?? 0)
      letter = today < patronDayMax ? id : null
      if (letter !== null) opened.set(patronId, (opened.get(patronId) ?? 0) + 1)
      letterOf.set(which, letter)
    }
    return { id, letter_id: letter }
  })
}
