import { setTimeout as wait } from 'node:timers/promises'
import { actions } from '../journal/describe.ts'
import type { Flaws } from '../language/flaw.ts'
import { type Halted, haltVerb } from '../postgres/fence.ts'
import type { Database, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type By, type Outcome, type Verb, write } from '../postgres/write.ts'
import { plainText } from '../text.ts'

/** Halts all writes, or those of one verb. */
export type HaltAsk = {
  /** Shown on every page; may be empty. */
  readonly reason: string
  /** The action of one verb, such as `lend`. Default: all. */
  readonly verb?: string | undefined
}

/** Why nothing was halted. */
export type HaltRefused =
  | { readonly refused: 'verb-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** The longest reason, in characters. */
export const haltReasonMax = 200

/** Closes the fence: from its commit on no other write commits, whichever process makes it. */
export const halt: Verb<HaltAsk, Halted, HaltRefused> = {
  action: 'halt',
  about: () => ({}),
  passesFence: true,
  work: async (tx, { reason, verb }) => {
    const because = plainText(reason, { max: haltReasonMax, label: 'reason' })
    if (!because.ok) return { refused: 'fields-invalid', problems: { reason: because.problem } }
    if (verb === undefined) return haltAll(tx, because.text)
    // A typo must not leave behind a halt that halts nothing.
    if (!actions.has(verb) || passFence.has(verb)) return { refused: 'verb-unknown' }
    return haltVerb(tx, { verb, because: because.text })
  },
}

const passFence: ReadonlySet<string> = new Set(['halt', 'resume'])

async function haltAll(tx: Tx, reason: string): Promise<Halted> {
  const [before] = await tx.rows<{ epoch: number; mode: string; since: Date; reason: string }>(sql`
    select epoch, mode, since, reason from fence for update
  `)
  if (!before) throw new Error('There is no fence to close. Start Bibby once, which founds the library.')
  const already = before.mode === 'halted'
  const [now] = already
    ? [before]
    : await tx.rows<{ epoch: number; since: Date; reason: string }>(sql`
        update fence set mode = 'halted', since = clock_timestamp(), reason = ${reason}
        returning epoch, since, reason
      `)
  if (!now) throw new Error('The fence went away under its lock.')
  return { verb: null, epoch: now.epoch, since: now.since.toISOString(), reason: now.reason, already }
}

/** What became of the writes that were under way when the fence was closed. */
export type Drained = { readonly finished: number; readonly cut: number }

/**
 * Halts, and waits for what was under way: what had come to its journal row finishes, what comes there later is rolled
 * back, and what still holds on after a moment is cut off. When it answers, no write of before can land.
 */
export async function haltNow(
  db: Database,
  by: By,
  ask: HaltAsk,
): Promise<{ readonly outcome: Outcome<Halted, HaltRefused>; readonly drained: Drained }> {
  const outcome = await write(db, by, halt, ask)
  if (outcome.outcome === 'refused') return { outcome, drained: { finished: 0, cut: 0 } }
  return { outcome, drained: await drained(db) }
}

/** What is under way has this long to end by itself. */
const patienceMs = 400
const lookEveryMs = 20
/** A session that was cut has this long to be gone. */
const goneLimitMs = 300

async function drained(db: Database): Promise<Drained> {
  const [start] = await db.rows<{ at: string }>(sql`select clock_timestamp()::text as at`)
  const at = start?.at ?? ''
  const began = performance.now()
  let atFirst: number | undefined
  for (;;) {
    const [{ writing } = { writing: 0 }] = await db.rows<{ writing: number }>(sql`
      select count(*) as writing ${underWay(at)}
        and (backend_xid is not null or (state = 'active' and backend_xmin is not null))
    `)
    atFirst ??= writing
    if (writing === 0) return { finished: atFirst, cut: 0 }
    if (performance.now() - began > patienceMs) break
    await wait(lookEveryMs)
  }
  const [{ cut } = { cut: 0 }] = await db.rows<{ cut: number }>(sql`
    select count(pg_terminate_backend(pid, ${goneLimitMs})) as cut ${underWay(at)} and backend_xid is not null
  `)
  return { finished: Math.max(0, atFirst - cut), cut }
}

/** Sessions of any Bibby on this database in a transaction that began before `at`. Search only reads. */
function underWay(at: string) {
  return sql`
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and application_name like 'bibby-%' and application_name not like 'bibby-search%'
      and xact_start < ${at}::timestamptz
  `
}
