import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fineCents, type Overdue } from './fine.ts'

const hourMs = 3_600_000
const overdues: fc.Arbitrary<Overdue> = fc.record({
  rule: fc.record({
    fineCentsPerDay: fc.nat({ max: 500 }),
    graceDays: fc.nat({ max: 20 }),
    fineCapCents: fc.nat({ max: 5_000 }),
  }),
  dueAt: fc.date({
    min: new Date('2025-01-01T00:00:00Z'),
    max: new Date('2027-01-01T00:00:00Z'),
    noInvalidDate: true,
  }),
  returnedAt: fc.date({
    min: new Date('2025-01-01T00:00:00Z'),
    max: new Date('2027-06-01T00:00:00Z'),
    noInvalidDate: true,
  }),
  timeZone: fc.constantFrom('Pacific/Pago_Pago', 'UTC', 'Europe/Berlin', 'Pacific/Kiritimati'),
  closedWeekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { maxLength: 6 }),
  closedDays: fc.constant([]),
})

test('a fine is a whole number of cents, never below zero and never above the cap', () => {
  fc.assert(
    fc.property(overdues, (overdue) => {
      const cents = fineCents(overdue)
      assert.ok(Number.isSafeInteger(cents) && cents >= 0 && cents <= overdue.rule.fineCapCents)
    }),
  )
})

test('what comes back in time, or within the grace days, costs nothing', () => {
  fc.assert(
    fc.property(overdues, fc.nat({ max: 20 * 24 }), (overdue, lateHours) => {
      const graceDays = Math.ceil(lateHours / 24) + 1
      const returnedAt = new Date(overdue.dueAt.getTime() + lateHours * hourMs)
      assert.equal(fineCents({ ...overdue, returnedAt, rule: { ...overdue.rule, graceDays } }), 0)
      assert.equal(fineCents({ ...overdue, returnedAt: overdue.dueAt }), 0)
    }),
  )
})

test('later never costs less', () => {
  fc.assert(
    fc.property(overdues, fc.nat({ max: 2_000 }), (overdue, hours) => {
      const later = new Date(overdue.returnedAt.getTime() + hours * hourMs)
      assert.ok(fineCents({ ...overdue, returnedAt: later }) >= fineCents(overdue))
    }),
  )
})

const late: Overdue = {
  rule: { fineCentsPerDay: 20, graceDays: 2, fineCapCents: 500 },
  dueAt: new Date('2026-03-06T22:59:59Z'),
  returnedAt: new Date('2026-03-10T09:00:00Z'),
  timeZone: 'Europe/Berlin',
  closedWeekdays: [7],
  closedDays: [],
}

test('days that the branch was closed cost nothing', () => {
  // Friday to Tuesday: Saturday, Monday and Tuesday count, Sunday does not.
  assert.equal(fineCents(late), 60)
  assert.equal(fineCents({ ...late, closedDays: ['2026-03-09'] }), 0)
})

test('past the grace days every day counts, up to the cap', () => {
  assert.equal(fineCents({ ...late, rule: { ...late.rule, graceDays: 3 } }), 0)
  assert.equal(fineCents({ ...late, rule: { ...late.rule, fineCapCents: 50 } }), 50)
  assert.equal(fineCents({ ...late, returnedAt: new Date('9999-01-01T00:00:00Z') }), 500)
})
