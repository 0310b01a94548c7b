import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aheadMax, type ComingCopy, estimateDays, handoverDays, roughSpan } from './hold-estimate.ts'

const loanDays = fc.integer({ min: 1, max: 60 })
const known: fc.Arbitrary<ComingCopy> = fc.record({ freeInDays: fc.integer({ min: 0, max: 90 }), loanDays })
const copies = fc.array(fc.record({ freeInDays: fc.option(fc.integer({ min: 0, max: 90 })), loanDays }), {
  maxLength: 8,
})
const ahead = fc.integer({ min: 0, max: 60 })

/** Never is later than any day. */
const orNever = (days: number | undefined) => days ?? Number.POSITIVE_INFINITY

test('who is next waits for the copy that is free first, and each before them costs a turn', () => {
  const one = { freeInDays: 10, loanDays: 28 }
  assert.equal(estimateDays({ ahead: 0, copies: [one] }), 10)
  assert.equal(estimateDays({ ahead: 2, copies: [one] }), 10 + 2 * (28 + handoverDays))
  assert.equal(estimateDays({ ahead: 2, copies: [one, { freeInDays: 0, loanDays: 9 }] }), 9 + handoverDays)
})

test('nobody waits shorter for standing further back', () => {
  fc.assert(
    fc.property(copies, ahead, (copies, ahead) => {
      assert.ok(
        orNever(estimateDays({ ahead: ahead + 1, copies })) >= orNever(estimateDays({ ahead, copies })),
      )
    }),
  )
})

test('nobody waits longer for one more copy', () => {
  fc.assert(
    fc.property(copies, known, ahead, (copies, more, ahead) => {
      const with_ = orNever(estimateDays({ ahead, copies: [...copies, more] }))
      assert.ok(with_ <= orNever(estimateDays({ ahead, copies })))
    }),
  )
})

test('nobody waits longer for copies that come sooner', () => {
  fc.assert(
    fc.property(copies, ahead, fc.nat({ max: 30 }), (copies, ahead, days) => {
      const sooner = copies.map((copy) => ({
        ...copy,
        freeInDays: copy.freeInDays === null ? null : Math.max(0, copy.freeInDays - days),
      }))
      assert.ok(orNever(estimateDays({ ahead, copies: sooner })) <= orNever(estimateDays({ ahead, copies })))
    }),
  )
})

test('an estimate lies between what the first copy and a single copy would need', () => {
  fc.assert(
    fc.property(fc.array(known, { minLength: 1, maxLength: 8 }), ahead, (copies, ahead) => {
      const found = orNever(estimateDays({ ahead, copies }))
      assert.ok(found >= Math.min(...copies.map(({ freeInDays }) => freeInDays ?? 0)))
      for (const copy of copies) assert.ok(found <= orNever(estimateDays({ ahead, copies: [copy] })))
    }),
  )
})

test('where nobody can say when a copy is free, or too many wait before, no day is told', () => {
  fc.assert(
    fc.property(fc.array(loanDays, { maxLength: 5 }), ahead, (loanDays, ahead) => {
      const copies = loanDays.map((loanDays) => ({ freeInDays: null, loanDays }))
      assert.equal(estimateDays({ ahead, copies }), undefined)
    }),
  )
  assert.equal(estimateDays({ ahead: aheadMax + 1, copies: [{ freeInDays: 0, loanDays: 1 }] }), undefined)
})

test('a longer wait is never told as a shorter one', () => {
  const inDays = (days: number): number => {
    const span = roughSpan(days)
    if (span.unit === 'few-days') return 0
    if (span.unit === 'over-a-year') return Number.POSITIVE_INFINITY
    assert.ok(span.count >= 1)
    return span.count * (span.unit === 'weeks' ? 7 : 30.4)
  }
  for (let days = 0; days < 500; days++) assert.ok(inDays(days + 1) >= inDays(days), `${days}`)
  assert.deepEqual(roughSpan(21), { unit: 'weeks', count: 3 })
})
