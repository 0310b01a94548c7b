import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { neverTwice } from '../../test/every-cut.ts'
import { aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { journal } from '../journal/journal.ts'
import { fence } from '../postgres/fence.ts'
import { type Database, openPool, type PoolOptions } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { halt, haltNow } from './halt.ts'
import { haltStanding, resume } from './resume.ts'

/** A pool under the name that Bibby's desks have: halting looks for those. */
function deskPool(connection: PoolOptions['connection']): Database {
  return openPool({ connection, name: 'bibby-desk', connectionsMax: 4, statementLimitMs: 20_000 })
}

const stopped = { code: 'BIBBY_WRITES_STOPPED' }

test('while writes are halted none is made, reading goes on, and the journal says who halted and why', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { outcome } = await haltNow(db, by({ actor: 'staff:7' }), { reason: 'The shelf is on fire' })
  assert.equal(outcome.outcome, 'done')
  await assert.rejects(write(db, by(), lend, library), stopped)
  assert.equal((await fence(db)).mode, 'halted')
  const [entry] = await journal(db, { action: 'halt' })
  assert.equal(entry?.line, 'Halted all writes: The shelf is on fire.')
  assert.equal(entry?.actor, 'staff:7')
})

test('what was opened before a halt and comes to its journal row after it is rolled back', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await using others = await openTransaction(db, sql`select from copy for update`)
  const lending = write(db, by(), lend, library)
  lending.catch(() => undefined)
  assert.ok(await whenSomebodyWaits(db, lending))
  await write(db, by(), halt, { reason: '' })
  await others.end('rollback')
  await assert.rejects(lending, stopped)
  assert.deepEqual(await db.rows(sql`select from loan`), [])
})

test('what still holds on a moment after a halt is cut off: no write of before can land when it has answered', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await using desk = deskPool(db.connection)
  await using _others = await openTransaction(db, sql`select from copy for update`)
  const lending = write(desk, by(), lend, library)
  lending.catch(() => undefined)
  assert.ok(await whenSomebodyWaits(db, lending))
  const { drained } = await haltNow(db, by(), { reason: '' })
  assert.equal(drained.cut, 1)
  await assert.rejects(lending, { code: 'BIBBY_WRITE_LOST' })
  assert.deepEqual(await db.rows(sql`select from loan`), [])
})

test('a second halt changes nothing of the first', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  const first = await write(db, by(), halt, { reason: 'first' })
  const second = await write(db, by(), halt, { reason: 'second' })
  assert.ok(first.outcome === 'done' && second.outcome === 'done')
  assert.deepEqual(second.answer, { ...first.answer, already: true })
})

test('a halt is ended by who names it and types its phrase; all goes on under a new epoch', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await write(db, by(), halt, { reason: '' })
  const { epoch, since, phrase } = await haltStanding(db)
  assert.match(phrase ?? '', /^RESUME EPOCH \d+ HALTED [\d-]{10} [\d:]{8} UTC, 0 WRITTEN SINCE$/)
  const ask = { epoch, since, phrase: phrase ?? '' }
  const told = async (over: object) => {
    const outcome = await write(db, by(), resume, { ...ask, ...over })
    return outcome.outcome === 'refused' ? outcome.refusal.refused : outcome.outcome
  }
  assert.equal(await told({ phrase: 'RESUME' }), 'phrase-wrong')
  assert.equal(await told({ epoch: epoch + 1 }), 'halt-changed')
  assert.equal(await told({ since: '2026-01-01T00:00:00.000Z' }), 'halt-changed')
  assert.equal(await told({ verb: 'lend' }), 'not-halted')
  assert.equal((await fence(db)).mode, 'halted')
  assert.equal(await told({ phrase: ` ${phrase?.replace(' ', '  ')} ` }), 'done')
  assert.equal((await fence(db)).epoch, epoch + 1)
  assert.equal((await write(db, by(), lend, library)).outcome, 'done')
  assert.equal(await told({}), 'not-halted')
})

test('the phrase tells what was written since, and one from before that is refused', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  await write(db, by(), halt, { reason: '' })
  const before = await haltStanding(db)
  await db.rows(sql`
    insert into journal (id, epoch, instance, actor, action, outcome, occurred_at)
    values (gen_random_uuid(), 1, 'psql', 'system:psql', 'lend', 'done', now())
  `)
  const after = await haltStanding(db)
  assert.equal(after.writtenSince, 1)
  const { epoch, since } = after
  const old = await write(db, by(), resume, { epoch, since, phrase: before.phrase ?? '' })
  assert.equal(old.outcome, 'refused')
  const now = await write(db, by(), resume, { epoch, since, phrase: after.phrase ?? '' })
  assert.equal(now.outcome, 'done')
})

test('a write opened before a halt that has ended meanwhile is done anew, under the new epoch', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await using others = await openTransaction(db, sql`select from copy for update`)
  const lending = write(db, by(), lend, library)
  lending.catch(() => undefined)
  assert.ok(await whenSomebodyWaits(db, lending))
  await write(db, by(), halt, { reason: '' })
  const { epoch, since, phrase } = await haltStanding(db)
  await write(db, by(), resume, { epoch, since, phrase: phrase ?? '' })
  await others.end('rollback')
  assert.equal((await lending).outcome, 'done')
  assert.deepEqual(await db.rows(sql`select epoch from journal where action = 'lend'`), [
    { epoch: epoch + 1 },
  ])
})

test('a verb that is halted is refused with its own code, and all others go on', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await write(db, by(), halt, { reason: 'Lends twice', verb: 'lend' })
  await assert.rejects(write(db, by(), lend, library), { code: 'BIBBY_VERB_HALTED', message: /Lends twice/ })
  assert.equal((await write(db, by(), takeBack, library)).outcome, 'done')
  const { epoch, verbs, phrase: ofAll } = await haltStanding(db)
  assert.equal(ofAll, null)
  const { verb, since, phrase } = verbs[0] ?? assert.fail('no verb is halted')
  assert.equal((await write(db, by(), resume, { epoch, since, phrase, verb })).outcome, 'done')
  assert.equal((await write(db, by(), lend, library)).outcome, 'done')
})

test('a verb that nobody knows cannot be halted, nor can halting and resuming', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  for (const verb of ['lent', 'halt', 'resume', '']) {
    const outcome = await write(db, by(), halt, { reason: '', verb })
    assert.ok(outcome.outcome === 'refused' && outcome.refusal.refused === 'verb-unknown', verb)
  }
})

test('losing the connection at any statement never halts or resumes twice', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  const open = () => db.rows(sql`update fence set mode = 'normal', reason = ''`)
  await neverTwice(db, halt, async () => {
    await open()
    return { ask: { reason: '' }, times: async () => ((await fence(db)).mode === 'halted' ? 1 : 0) }
  })
  await neverTwice(db, resume, async () => {
    await open()
    await write(db, by(), halt, { reason: '' })
    const { epoch, since, phrase } = await haltStanding(db)
    return {
      ask: { epoch, since, phrase: phrase ?? '' },
      times: async () => (await fence(db)).epoch - epoch,
    }
  })
})
