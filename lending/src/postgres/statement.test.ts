import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PoolClient } from 'pg'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { type Database, openTx, sqlState } from './pool.ts'
import { preparedName, type Sql, sql } from './sql.ts'

/** A key that is looked at when the transaction commits, and not before. */
const table = `
  create table note (id integer primary key);
  create table line (note_id integer references note (id) deferrable initially deferred);
`
const write = (id: number) => sql`insert into note (id) values (${id})`
const notes = (db: Database) => db.rows<{ id: number }>(sql`select id from note order by id`)

test('begin and commit ride along: a transaction of one statement is one message each way', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await db.withConnection((connection) => connection.query(table))
  // A statement that the server has not read before goes behind a begin of its own.
  assert.equal(await asked(db, () => db.transaction(async (tx) => tx.withCommit(write(1)))), 2)
  assert.equal(await asked(db, () => db.transaction(async (tx) => tx.withCommit(write(2)))), 1)
  await db.transaction(async (tx) => {
    await tx.rows(write(3))
    tx.withCommit(write(4))
  })
  const writes = (...ids: number[]) =>
    db.transaction(async (tx) => ids.forEach((id) => void tx.withCommit(write(id))))
  await writes(5, 6, 7)
  assert.equal(await asked(db, () => writes(8, 9, 10)), 1, 'three writes that nobody reads are one statement')
  await writes(11, 12, 13, 14)
  assert.deepEqual(
    await notes(db),
    Array.from({ length: 14 }, (_, before) => ({ id: before + 1 })),
  )
})

test('a transaction without a statement asks the server nothing', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  assert.equal(await asked(db, () => db.transaction(async () => undefined)), 0)
})

test('the rows of a statement are its own, whatever rides along', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await db.transaction(async (tx) => {
    assert.deepEqual(await tx.rows(sql`select ${1}::integer as one where ${false}`), [])
    assert.deepEqual(await tx.rows(sql`select ${2}::integer as two`), [{ two: 2 }])
  })
  const first = await db.transaction((tx) => tx.rows(sql`select ${3}::integer as three`))
  assert.deepEqual(first, [{ three: 3 }])
})

test('what the rows of a statement are like is asked once on a connection', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const read = (n: number) => sql`
    select n::integer as one, json_build_object('n', n) as two, null::bigint as three
    from generate_series(1, ${n}::integer) as n
  `
  const rows = (n: number) =>
    Array.from({ length: n }, (_, at) => ({ one: at + 1, two: { n: at + 1 }, three: null }))
  const readTimes = (times: number[]) =>
    asked(db, async () => {
      for (const n of times) {
        assert.deepEqual(await db.transaction((tx) => tx.rows(read(n))), rows(n))
        assert.deepEqual(await db.rows(read(n)), rows(n))
      }
    }, ['describe'])
  assert.equal(await readTimes([0]), 1)
  assert.equal(await readTimes([2, 0, 1]), 0)
  await db.withConnection((connection) => connection.query(table))
  const writeTwice = async () => {
    await db.rows(write(1))
    await db.rows(write(2))
  }
  assert.equal(await asked(db, writeTwice, ['describe']), 1)
})

test('a statement that failed before the server said what its rows are like says it the next time', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const number = (text: string) => sql`select ${text}::integer as number`
  for (const rows of [
    (statement: Sql) => db.rows(statement),
    (statement: Sql) => db.transaction((tx) => tx.rows(statement)),
  ]) {
    await assert.rejects(rows(number('abc')), (error) => sqlState(error) === '22P02')
    assert.deepEqual(await rows(number('5')), [{ number: 5 }])
  }
})

test('a statement that fails takes what rides along with it, and its connection goes on', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await db.withConnection((connection) => connection.query(table))
  const failing = [
    { statement: sql`insert into note (id) values (${1}), (${1})`, code: '23505' },
    { statement: sql`insert into nothing (id) values (${1})`, code: '42P01' },
    { statement: sql`insert into line (note_id) values (${7})`, code: '23503' },
  ]
  for (const { statement, code } of [...failing, ...failing]) {
    for (const alone of [true, false]) {
      const fails = db.transaction(async (tx) => {
        if (!alone) await tx.rows(write(5))
        tx.withCommit(statement)
      })
      await assert.rejects(fails, (error) => sqlState(error) === code)
      assert.deepEqual(await notes(db), [])
    }
    const first = db.transaction((tx) => tx.rows(statement))
    await assert.rejects(first, (error) => sqlState(error) === code)
  }
  await db.transaction(async (tx) => tx.withCommit(write(1)))
  assert.deepEqual(await notes(db), [{ id: 1 }])
  assert.equal(db.counts().open, 1)
})

test('a value that cannot be written down leaves no transaction behind', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await db.withConnection((connection) => connection.query(table))
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const fails = db.transaction((tx) => tx.rows(sql`select ${circular}::text`))
  await assert.rejects(fails, { name: 'TypeError' })
  await db.rows(write(1))
  assert.deepEqual(await notes(db), [{ id: 1 }])
  assert.equal(await db.withConnection(async (connection) => connection.getTransactionStatus()), 'I')
})

test('a transaction that is over takes no statement, and what it had put off is dropped', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await db.withConnection((connection) => connection.query(table))
  await db.withConnection(async (connection) => {
    const given = openTx(connection)
    await given.rows(write(1))
    given.withCommit(write(2))
    await given.rollBack()
    await assert.rejects(given.rows(write(3)), /over/)
    const taken = openTx(connection)
    taken.withCommit(write(4))
    assert.equal((await taken.commit()).command, 'COMMIT')
    await assert.rejects(taken.rows(write(5)), /over/)
  })
  assert.deepEqual(await notes(db), [{ id: 4 }])
})

test('statements past those that have a name are in a transaction too', async () => {
  for (let n = 0; n < 1_000; n++) preparedName(`select ${n}`)
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await db.withConnection((connection) => connection.query(table))
  const seven = await db.transaction((tx) => tx.rows(sql`select 7 as seven`))
  assert.deepEqual(seven, [{ seven: 7 }])
  const fails = db.transaction(async (tx) => {
    await tx.rows(sql`insert into note (id) values (8)`)
    throw new RangeError('a test')
  })
  await assert.rejects(fails, RangeError)
  assert.deepEqual(await notes(db), [])
  await db.transaction(async (tx) => tx.withCommit(sql`insert into note (id) values (9)`))
  assert.deepEqual(await notes(db), [{ id: 9 }])
})

/** Work on the only connection of a pool: how often the server was asked, to answer or in these ways. */
async function asked(
  db: Database,
  work: () => Promise<unknown>,
  ways: readonly (keyof Wire)[] = ['sync', 'query'],
): Promise<number> {
  let times = 0
  const wire = await db.withConnection(async (connection) => wireOf(connection))
  for (const way of ways) {
    const send = wire[way].bind(wire)
    wire[way] = (...args: unknown[]) => {
      times += 1
      send(...args)
    }
  }
  await work()
  for (const way of ways) Reflect.deleteProperty(wire, way)
  return times
}

type Wire = Record<'sync' | 'query' | 'describe', (...args: unknown[]) => void>

function wireOf(connection: PoolClient): Wire {
  return (connection as unknown as { connection: Wire }).connection
}
