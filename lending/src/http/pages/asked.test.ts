import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asked } from './asked.ts'

test('whatever is sent, reading it throws nothing and gives only what fits', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.constant(null),
    fc.array(fc.string()),
  )
  const sent = fc.oneof(fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor'), value), value)
  fc.assert(
    fc.property(sent, fc.constantFrom('a', 'b', '__proto__', 'constructor'), (from, name) => {
      const form = asked(from)
      const text = form.text(name, { max: 10, label: 'the-field' })
      assert.equal(typeof text, 'string')
      assert.ok([...text].length <= 10)
      assert.doesNotMatch(text, /\p{Cc}/u)
      const whole = form.whole(name, { label: 'the-field', min: 1, max: 5 })
      assert.ok(whole === undefined || (whole >= 1 && whole <= 5))
    }),
  )
})

test('an amount is read to the cent, with point or comma, and never rounded', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999 }), fc.constantFrom('.', ','), (cents, point) => {
      const written = (cents / 100).toFixed(2).replace('.', point)
      assert.equal(asked({ amount: written }).cents('amount', 'the-field'), cents)
    }),
  )
  for (const amount of ['0', '-1', '1.234', '1e3', 'x', '1 000', '.5']) {
    const form = asked({ amount })
    assert.equal(form.cents('amount', 'the-field'), undefined, amount)
    assert.ok(form.problems.amount, amount)
  }
})

test('a day must be in the calendar', () => {
  assert.equal(asked({ day: '2028-02-29' }).day('day', 'the-field'), '2028-02-29')
  for (const day of ['2026-02-29', '2026-13-01', '26-01-01', '2026-1-1', 'tomorrow']) {
    const form = asked({ day })
    assert.equal(form.day('day', 'the-field'), undefined, day)
    assert.ok(form.problems.day, day)
  }
})
