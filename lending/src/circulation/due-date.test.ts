import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DueDate, dueAt } from './due-date.ts'
import { addDays, isClosedOn, localDay } from './open-days.ts'

const zones = [
  'Pacific/Pago_Pago', // -11
  'America/Los_Angeles',
  'America/Santiago', // Clocks change at midnight.
  'America/St_Johns', // -3:30
  'UTC',
  'Europe/Berlin',
  'Asia/Kathmandu', // +5:45
  'Australia/Lord_Howe', // Half an hour of summer time.
  'Pacific/Kiritimati', // +14
]

const day = fc
  .date({ min: new Date('2024-01-01T00:00:00Z'), max: new Date('2028-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const loans: fc.Arbitrary<DueDate> = fc.record({
  rule: fc.record({ loanDays: fc.integer({ min: 1, max: 400 }) }),
  lentAt: fc.date({
    min: new Date('2024-01-01T00:00:00Z'),
    max: new Date('2028-01-01T00:00:00Z'),
    noInvalidDate: true,
  }),
  timeZone: fc.constantFrom(...zones),
  closedWeekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { maxLength: 6 }),
  closedDays: fc.uniqueArray(day, { maxLength: 60 }),
  patronExpiresOn: day,
})

const dueDayOf = (loan: DueDate): string => localDay(dueAt(loan), loan.timeZone)

test('nothing is due on a day that the branch is closed', () => {
  fc.assert(fc.property(loans, (loan) => assert.ok(!isClosedOn(dueDayOf(loan), loan))))
})

test('nothing is due before it is lent', () => {
  fc.assert(
    fc.property(loans, (loan) => {
      assert.ok(dueAt(loan) >= loan.lentAt)
      assert.ok(dueDayOf(loan) >= localDay(loan.lentAt, loan.timeZone))
    }),
  )
})

test('nothing is due after the card has ended, if the card leaves an open day at all', () => {
  fc.assert(
    fc.property(loans, (loan) => {
      const lentDay = localDay(loan.lentAt, loan.timeZone)
      let leavesAnOpenDay = false
      for (let each = lentDay; each <= loan.patronExpiresOn; each = addDays(each, 1))
        leavesAnOpenDay ||= !isClosedOn(each, loan)
      if (leavesAnOpenDay) assert.ok(dueDayOf(loan) <= loan.patronExpiresOn)
    }),
  )
})

test('more loan days never make a loan shorter', () => {
  fc.assert(
    fc.property(loans, fc.nat({ max: 100 }), (loan, more) => {
      const longer = { ...loan, rule: { loanDays: loan.rule.loanDays + more } }
      assert.ok(dueAt(longer) >= dueAt(loan))
    }),
  )
})

test('a loan is due in the last second of a day at the branch, in any zone and over any change of clocks', () => {
  fc.assert(
    fc.property(loans, (loan) => {
      const due = dueAt(loan)
      const next = new Date(due.getTime() + 1_000)
      assert.equal(localDay(next, loan.timeZone), addDays(dueDayOf(loan), 1))
    }),
  )
})

const berlin = {
  timeZone: 'Europe/Berlin',
  closedWeekdays: [7],
  closedDays: ['2026-04-06'],
  patronExpiresOn: '2030-01-01',
}

test('28 days over the start of summer time end at 23:59:59 of the summer', () => {
  const due = dueAt({ ...berlin, rule: { loanDays: 28 }, lentAt: new Date('2026-03-02T11:00:00Z') })
  assert.equal(due.toISOString(), '2026-03-30T21:59:59.000Z')
})

test('a Sunday and the holiday after it are passed over', () => {
  const due = dueAt({ ...berlin, rule: { loanDays: 6 }, lentAt: new Date('2026-03-30T10:00:00Z') })
  assert.equal(due.toISOString(), '2026-04-07T21:59:59.000Z')
})

test('the day of lending is the day at the branch, not in Greenwich', () => {
  const lentAt = new Date('2026-06-30T11:00:00Z')
  const due = (timeZone: string) =>
    localDay(dueAt({ ...berlin, timeZone, rule: { loanDays: 1 }, lentAt }), timeZone)
  assert.equal(due('Pacific/Kiritimati'), '2026-07-02')
  assert.equal(due('Pacific/Pago_Pago'), '2026-07-01')
})

test('a card that ends on a closed day makes the loan due on the open day before', () => {
  const due = dueAt({
    ...berlin,
    rule: { loanDays: 28 },
    lentAt: new Date('2026-03-30T10:00:00Z'),
    patronExpiresOn: '2026-04-06',
  })
  assert.equal(due.toISOString(), '2026-04-04T21:59:59.000Z')
})

test('a card that was over already does not pull the due date into the past', () => {
  const due = dueAt({
    ...berlin,
    rule: { loanDays: 7 },
    lentAt: new Date('2026-05-04T10:00:00Z'),
    patronExpiresOn: '2026-04-30',
  })
  assert.equal(due.toISOString(), '2026-05-11T21:59:59.000Z')
})

test('an evening that clocks live twice ends with its second end', () => {
  const due = dueAt({
    ...berlin,
    timeZone: 'America/Santiago',
    rule: { loanDays: 1 },
    closedWeekdays: [],
    lentAt: new Date('2026-04-03T15:00:00Z'),
  })
  assert.equal(due.toISOString(), '2026-04-05T03:59:59.000Z')
})
