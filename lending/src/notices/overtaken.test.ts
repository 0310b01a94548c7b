import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Facts, Kind } from './kinds.ts'
import { type Present, whyNotSent } from './overtaken.ts'

const present: Present = {
  today: '2026-03-02',
  loanIsOpen: true,
  dueOn: '2026-03-05',
  holdState: 'on-shelf',
  shelfUntil: '2026-03-09',
  cardExpiresOn: '2026-03-12',
  isWanted: true,
  ageMs: 60_000,
}
const facts: Readonly<Record<Kind, Facts>> = {
  'hold-ready': { title: 'Emma', until: '2026-03-09' },
  'hold-expired': { title: 'Emma' },
  'loan-receipt': { title: 'Emma', dueOn: '2026-03-05' },
  'return-receipt': { title: 'Emma' },
  'due-soon': { title: 'Emma', dueOn: '2026-03-05' },
  overdue: { title: 'Emma', dueOn: '2026-03-05' },
  'card-expiring': { expiresOn: '2026-03-12' },
}
const all = Object.keys(facts) as readonly Kind[]

test('what is true and fresh is sent', () => {
  for (const kind of all) assert.equal(whyNotSent(kind, facts[kind], present), undefined, kind)
})

test('what a patron does not want any more is not sent to them', () => {
  for (const kind of all)
    assert.deepEqual(whyNotSent(kind, facts[kind], { ...present, isWanted: false }), {
      state: 'void',
      because: 'not-wanted',
    })
})

test('nobody is told to fetch a book that is not on the hold shelf any more', () => {
  for (const holdState of ['waiting', 'in-transit', 'fulfilled', 'cancelled', 'expired', null]) {
    const why = whyNotSent('hold-ready', facts['hold-ready'], { ...present, holdState })
    assert.deepEqual(why, { state: 'void', because: 'hold-not-on-shelf' })
  }
  const late = whyNotSent('hold-ready', facts['hold-ready'], { ...present, today: '2026-03-10' })
  assert.deepEqual(late, { state: 'void', because: 'past' })
})

test('nobody is asked for a book that they returned, or told a due date that was moved', () => {
  for (const kind of ['due-soon', 'overdue'] as const) {
    const returned = whyNotSent(kind, facts[kind], { ...present, loanIsOpen: false })
    assert.deepEqual(returned, { state: 'void', because: 'returned' })
    const renewed = whyNotSent(kind, facts[kind], { ...present, dueOn: '2026-04-01' })
    assert.deepEqual(renewed, { state: 'void', because: 'due-date-moved' })
  }
})

test('“due soon” is not said after the day, nor “expires” of a card that was extended', () => {
  const past = { state: 'void', because: 'past' }
  assert.deepEqual(whyNotSent('due-soon', facts['due-soon'], { ...present, today: '2026-03-06' }), past)
  assert.equal(whyNotSent('due-soon', facts['due-soon'], { ...present, today: '2026-03-05' }), undefined)
  assert.deepEqual(
    whyNotSent('card-expiring', facts['card-expiring'], { ...present, today: '2026-03-13' }),
    past,
  )
  const extended = whyNotSent('card-expiring', facts['card-expiring'], {
    ...present,
    cardExpiresOn: '2027-03-12',
  })
  assert.deepEqual(extended, { state: 'void', because: 'card-extended' })
})

test('what is too old waits for a person, and is not thrown away', () => {
  const ageMs = 15 * 86_400_000
  for (const kind of all)
    assert.deepEqual(
      whyNotSent(kind, facts[kind], { ...present, ageMs }),
      { state: 'dead', because: 'stale' },
      kind,
    )
})
