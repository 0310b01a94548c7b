import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { provenAgeMs, unseenHoursMax } from './proven-age.ts'
import type { Sighting } from './run-record.ts'

const hourMs = 3_600_000
const looked = (wallHours: number, boot: string, uptimeHours: number): Sighting => ({
  at: new Date(1_750_000_000_000 + wallHours * hourMs).toISOString(),
  boot,
  uptimeMs: uptimeHours * hourMs,
})
const hours = (...sightings: Sighting[]) => Math.round(provenAgeMs(sightings) / hourMs)

test('while the machine runs, age is what it ran, whatever the clock says', () => {
  assert.equal(hours(looked(0, 'a', 5), looked(100, 'a', 105)), 100)
  assert.equal(hours(looked(0, 'a', 5), looked(900, 'a', 6)), 1)
  assert.equal(hours(looked(0, 'a', 5), looked(-900, 'a', 105)), 0)
})

test('over a restart it is what the clock says, but never more than a day and a half', () => {
  assert.equal(hours(looked(0, 'a', 5), looked(10, 'b', 1)), 10)
  assert.equal(hours(looked(0, 'a', 5), looked(9_000, 'b', 1)), unseenHoursMax)
  assert.equal(hours(looked(0, 'a', 5), looked(-9_000, 'b', 1)), 0)
})

test('what was seen never or once has no age, and what cannot be read as a time adds none', () => {
  assert.equal(hours(), 0)
  assert.equal(hours(looked(0, 'a', 5)), 0)
  assert.equal(hours({ at: 'never', boot: 'a', uptimeMs: 0 }, looked(9, 'a', 5)), 0)
})

test('age is never less than nothing, and never more than the machine ran and a day and a half for each restart', () => {
  const sighting = fc.record({
    wall: fc.integer({ min: -1e6, max: 1e6 }),
    boot: fc.constantFrom('a', 'b', 'c'),
    up: fc.nat({ max: 1e5 }),
  })
  fc.assert(
    fc.property(fc.array(sighting), (given) => {
      const sightings = given.map(({ wall, boot, up }) => looked(wall, boot, up))
      const most = given.reduce((sum, { boot, up }, at) => {
        const before = given[at - 1]
        if (!before) return sum
        return sum + (before.boot === boot ? Math.max(0, up - before.up) : unseenHoursMax)
      }, 0)
      const age = provenAgeMs(sightings) / hourMs
      assert.ok(age >= 0 && age <= most + 1e-9)
    }),
  )
})
