import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { doubledHolds, type MergedFields, mergedFields, type RankedHold } from './merge-rule.ts'

const moment = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString())
const text = fc.string({ maxLength: 2_000 })
const record: fc.Arbitrary<MergedFields> = fc
  .record({
    email: text,
    phone: text,
    address: text,
    note: text,
    expiresOn: moment.map((at) => at.slice(0, 10)),
    block: fc.option(fc.record({ because: fc.string({ minLength: 1 }), at: moment })),
    protected: fc.boolean(),
    keepsHistory: fc.boolean(),
    registeredAt: moment,
  })
  .map(({ block, ...rest }) => ({
    ...rest,
    blockedBecause: block?.because ?? null,
    blockedAt: block?.at ?? null,
  }))

test('of two records, neither a block, nor protection, nor a day of the card, nor a wish to be forgotten is lost', () => {
  fc.assert(
    fc.property(record, record, (kept, gone) => {
      const after = mergedFields(kept, gone)
      for (const each of [kept, gone]) {
        if (each.blockedBecause !== null) {
          assert.ok(after.blockedBecause?.includes(each.blockedBecause))
          assert.ok(after.blockedAt !== null && each.blockedAt !== null && after.blockedAt <= each.blockedAt)
        }
        assert.ok(after.expiresOn >= each.expiresOn)
        assert.ok(after.registeredAt <= each.registeredAt)
        if (each.protected) assert.ok(after.protected)
        if (!each.keepsHistory) assert.ok(!after.keepsHistory)
        if (each.email) assert.notEqual(after.email, '')
      }
      assert.equal(after.blockedBecause === null, after.blockedAt === null)
      assert.ok(after.note.startsWith(kept.note))
      assert.ok([...after.note].length <= 2_000)
      if (kept.email) assert.equal(after.email, kept.email)
    }),
  )
})

test('of two holds on a title stays the one that has a copy, else the earlier place', () => {
  const at = (day: number) => new Date(Date.UTC(2026, 0, day))
  const hold = (holdId: number, over: Partial<RankedHold> = {}): RankedHold => ({
    holdId,
    titleId: 1,
    state: 'waiting',
    placedAt: at(holdId),
    ...over,
  })
  const staying = (...holds: RankedHold[]) =>
    doubledHolds(holds).map(({ stays, givenUp }) => [stays.holdId, givenUp.holdId])
  assert.deepEqual(staying(hold(1), hold(2)), [[1, 2]])
  assert.deepEqual(staying(hold(2), hold(1)), [[1, 2]])
  assert.deepEqual(staying(hold(1), hold(2, { state: 'in-transit' })), [[2, 1]])
  assert.deepEqual(staying(hold(1, { state: 'in-transit' }), hold(2, { state: 'on-shelf' })), [[2, 1]])
  assert.deepEqual(staying(hold(2, { placedAt: at(1) }), hold(1)), [[1, 2]])
  assert.deepEqual(staying(hold(1), hold(2, { titleId: 2 })), [])
})
