import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { warm } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aCharge, aPatron, by } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { write } from '../postgres/write.ts'
import { owes } from './accounts.ts'
import { payFine, waiveFine } from './fine-ledger.ts'

async function aDebtor(db: ScratchDatabase, cents = 1_000) {
  const patron = await aPatron(db)
  if (cents > 0) await aCharge(db, { ...patron, cents })
  return {
    ...patron,
    pay: (paid: number) => write(db, by(), payFine, { card: patron.card, cents: paid }),
    waive: (waived: number, reason = 'It was our fault') =>
      write(db, by(), waiveFine, { card: patron.card, cents: waived, reason }),
  }
}

test('what is owed is what was charged less what was paid and waived, each a line that stays', async () => {
  await using db = await scratchDatabase()
  const { patronId, pay, waive } = await aDebtor(db)
  assert.equal(done(await pay(300)).owesCents, 700)
  assert.equal(done(await waive(200)).owesCents, 500)
  const { cents, lines } = await owes(db, patronId)
  assert.equal(cents, 500)
  assert.deepEqual(lines.map((line) => [line.kind, line.cents, line.reason]).toSorted(), [
    ['charge', 1_000, ''],
    ['payment', -300, ''],
    ['waiver', -200, 'It was our fault'],
  ])
})

test('nobody pays more than they owe', async () => {
  await using db = await scratchDatabase()
  const { pay, waive } = await aDebtor(db)
  assert.deepEqual(refusal(await pay(1_001)), { refused: 'more-than-owed', owesCents: 1_000 })
  assert.deepEqual(refusal(await waive(1_001)), { refused: 'more-than-owed', owesCents: 1_000 })
  assert.equal(done(await pay(1_000)).owesCents, 0)
  assert.deepEqual(refusal(await pay(1)), { refused: 'nothing-owed' })
})

test('twenty who pay one debt at once: it is paid once', async () => {
  await using db = await scratchDatabase()
  const { patronId, pay } = await aDebtor(db)
  await warm(db, 20)
  const told = await Promise.all(Array.from({ length: 20 }, () => pay(1_000)))
  assert.equal(told.filter(({ outcome }) => outcome === 'done').length, 1)
  assert.equal((await owes(db, patronId)).cents, 0)
})

test('whatever is paid and waived in whatever order, the debt is never below zero and the sum is right', async () => {
  await using db = await scratchDatabase()
  const step = fc.record({ kind: fc.constantFrom('pay', 'waive'), cents: fc.integer({ min: 1, max: 700 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const { patronId, pay, waive } = await aDebtor(db)
      let expected = 1_000
      for (const { kind, cents } of steps) {
        const told = await (kind === 'pay' ? pay(cents) : waive(cents))
        assert.equal(told.outcome, cents <= expected ? 'done' : 'refused')
        if (told.outcome === 'done') expected -= cents
        assert.equal((await owes(db, patronId)).cents, expected)
      }
    }),
    { numRuns: 15 },
  )
})

test('a waiver has a reason, and amounts are whole cents above zero', async () => {
  await using db = await scratchDatabase()
  const { pay, waive } = await aDebtor(db)
  assert.deepEqual(refusal(await waive(1, '  ')), { refused: 'reason-missing' })
  assert.equal(refusal(await waive(1, 'a\0')).refused, 'fields-invalid')
  for (const cents of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    assert.equal(refusal(await pay(cents)).refused, 'fields-invalid', String(cents))
  }
  assert.deepEqual(refusal(await write(db, by(), payFine, { card: 'nobody', cents: 1 })), {
    refused: 'patron-unknown',
  })
})

test('losing the connection at any statement never takes the money twice', async () => {
  await using db = await scratchDatabase()
  for (const verb of [payFine, waiveFine]) {
    await neverTwice(db, verb, async () => {
      const { patronId, card } = await aDebtor(db)
      const times = async () => (1_000 - (await owes(db, patronId)).cents) / 100
      return { ask: { card, cents: 100, reason: 'why' }, times }
    })
  }
})
