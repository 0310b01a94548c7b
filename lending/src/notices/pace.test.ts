import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { triesMax, waitMs } from './backoff.ts'
import { afterTry, type Going, goingWell, mayTry } from './outage.ts'
import { type Allowance, allowanceAt, lettersPerSecond, probeAfterMs } from './ramp.ts'

const dayMs = 86_400_000
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a wait lies between nothing and a limit that doubles, and is never over half a day', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), chance, (tries, at) => {
      const waited = waitMs({ tries, chance: at })
      const limit = waitMs({ tries, chance: 1 })
      assert.ok(waited >= 0 && waited <= limit && limit <= dayMs / 2)
      assert.ok(waitMs({ tries: tries + 1, chance: 1 }) >= limit)
      assert.equal(waitMs({ tries, chance: 0 }), 0)
    }),
  )
})

test('a wait that the service asked for is kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), chance, fc.nat(dayMs / 2), (tries, at, askedMs) => {
      assert.ok(waitMs({ tries, chance: at, askedMs }) >= askedMs)
    }),
  )
})

test('all tries of a letter lie within two days', () => {
  let sum = 0
  for (let tries = 1; tries < triesMax; tries++) sum += waitMs({ tries, chance: 1 })
  assert.ok(sum <= 2 * dayMs)
  assert.ok(sum >= dayMs)
})

test('the pace begins with one letter a second, doubles, and keeps to its most', () => {
  assert.equal(lettersPerSecond(0, 20), 1)
  fc.assert(
    fc.property(
      fc.nat(10 * dayMs),
      fc.nat(600_000),
      fc.integer({ min: 1, max: 1_000 }),
      (since, later, most) => {
        const pace = lettersPerSecond(since, most)
        assert.ok(pace >= 1 && pace <= most)
        const after = lettersPerSecond(since + later, most)
        assert.ok(after >= pace && after <= pace * 2 ** Math.ceil(later / 10_000))
      },
    ),
  )
})

test('however one looks, no more goes out in a time than the pace and one second’s worth', () => {
  const looks = fc.array(fc.record({ afterMs: fc.nat(5_000), wants: fc.nat(100) }), { maxLength: 50 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), looks, (perSecond, all) => {
      let allowance: Allowance = { letters: 1, at: 0 }
      let [now, sent] = [0, 0]
      for (const { afterMs, wants } of all) {
        now += afterMs
        allowance = allowanceAt(allowance, { now, perSecond })
        assert.ok(allowance.letters <= Math.max(1, perSecond), 'no rush after a pause')
        const goes = Math.min(wants, Math.floor(allowance.letters))
        allowance = { ...allowance, letters: allowance.letters - goes }
        sent += goes
        assert.ok(allowance.letters >= 0)
        assert.ok(sent <= (now / 1_000) * perSecond + Math.max(1, perSecond))
      }
    }),
  )
})

test('a service that is away is asked ever more seldom, and once a minute at least', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), (failures) => {
      assert.ok(probeAfterMs(failures + 1) >= probeAfterMs(failures))
      assert.ok(probeAfterMs(failures) >= 1_000 && probeAfterMs(failures) <= 60_000)
    }),
  )
})

test('whatever came before, one letter that is taken ends an outage', () => {
  const outcomes = fc.array(fc.constantFrom('sent', 'refused', 'unavailable', 'put-off', 'unknown'), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(outcomes, (all) => {
      let going: Going = goingWell
      for (const [at, outcome] of all.entries()) going = afterTry(going, { id: String(at), outcome }, at)
      going = afterTry(going, { id: 'last', outcome: 'sent' }, 1_000)
      assert.equal(going.state, 'well')
      assert.ok(mayTry(going, 1_000))
    }),
  )
})

test('one letter alone never stops the others; five that are put off, or whose outcome is unknown, do', () => {
  for (const outcome of ['unknown', 'put-off'] as const) {
    let going: Going = goingWell
    for (let times = 0; times < 100; times++) going = afterTry(going, { id: 'same', outcome }, times)
    assert.equal(going.state, 'well')
    for (const id of ['a', 'b', 'c', 'd']) going = afterTry(going, { id, outcome }, 100)
    assert.equal(going.state, 'away')
    assert.equal(mayTry(going, 100), false)
  }
})
