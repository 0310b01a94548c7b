import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { between, countIn, quantile, together } from './quantile.ts'

const bounds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, Number.POSITIVE_INFINITY]
const counted = (times: readonly number[]) =>
  bounds.map((upTo) => ({ upTo, count: times.filter((time) => time <= upTo).length }))

test('a quantile lies in the bucket that the true one lies in, and is no more than it says', () => {
  const times = fc.array(fc.double({ min: 0.0001, max: 4.9, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.95, 0.99), (all, share) => {
      const sorted = all.toSorted((a, b) => a - b)
      const truth = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
      const told = quantile(counted(all), share) ?? Number.NaN
      const at = bounds.findIndex((bound) => truth <= bound)
      assert.ok(told <= (bounds[at] ?? 0) && told >= (bounds[at - 1] ?? 0), `${told} for ${truth}`)
    }),
  )
})

test('nothing has no quantile; what lies beyond the last bound is told as that', () => {
  assert.equal(quantile(counted([]), 0.95), undefined)
  assert.equal(quantile(counted([7, 8, 9]), 0.95), 5)
})

test('what came between two counts, and several together, are sums', () => {
  const [first, later] = [counted([0.003, 0.2]), counted([0.003, 0.2, 0.2, 3])]
  assert.deepEqual(between(first, later), counted([0.2, 3]))
  assert.deepEqual(together([first, between(first, later)]), later)
  assert.equal(countIn(later), 4)
})
