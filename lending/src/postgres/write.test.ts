import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { aSmallLibrary } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { lend } from '../circulation/lend.ts'
import { openPool, type Tx } from './pool.ts'
import { sql } from './sql.ts'
import { type By, write } from './write.ts'

const by = (over: Partial<By> = {}): By => ({
  actor: 'system:test',
  key: randomUUID(),
  occurredAt: new Date('2026-03-01T10:00:00Z'),
  instance: 'test',
  ...over,
})

const addBranch = {
  action: 'add-branch',
  about: () => ({}),
  work: async (tx: Tx, { code }: { code: string }) => {
    if (code === 'full') return { refused: 'no-room' as const }
    await tx.rows(sql`insert into branch (code, name, time_zone) values (${code}, ${code}, 'UTC')`)
    return { code }
  },
}

test('a repeated key gets the recorded answer and does nothing', async () => {
  await using db = await scratchDatabase()
  const who = by()
  const first = await write(db, who, addBranch, { code: 'a' })
  const second = await write(db, who, addBranch, { code: 'a' })
  assert.deepEqual(first, { outcome: 'done', answer: { code: 'a' }, repeated: false })
  assert.deepEqual(second, { outcome: 'done', answer: { code: 'a' }, repeated: true })
})

test('a key used again for another request is refused', async () => {
  await using db = await scratchDatabase()
  const who = by()
  await write(db, who, addBranch, { code: 'a' })
  const second = await write(db, who, addBranch, { code: 'b' })
  assert.deepEqual(second, {
    outcome: 'refused',
    refusal: { refused: 'key-reused', key: who.key },
    repeated: true,
  })
})

test('a refusal is remembered under its key too', async () => {
  await using db = await scratchDatabase()
  const who = by()
  const first = await write(db, who, addBranch, { code: 'full' })
  assert.deepEqual(first, { outcome: 'refused', refusal: { refused: 'no-room' }, repeated: false })
  assert.deepEqual(await write(db, who, addBranch, { code: 'full' }), { ...first, repeated: true })
})

test('twenty at once under one key: it happens once and all hear the same', async () => {
  await using db = await scratchDatabase()
  const who = by()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => write(db, who, addBranch, { code: 'a' })),
  )
  assert.equal(answers.filter((each) => each.outcome === 'done').length, 20)
  assert.equal(answers.filter((each) => each.outcome === 'done' && !each.repeated).length, 1)
})

test('nothing is written while writes are stopped', async () => {
  await using db = await scratchDatabase()
  await db.rows(sql`update fence set mode = 'halted'`)
  await assert.rejects(write(db, by(), addBranch, { code: 'a' }), { code: 'BIBBY_WRITES_STOPPED' })
  assert.deepEqual(await db.rows(sql`select from branch`), [])
})

test('a connection lost before the commit is said to have written nothing', async () => {
  await using db = await scratchDatabase()
  const killing = {
    ...addBranch,
    work: async (tx: Tx, ask: { code: string }) => {
      await addBranch.work(tx, ask)
      await tx.rows(sql`select pg_terminate_backend(pg_backend_pid())`)
      return { code: ask.code }
    },
  }
  await assert.rejects(write(db, by(), killing, { code: 'a' }), { code: 'BIBBY_WRITE_LOST' })
  assert.deepEqual(await db.rows(sql`select from branch`), [])
})

test('a mistake in the code is thrown as it is and rolled back', async () => {
  await using db = await scratchDatabase()
  const broken = {
    ...addBranch,
    work: async (tx: Tx, ask: { code: string }) => {
      await addBranch.work(tx, ask)
      throw new TypeError('a bug')
    },
  }
  await assert.rejects(write(db, by(), broken, { code: 'a' }), TypeError)
  assert.deepEqual(await db.rows(sql`select from branch`), [])
})

test('the journal only grows', async () => {
  await using db = await scratchDatabase()
  await write(db, by(), addBranch, { code: 'a' })
  await assert.rejects(db.rows(sql`update journal set actor = 'x'`), { code: 'BB001' })
  await assert.rejects(db.rows(sql`delete from journal`), { code: 'BB001' })
  await assert.rejects(db.rows(sql`truncate journal`), { code: 'BB001' })
})

test('an answer that lists what it refused is done, not refused', async () => {
  await using db = await scratchDatabase()
  const listing = {
    ...addBranch,
    work: async (tx: Tx, ask: { code: string }) => ({ ...(await addBranch.work(tx, ask)), refused: [] }),
  }
  const answer = await write(db, by(), listing as never, { code: 'a' } as never)
  assert.equal(answer.outcome, 'done')
  assert.equal((await db.rows(sql`select from branch`)).length, 1)
})

test('a server that has become read-only is said to be, nothing was written, and no session of it is used again', async () => {
  await using db = await scratchDatabase()
  // Each holds its session for a moment, so that two are there; with one alone the test says the same of it.
  const session = sql`select pg_backend_pid() as pid, pg_sleep(0.1)`
  const sessions = async () => {
    const both = await Promise.all([db.rows<{ pid: number }>(session), db.rows<{ pid: number }>(session)])
    return both.flat().map(({ pid }) => pid)
  }
  const before = await sessions()
  const turning = {
    ...addBranch,
    work: async (tx: Tx, ask: { code: string }) => {
      await tx.rows(sql`set transaction read only`)
      return { code: ask.code }
    },
  }
  await assert.rejects(write(db, by(), turning, { code: 'a' }), { code: 'BIBBY_WRITES_STOPPED' })
  const after = await sessions()
  assert.ok(!after.some((pid) => before.includes(pid)), `${before} became ${after}`)
  const again = await write(db, by(), addBranch, { code: 'a' })
  assert.equal(again.outcome, 'done')
})

test('a repeated key is answered, and stopped writes are refused, while others hold what the verb wants', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const who = by()
  const first = await write(db, who, lend, library)
  await using _atTheRows = await openTransaction(
    db,
    sql`select from patron cross join copy for update of patron, copy`,
  )
  assert.deepEqual(await write(db, who, lend, library), { ...first, repeated: true })
  await using others = await openTransaction(db, sql`lock table branch`)
  const added = write(db, by({ key: 'a' }), addBranch, { code: 'a' })
  assert.ok(await whenSomebodyWaits(db, added))
  await db.rows(sql`update fence set mode = 'halted'`)
  await assert.rejects(write(db, by(), lend, library), { code: 'BIBBY_WRITES_STOPPED' })
  await assert.rejects(write(db, by(), addBranch, { code: 'b' }), { code: 'BIBBY_WRITES_STOPPED' })
  await others.end('rollback')
  await assert.rejects(added, { code: 'BIBBY_WRITES_STOPPED' })
})

test('a repeated key is answered by a server that has become read-only', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const who = by()
  const first = await write(db, who, lend, library)
  await using reading = openPool({
    connection: db.connection,
    name: 'read-only',
    connectionsMax: 1,
    statementLimitMs: 5_000,
    readOnly: true,
  })
  assert.deepEqual(await write(reading, who, lend, library), { ...first, repeated: true })
  await assert.rejects(write(reading, by(), lend, library), { code: 'BIBBY_WRITES_STOPPED' })
  assert.deepEqual(await reading.rows(sql`select ${1}::integer as one`), [{ one: 1 }])
})

test('work that throws before it sends anything leaves no transaction behind', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const broken = {
    ...addBranch,
    work: (): Promise<{ code: string }> => {
      throw new TypeError('a bug')
    },
  }
  await assert.rejects(write(db, by(), broken, { code: 'a' }), TypeError)
  assert.equal((await write(db, by(), addBranch, { code: 'a' })).outcome, 'done')
})

test('on a connection whose prepared statements are gone nothing is written, and the next one writes', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  assert.equal((await write(db, by(), addBranch, { code: 'a' })).outcome, 'done')
  await db.withConnection((connection) => connection.query('deallocate all'))
  await assert.rejects(write(db, by(), addBranch, { code: 'b' }), { code: 'BIBBY_WRITE_LOST' })
  const codes = () => db.rows<{ code: string }>(sql`select code from branch where code in ('a', 'b')`)
  assert.deepEqual(await codes(), [{ code: 'a' }])
  assert.equal((await write(db, by(), addBranch, { code: 'b' })).outcome, 'done')
})
