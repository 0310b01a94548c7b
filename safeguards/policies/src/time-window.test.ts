import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { timeWindow, windowParts } from './time-window.ts'

const windowMs = 1_000

test('nothing older than the window counts, and all counts that is newer than nine tenths of it', () => {
  const happening = fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    isHeard: fc.boolean(),
    isFailed: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60, size: 'max' }), (happenings) => {
      const window = timeWindow(windowMs)
      const all: { at: number; isFailed: boolean }[] = []
      let now = 0
      for (const { afterMs, isHeard, isFailed } of happenings) {
        now += afterMs
        if (isHeard) window.add(now, isFailed)
        if (isHeard) all.push({ at: now, isFailed })
        const newerThan = (ms: number) => all.filter(({ at }) => now - at < ms)
        const failedOf = (some: typeof all) => some.filter((one) => one.isFailed).length
        const { calls, failed } = window.sum(now)
        const [sure, possible] = [newerThan(windowMs * (1 - 1 / windowParts)), newerThan(windowMs)]
        assert.ok(sure.length <= calls && calls <= possible.length)
        assert.ok(failedOf(sure) <= failed && failed <= failedOf(possible))
      }
      window.empty()
      assert.deepEqual(window.sum(now), { calls: 0, failed: 0 })
    }),
  )
})
