import type pg from 'pg'
import { type Guard, openGuard } from '../src/guard.ts'
import { type Declaration, type Guarded, guarded } from '../src/guarded.ts'
import type { CodeMessage, Host, Rows, Stepping } from '../src/host.ts'

/** A transaction of the library of the tests. */
export type Tx = { readonly rows: Rows }
/** What to withdraw. */
export type Given = { readonly shelf: string }

/** A guard over one operation, and what it sent. */
export type Guarding = {
  readonly guard: Guard<Tx>
  readonly withdraw: Guarded<Tx, Given>
  readonly sent: CodeMessage[]
  /** How long the pace made it wait, each time. */
  readonly waits: number[]
}

const never = new AbortController().signal

/** What a test may want otherwise. */
export type Over = {
  readonly withdraw?: Partial<Declaration<Tx, Given>>
  readonly host?: Partial<Host<Tx>>
  /** Called within each transaction, before it commits, and after it. */
  readonly beforeCommit?: (stepping: Stepping) => Promise<void> | void
  readonly afterCommit?: (stepping: Stepping) => Promise<void> | void
}

/** Statements on one connection. */
export function rowsOn(connection: { query: pg.Pool['query'] }): Rows {
  return async <R extends object>(text: string, values: readonly unknown[]) =>
    (await connection.query<R & pg.QueryResultRow>(text, [...values])).rows
}

/** Withdraws the copies of a shelf, two at a time; each takes its sticker along. */
export function withdrawal(over: Partial<Declaration<Tx, Given>> = {}): Guarded<Tx, Given> {
  return guarded<Tx, Given>({
    name: 'withdraw-copies',
    phrase: ({ shelf }) => ({ verb: 'WITHDRAW', noun: 'COPIES', where: `FROM ${shelf}` }),
    ceiling: { rows: 1_000, percent: 100 },
    find: async (tx, { shelf }, { atMost }) => ({
      targets: await tx.rows(
        `
          select id::text, version::text, 'copy ' || id as label, case when on_loan then 'on-loan' end as obstacle
          from copy
          where shelf = $1 and withdrawn_at is null
          order by id
          limit $2
        `,
        [shelf, atMost],
      ),
      total:
        (await tx.rows<{ count: number }>('select count(*)::integer as count from copy', []))[0]?.count ?? 0,
    }),
    hold: async (tx, ids) =>
      tx.rows(
        `
          select id::text, version::text, 'copy ' || id as label,
            case when on_loan and withdrawn_at is null then 'on-loan' end as obstacle
          from copy where id = any($1::bigint[])
          order by id
          for update
        `,
        [ids],
      ),
    dependents: 'none',
    act: async (tx, ids) => {
      await tx.rows('insert into deed select unnest($1::text[])', [ids])
      return tx.rows(
        `
          with before as (
            select copy.id, json_build_object('version', copy.version, 'sticker', sticker.text) as before
            from copy
            left join sticker on sticker.copy_id = copy.id
            where copy.id = any($1::bigint[])
          ), unstuck as (
            delete from sticker where copy_id = any($1::bigint[])
          )
          update copy
          set withdrawn_at = clock_timestamp(), version = copy.version + 1
          from before
          where copy.id = before.id
          returning copy.id::text, copy.version::text as "versionAfter", before.before
        `,
        [ids],
      )
    },
    undo: {
      days: 30,
      restore: async (tx, rows) => {
        await tx.rows(
          `
            with was as (
              select (row ->> 'id')::bigint as id, row -> 'before' as before
              from jsonb_array_elements($1::jsonb) as row
            ), stuck as (
              insert into sticker select id, before ->> 'sticker' from was where before ->> 'sticker' is not null
            )
            update copy set withdrawn_at = null, version = (was.before ->> 'version')::integer
            from was
            where copy.id = was.id
          `,
          [JSON.stringify(rows)],
        )
      },
    },
    batchRows: 2,
    pace: 'at-once',
    health: 'not-asked',
    people: { needed: 1, confirmMinutes: 60 },
    ...over,
  })
}

/** Takes withdrawn copies off the shelf that their rows still name, one a call. */
export const offTheShelf: NonNullable<Declaration<Tx, Given>['purge']> = async (tx, ids) => {
  const cleared = await tx.rows(
    `
      update copy
      set shelf = ''
      where id in (
        select id from copy
        where id = any($1::bigint[]) and withdrawn_at is not null and shelf <> ''
        order by id
        limit 1
      )
      returning id
    `,
    [ids],
  )
  return { isWhole: cleared.length === 0, noted: { copies: cleared.length } }
}

/** Opens a guard on this database, as one process of the library would. */
export function openLibrary(pool: pg.Pool, over: Over = {}): Guarding {
  const sent: CodeMessage[] = []
  const waits: number[] = []
  const noted = new WeakSet<Tx>()
  const withdraw = withdrawal(over.withdraw)
  const host: Host<Tx> = {
    read: rowsOn(pool),
    transaction: async (stepping, work) => {
      const connection = await pool.connect()
      let isBad = true
      try {
        await connection.query('begin')
        const tx = { rows: rowsOn(connection) }
        const told = await work(tx)
        await over.beforeCommit?.(stepping)
        // A step that noted nothing may be rolled back: were it to change anything, the tests would miss that.
        await connection.query(noted.has(tx) ? 'commit' : 'rollback')
        await over.afterCommit?.(stepping)
        isBad = false
        return told
      } catch (error) {
        isBad = await connection.query('rollback').then(
          () => false,
          () => true,
        )
        throw error
      } finally {
        connection.release(isBad)
      }
    },
    rows: (tx) => tx.rows,
    audit: async (tx, entry) => {
      await tx.rows('insert into trail (entry) values ($1)', [JSON.stringify(entry)])
      noted.add(tx)
    },
    mayStill: async () => true,
    send: async (message) => {
      sent.push(message)
      return { sentTo: 'r***@example.org' }
    },
    secret: Buffer.alloc(32, 'not so secret'),
    // What is waited for is the database's clock: the tests put it forward.
    wait: async (ms) => {
      waits.push(ms)
      await pool.query(`
        update guard_operation set next_batch_at = next_batch_at - interval '1 hour' where next_batch_at is not null
      `)
    },
    ...over.host,
  }
  return { guard: openGuard(host, [withdraw]), withdraw, sent, waits }
}

/** A plan for this shelf by Ada. */
export async function planned(
  { guard, withdraw }: Guarding,
  shelf = 'a',
): Promise<{ id: string; phrase: string }> {
  const told = await guard.plan(withdraw, { by: 'staff:ada', given: { shelf } })
  if (!('planned' in told) || !told.planned.phrase) throw new Error(JSON.stringify(told))
  return { id: told.planned.id, phrase: told.planned.phrase }
}

/** A plan with its code: all that it takes to confirm it. */
export async function armed(
  library: Guarding,
  shelf = 'a',
): Promise<{ by: string; id: string; phrase: string; code: string }> {
  const plan = await planned(library, shelf)
  const told = await library.guard.sendCode({ by: 'staff:ada', id: plan.id })
  const code = library.sent.at(-1)?.code
  if ('refused' in told || !code) throw new Error(JSON.stringify(told))
  return { by: 'staff:ada', ...plan, code }
}

/** Planned, armed and confirmed: on its way, with nothing done yet. */
export async function confirmed(library: Guarding, shelf = 'a'): Promise<string> {
  const ask = await armed(library, shelf)
  const told = await library.guard.confirm(ask)
  if (!('confirmed' in told)) throw new Error(JSON.stringify(told))
  return ask.id
}

/** Done, all of it. */
export async function done(library: Guarding, shelf = 'a'): Promise<string> {
  const id = await confirmed(library, shelf)
  const told = await library.guard.run({ id, signal: never })
  if (!('state' in told) || told.state !== 'done') throw new Error(JSON.stringify(told))
  return id
}
