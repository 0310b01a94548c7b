import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { givenUp, givenUpAt } from './put-back.ts'
import { reachOf } from './reach.ts'

/** When a library was put back, and to which second before. */
const pasts = fc
  .array(fc.record({ after: fc.integer({ min: 2, max: 9 }), back: fc.nat({ max: 99 }) }), { maxLength: 8 })
  .map((restores) => {
    let atMs = 0
    const all = restores.map(({ after, back }) => {
      atMs += after
      return { atMs, toMs: back % atMs }
    })
    // Nobody goes back to the very moment of a restore: which library that is, no clock can say.
    const isMoment = (ms: number) => all.some((each) => each.atMs === ms)
    return all.map(({ atMs: at, toMs }) => ({ atMs: at, toMs: isMoment(toMs) ? toMs - 1 : toMs }))
  })

test('given up is what the library, after all its restores, does not have', () => {
  fc.assert(
    fc.property(pasts, (restores) => {
      // The library as it stood at the end of each second, as the seconds that it has lived through.
      const stood: number[][] = []
      const endMs = (restores.at(-1)?.atMs ?? 0) + 3
      for (let ms = 0; ms < endMs; ms++) {
        const restored = restores.find(({ atMs }) => atMs === ms)
        stood.push([...((restored ? stood[restored.toMs] : stood[ms - 1]) ?? []), ms])
      }
      const spans = givenUp(restores)
      for (let ms = 0; ms < endMs; ms++) {
        assert.equal(givenUpAt(spans, ms) === undefined, stood.at(-1)?.includes(ms), `second ${ms}`)
      }
    }),
  )
})

test('what is told as reached is told once, and as given up only where it is', () => {
  fc.assert(
    fc.property(pasts, (restores) => {
      const spans = givenUp(restores)
      const reach = reachOf([{ fromMs: 0, untilMs: 100 }], spans)
      for (let ms = 0; ms < 100; ms++) {
        const told = reach.filter(({ fromMs, untilMs }) => fromMs <= ms && ms < untilMs)
        const isIn = spans.some(({ fromMs, untilMs }) => fromMs <= ms && ms < untilMs)
        assert.deepEqual(
          told.map(({ isGivenUp }) => isGivenUp),
          [isIn],
        )
      }
    }),
  )
})
