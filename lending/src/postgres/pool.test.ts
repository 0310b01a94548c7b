import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from './pool.ts'
import { isConnectionLost, openPool, rowsOn, streamOf } from './pool.ts'
import { sql } from './sql.ts'

const backend = async (db: Database) =>
  (await db.rows<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid

/** Has the server answer with this SQLSTATE. */
const fail = (db: Database, code: string) =>
  db.withConnection((connection) =>
    connection.query(`do $$ begin raise exception 'a test' using errcode = '${code}'; end $$`),
  )

for (const code of ['0A000', '25006', '57P01', '57P02', '57P03', '08006', '08P01']) {
  test(`a connection that answered ${code} is never used again`, async () => {
    await using db = await scratchDatabase({ connectionsMax: 1 })
    const before = await backend(db)
    await assert.rejects(fail(db, code), { code })
    assert.notEqual(await backend(db), before)
  })
}

test('a connection that only refused a statement is used again', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const before = await backend(db)
  await assert.rejects(fail(db, '23505'), { code: '23505' })
  assert.equal(await backend(db), before)
})

test('a connection that was given back inside a transaction is closed', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const before = await backend(db)
  await db.withConnection((connection) => connection.query('begin'))
  assert.notEqual(await backend(db), before)
})

test('connections that are kept outlast a pause, the others do not', async (t) => {
  await using scratch = await scratchDatabase()
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await using db = openPool({
    connection: scratch.connection,
    name: 'kept',
    connectionsMax: 3,
    connectionsKept: 2,
    statementLimitMs: 5_000,
  })
  const before = await Promise.all([backend(db), backend(db), backend(db)])
  t.mock.timers.tick(60_000)
  assert.equal(db.counts().open, 2)
  const after = await Promise.all([backend(db), backend(db)])
  assert.ok(
    after.every((pid) => before.includes(pid)),
    `${before} became ${after}`,
  )
})

/** A pool that keeps three connections, with the sessions that serve three callers at once. */
async function threeKept() {
  const scratch = await scratchDatabase()
  const db = openPool({
    connection: scratch.connection,
    name: 'kept',
    connectionsMax: 3,
    connectionsKept: 3,
    statementLimitMs: 5_000,
  })
  const three = async () => {
    const all = Promise.withResolvers<void>()
    let begun = 0
    const use = () =>
      db.withConnection(async (connection) => {
        begun += 1
        if (begun === 3) all.resolve()
        await all.promise
        const [row] = await rowsOn(connection)<{ pid: number }>(sql`select pg_backend_pid() as pid`)
        return row?.pid
      })
    return Promise.all([use(), use(), use()])
  }
  const dispose = async () => {
    await db[Symbol.asyncDispose]()
    await scratch[Symbol.asyncDispose]()
  }
  return { db, three, [Symbol.asyncDispose]: dispose }
}

const losing: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  'in the middle of a statement': (db) => assert.rejects(fail(db, '08006')),
  'and the work makes something else of it': (db) =>
    db.withConnection(async (connection) => {
      assert.ok(isConnectionLost(new Error('Query read timeout'), connection))
    }),
  'while it idles': async (db) => {
    const connection = await db.withConnection(async (it) => it)
    const isGone = new Promise<void>((resolve) => connection.once('end', resolve))
    streamOf(connection).destroy()
    await isGone
  },
}

for (const [when, lose] of Object.entries(losing)) {
  test(`once a connection is lost ${when}, those that idled beside it are not used`, async () => {
    await using kept = await threeKept()
    const before = await kept.three()
    assert.deepEqual(new Set(await kept.three()), new Set(before))
    await lose(kept.db)
    const after = await kept.three()
    assert.ok(!after.some((pid) => before.includes(pid)), `${before} became ${after}`)
    assert.deepEqual(new Set(await kept.three()), new Set(after))
  })
}

for (const [what, takeLong] of [
  ['a statement', (db: Database) => db.rows(sql`select pg_sleep(60)`)],
  ['a transaction', (db: Database) => db.transaction((tx) => tx.rows(sql`select pg_sleep(60)`))],
] as const)
  test(`that one session is ended in the middle of ${what} says nothing of those beside it`, async () => {
    await using kept = await threeKept()
    const before = await kept.three()
    const ended = assert.rejects(takeLong(kept.db), { code: '57P01' })
    const end = sql`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()
    `
    while ((await kept.db.rows(end)).length === 0);
    await ended
    const after = await kept.three()
    assert.equal(after.filter((pid) => before.includes(pid)).length, 2, `${before} became ${after}`)
  })

test('where sessions are lost one after another, the others are not given up each time', async () => {
  await using kept = await threeKept()
  await kept.three()
  await assert.rejects(fail(kept.db, '25006'))
  const before = await kept.three()
  await assert.rejects(fail(kept.db, '25006'))
  const after = await kept.three()
  assert.equal(after.filter((pid) => before.includes(pid)).length, 2, `${before} became ${after}`)
})

test('of connections that are kept no more are made than were needed', async (t) => {
  await using kept = await threeKept()
  const before = await backend(kept.db)
  const { now } = performance
  t.mock.method(performance, 'now', () => now.call(performance) + 3_600_000)
  assert.deepEqual([await backend(kept.db), kept.db.counts().open], [before, 0])
  // This one comes before the one that is made in the place of the old one, and makes it.
  assert.notEqual(await backend(kept.db), before)
  assert.equal(kept.db.counts().open, 1)
})

test('connections that are too old are closed behind a use, one by one, and others made in their place', async (t) => {
  await using kept = await threeKept()
  const before = await kept.three()
  const { now } = performance
  let laterMs = 3_600_000
  t.mock.method(performance, 'now', () => now.call(performance) + laterMs)
  // A use of an old one is like any other.
  assert.ok(before.includes(await backend(kept.db)))
  for (let others = 1; others <= 3; others += 1) {
    for (let tries = 0; kept.db.counts().idle < 3 && tries < 1_000; tries += 1) await backend(kept.db)
    await kept.three()
    const after = await kept.three()
    assert.equal(kept.db.counts().open, 3)
    assert.equal(after.filter((pid) => !before.includes(pid)).length, others, `${before} became ${after}`)
    laterMs += 100_000
  }
})

test('a server that ends all sessions is noticed, and the pool goes on with new ones', async () => {
  await using db = await scratchDatabase({ connectionsMax: 3 })
  await Promise.all([backend(db), backend(db), backend(db)])
  await using other = openPool({
    connection: db.connection,
    name: 'other',
    connectionsMax: 1,
    statementLimitMs: 5_000,
  })
  await other.rows(sql`
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
  `)
  const tries = await Promise.allSettled([1, 2, 3, 4].map(() => backend(db)))
  assert.ok((await backend(db)) !== undefined, JSON.stringify(tries))
})

test('a statement past its limit is stopped by the server, and the connection is used again', async () => {
  await using db = await scratchDatabase()
  await using hasty = openPool({
    connection: db.connection,
    name: 'hasty',
    connectionsMax: 1,
    statementLimitMs: 500,
  })
  const before = await backend(hasty)
  await assert.rejects(hasty.rows(sql`select pg_sleep(5)`), { code: '57014' })
  assert.equal(await backend(hasty), before)
})

test('a transaction that failed unheard is not taken for a commit', async () => {
  await using db = await scratchDatabase()
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.rows(sql`select 1 / 0`).catch(() => undefined)
    }),
    /rolled back/,
  )
})

test('a write sent with the commit fails the transaction when it fails', async () => {
  await using db = await scratchDatabase()
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.rows(sql`insert into sign_in_failure (account) values ('a')`)
      tx.withCommit(sql`insert into branch (code, name, time_zone) values ('Not a code', '', 'UTC')`)
    }),
    { code: '23514' },
  )
  assert.deepEqual(await db.rows(sql`select from sign_in_failure`), [])
})

test('work that throws before its first statement leaves no transaction open', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const early = db.transaction(() => {
    throw new TypeError('a bug')
  })
  await assert.rejects(early, TypeError)
  await db.rows(sql`insert into sign_in_failure (account) values ('a')`)
  await using other = openPool({
    connection: db.connection,
    name: 'other',
    connectionsMax: 1,
    statementLimitMs: 5_000,
  })
  assert.equal((await other.rows(sql`select from sign_in_failure`)).length, 1)
})

test('a connection that was lost is closed, whatever error is thrown on because of it', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const thrown = db.withConnection(async (connection) => {
    assert.ok(isConnectionLost(new Error('Query read timeout'), connection))
    throw new RangeError('a test')
  })
  await assert.rejects(thrown, RangeError)
  assert.equal(db.counts().open, 0)
})

test('a connection outside the pool lets go of its locks too when its process is gone without a word', async () => {
  await using db = await scratchDatabase()
  const session = await db.connectAlone({ statementLimitMs: 50 })
  try {
    // The value in force is 0 on a socket of this machine, where no peer is gone without a word.
    const { rows } = await session.query<{ dead: string }>(
      `select reset_val as dead from pg_settings where name = 'tcp_user_timeout'`,
    )
    assert.equal(rows[0]?.dead, '30000')
    await assert.rejects(session.query('select pg_sleep(5)'), { code: '57014' })
  } finally {
    await session.end()
  }
})
