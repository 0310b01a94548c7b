import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cardLook, cardNumber } from './card.ts'

const serial = fc.integer({ min: 0, max: 99_999_999_999 })

test('a card of ours has 14 digits, and its serial number back', () => {
  assert.equal(cardNumber(0), '29000000000007')
  fc.assert(
    fc.property(serial, (n) => {
      const card = cardNumber(n)
      assert.match(card, /^29\d{12}$/)
      assert.equal(Number(card.slice(2, 13)), n)
      assert.equal(cardLook(card), 'ours')
    }),
  )
})

test('every single digit read wrong is noticed', () => {
  fc.assert(
    fc.property(
      serial,
      fc.integer({ min: 2, max: 13 }),
      fc.integer({ min: 1, max: 9 }),
      (n, place, shift) => {
        const card = cardNumber(n)
        const wrong = String((Number(card[place]) + shift) % 10)
        assert.equal(cardLook(card.slice(0, place) + wrong + card.slice(place + 1)), 'misread')
      },
    ),
  )
})

test('two neighbours that changed places are noticed, but 09 and 90', () => {
  fc.assert(
    fc.property(serial, fc.integer({ min: 2, max: 12 }), (n, place) => {
      const card = cardNumber(n)
      const pair = card.slice(place, place + 2)
      const swapped = `${card.slice(0, place)}${pair[1]}${pair[0]}${card.slice(place + 2)}`
      const unseen = pair[0] === pair[1] || pair === '09' || pair === '90'
      assert.equal(cardLook(swapped), unseen ? 'ours' : 'misread')
    }),
  )
})

test('a card of another library is accepted as it is', () => {
  for (const card of [
    '',
    'K-1',
    '4711',
    '21234000000005',
    '２９０００００００００００３',
    '290000000000030',
  ]) {
    assert.equal(cardLook(card), 'foreign')
  }
})

test('a serial number that does not fit is a mistake in the code', () => {
  for (const n of [-1, 1.5, 100_000_000_000, Number.NaN]) assert.throws(() => cardNumber(n), RangeError)
})
