import { noticesOf } from '../src/notices/cause.ts'
import { wayTo } from '../src/notices/deliver.ts'
import { noFigures } from '../src/notices/figures.ts'
import type { SenderOptions } from '../src/notices/sender.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { aPatron, aSmallLibrary, besides, monday } from './library-fixtures.ts'
import { noticeToken } from './notice-service.ts'
import type { ScratchDatabase } from './scratch-database.ts'

/** The installation of the tests. */
export const here = 'here'

/** Turns notices on here, so many letters a patron and day. */
export async function noticesOn(db: Database, { patronDayMax = 100, perSecond = 1_000 } = {}): Promise<void> {
  await db.rows(sql`update notice_switch set installations = ${[here]}`)
  await db.rows(sql`
    update notice_setting set patron_day_max = ${patronDayMax}, letters_per_second_max = ${perSecond}
  `)
}

/**
 * A library with notices on, and so many queued, all at once, for so many patrons each: told that a hold has expired.
 * Gives the ids of the notices.
 */
export async function queuedNotices(
  db: Database,
  patrons: number,
  { each = 1 } = {},
): Promise<readonly string[]> {
  const library = await aSmallLibrary(db)
  await noticesOn(db)
  const { patronId } = await aPatron(db, besides(library))
  await db.rows(sql`
    insert into patron (card, category_id, branch_id, given_name, family_name, email, expires_on)
    select 'told-' || n, category_id, branch_id, 'Reader', n::text, 'reader-' || n || '@example.org', expires_on
    from patron, generate_series(1, ${patrons}::integer) as n
    where id = ${patronId}
  `)
  const rows = sql`
    select 'hold-expired:' || card || ':' || n as cause, id as patron_id, null::bigint as loan_id, null::bigint as hold_id,
      jsonb_build_object('title', 'Emma', 'branch', 'Main') as facts
    from patron, generate_series(1, ${each}::integer) as n where starts_with(card, 'told-')
  `
  await db.rows(noticesOf('hold-expired', { at: monday, rows, rowsMax: patrons * each }))
  return (await db.rows<{ id: string }>(sql`select id from notice order by id`)).map(({ id }) => id)
}

/** So many notices that could not be sent; gives their ids, the newest first. */
export async function deadNotices(db: Database, n: number): Promise<readonly string[]> {
  const now = new Date()
  const rows = sql`
    select 'hold-expired:' || n as cause, (select min(id) from patron) as patron_id, null::bigint as loan_id,
      null::bigint as hold_id, jsonb_build_object('title', 'Emma ' || n) as facts
    from generate_series(1, ${n}::integer) as n
  `
  await db.rows(sql`update patron set email = 'ada@example.org' where email = ''`)
  await db.rows(noticesOf('hold-expired', { at: now, rows, rowsMax: n }))
  await db.rows(sql`
    update notice
    set state = 'dead', ended_at = ${now}, ended_because = 'refused-by-mail-server', last_outcome = 'unknown',
      letter_id = id, gathered_at = ${now}
  `)
  const ids = await db.rows<{ id: string }>(sql`select id from notice order by caused_at desc, id desc`)
  return ids.map(({ id }) => id)
}

/** A clock that stands until it is moved. */
export function handClock(start: Date): { readonly clock: () => Date; readonly move: (ms: number) => void } {
  let now = start.getTime()
  return {
    clock: () => new Date(now),
    move: (ms) => {
      now += ms
    },
  }
}

/** What a sender works with in a test, and what it told. */
export function senderFor(
  db: Pick<ScratchDatabase, 'connection'>,
  { url, clock, chance = () => 0.5 }: { url: string; clock: () => Date; chance?: () => number },
): SenderOptions & { readonly warnings: string[]; readonly errors: string[] } {
  const [warnings, errors]: [string[], string[]] = [[], []]
  return {
    connection: db.connection,
    installation: here,
    clock,
    deliver: wayTo({ url, token: noticeToken }, { clock: policyClock(clock) }),
    figures: noFigures(),
    tell: { warn: (text) => warnings.push(text), error: (text) => errors.push(text) },
    chance,
    warnings,
    errors,
  }
}

/** The breaker’s time is that of the test; what lasts too long is stopped by the real one. */
function policyClock(clock: () => Date) {
  return {
    now: () => clock().getTime(),
    after: (ms: number, run: () => void) => {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
  }
}

/** How many notices are in each state. */
export async function states(db: Database): Promise<Readonly<Record<string, number>>> {
  const rows = await db.rows<{ state: string; n: number }>(
    sql`select state, count(*)::integer as n from notice group by state order by state`,
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}
