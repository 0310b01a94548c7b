import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anAsker, askedBy, leave, stillAsked } from '../src/postgres/asker.ts'
import { cancelOn } from '../src/postgres/cancel.ts'
import { type Database, openPool } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { type Verb, write } from '../src/postgres/write.ts'
import { by } from './library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

const inTurns = 20

/** A pool of one connection, so that one that is lost shows. */
const poolOfOne = (db: ScratchDatabase, { readOnly = false } = {}) =>
  openPool({
    connection: db.connection,
    name: 'asked',
    connectionsMax: 1,
    statementLimitMs: 60_000,
    readOnly,
  })

const backend = async (db: Database) =>
  (await db.rows<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid

/** Settles when so many statements that say `words` run on the server, and those are not ours. */
async function untilRunning(db: Database, words: string, count = 1): Promise<void> {
  for (;;) {
    const [row] = await db.rows<{ running: number }>(sql`
      select count(*) as running from pg_stat_activity
      where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
        and position(${words}::text in query) > 0
    `)
    if (row?.running === count) return
  }
}

/** A verb that changes something, and then waits for long. */
const slowVerb: Verb<object, { name: string }, never> = {
  action: 'edit-library',
  about: () => ({}),
  work: async (tx) => {
    await tx.rows(sql`insert into sign_in_failure (account) values ('slow')`)
    await tx.rows(sql`select pg_sleep(600) as a_slow_step`)
    return { name: 'never' }
  },
}

const slowly: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  'a read': (db) => db.rows(sql`select pg_sleep(600) as a_slow_step`),
  'a transaction': (db) =>
    db.transaction(async (tx) => {
      await tx.rows(sql`insert into sign_in_failure (account) values ('slow')`)
      await tx.rows(sql`select pg_sleep(600) as a_slow_step`)
    }),
  'a write': (db) => write(db, by(), slowVerb, {}),
}

for (const [what, run] of Object.entries(slowly)) {
  test(`${what} whose asker leaves is stopped on the server, changes nothing, and costs no connection, twenty times over`, async () => {
    await using db = await scratchDatabase()
    await using pool = poolOfOne(db)
    const before = await backend(pool)
    for (let turn = 0; turn < inTurns; turn++) {
      const asker = anAsker('desk')
      const running = askedBy(asker, () => run(pool))
      await untilRunning(db, 'a_slow_step')
      leave(asker)
      await assert.rejects(running, { code: 'BIBBY_ASKER_LEFT' })
      await untilRunning(db, 'a_slow_step', 0)
      assert.equal(await backend(pool), before)
    }
    assert.deepEqual(pool.counts(), { open: 1, idle: 1, waiting: 0 })
    assert.deepEqual(await db.rows(sql`select from sign_in_failure`), [])
    assert.deepEqual(await db.rows(sql`select from journal where action = 'edit-library'`), [])
  })
}

test('a write that waits for a lock is stopped when its asker leaves, and lets go of what it holds', async () => {
  await using db = await scratchDatabase()
  await using pool = poolOfOne(db)
  const verb: typeof slowVerb = {
    ...slowVerb,
    // Sent with the opening: what is stopped is the wait, never the begin.
    work: async (tx) => {
      await tx.rows(sql`insert into sign_in_failure (account) values ('a_slow_step')`)
      await tx.rows(sql`select from library for update /* a_slow_step */`)
      return { name: 'never' }
    },
  }
  await db.rows(sql`
    insert into library (id, name) values (gen_random_uuid(), 'x') on conflict do nothing
  `)
  const asker = anAsker('desk')
  await db.transaction(async (holder) => {
    await holder.rows(sql`select from library for update`)
    const running = askedBy(asker, () => write(pool, by(), verb, {}))
    await untilRunning(db, '/* a_slow_step */')
    leave(asker)
    await assert.rejects(running, { code: 'BIBBY_ASKER_LEFT' })
  })
  assert.deepEqual(await db.rows(sql`select from sign_in_failure`), [])
  assert.deepEqual(pool.counts(), { open: 1, idle: 1, waiting: 0 })
})

test('a write whose commit is under way is done although its asker leaves', async () => {
  await using db = await scratchDatabase()
  await using pool = poolOfOne(db)
  const verb: typeof slowVerb = {
    ...slowVerb,
    work: async (tx) => {
      await tx.rows(sql`insert into sign_in_failure (account) values ('done')`)
      return { name: 'done' }
    },
  }
  const asker = anAsker('desk')
  // The journal row goes with the commit, and waits for the journal.
  const running = await db.transaction(async (holder) => {
    await holder.rows(sql`lock table journal in exclusive mode`)
    const begun = askedBy(asker, () => write(pool, by(), verb, {}))
    await untilRunning(db, 'insert into journal')
    leave(asker)
    await answeredTwice(db)
    await untilRunning(db, 'insert into journal')
    return { begun }
  })
  assert.equal((await running.begun).outcome, 'done')
  assert.equal((await db.rows(sql`select from sign_in_failure`)).length, 1)
  assert.equal((await db.rows(sql`select from journal where action = 'edit-library'`)).length, 1)
})

/** A cancel request that was sent before this was asked has reached its session. */
async function answeredTwice(db: Database): Promise<void> {
  for (let each = 0; each < 2; each++)
    await db.withConnection(async (idle) => assert.equal(await cancelOn(idle), 'delivered'))
}

test('a write that stands alone outside a transaction commits itself, and is never stopped', async () => {
  await using db = await scratchDatabase()
  await using pool = poolOfOne(db)
  const asker = anAsker('desk')
  const running = await db.transaction(async (holder) => {
    await holder.rows(sql`lock table sign_in_failure in exclusive mode`)
    const begun = askedBy(asker, () => pool.rows(sql`insert into sign_in_failure (account) values ('alone')`))
    await untilRunning(db, `values ('alone')`)
    leave(asker)
    await answeredTwice(db)
    return { begun }
  })
  await running.begun
  assert.equal((await db.rows(sql`select from sign_in_failure`)).length, 1)
})

test('for whoever has left nothing more is begun, and none is let in from the queue', async () => {
  await using db = await scratchDatabase()
  await using pool = poolOfOne(db)
  const asker = anAsker('desk')
  const held = Promise.withResolvers<void>()
  const holder = pool.withConnection(() => held.promise)
  const queued = askedBy(asker, () => pool.rows(sql`select 1`))
  leave(asker)
  held.resolve()
  await holder
  await assert.rejects(queued, { code: 'BIBBY_ASKER_LEFT' })
  await assert.rejects(
    askedBy(asker, async () => pool.rows(sql`select 1`)),
    { code: 'BIBBY_ASKER_LEFT' },
  )
  assert.deepEqual(pool.counts(), { open: 1, idle: 1, waiting: 0 })
})

test('a file that is read bit by bit ends with its asker, whoever drives the reading', async () => {
  await using db = await scratchDatabase()
  await using pool = poolOfOne(db)
  async function* parts() {
    for (;;) yield await pool.rows(sql`select 1`)
  }
  const asker = anAsker('desk')
  const steps = askedBy(asker, () => stillAsked(parts()))[Symbol.asyncIterator]()
  assert.equal((await steps.next()).done, false)
  leave(asker)
  await assert.rejects(steps.next(), { code: 'BIBBY_ASKER_LEFT' })
})
