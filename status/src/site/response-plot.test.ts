import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { someResponses, writtenAt } from '../../test/site-fixtures.ts'
import { responsePlot, roundTop, timeText } from './response-plot.ts'
import { percentText } from './words.ts'

test('the scale ends at a round number that holds all that is shown', () => {
  assert.deepEqual([0.3, 3, 17, 43, 61, 100, 101, 3_200].map(roundTop), [0.4, 4, 20, 60, 80, 100, 200, 4_000])
  assert.deepEqual([0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(roundTop), [1, 1, 1, 1])
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1e7, noNaN: true }), (ms) => {
      assert.ok(roundTop(ms) >= ms && roundTop(ms) <= ms * 2.1)
    }),
  )
})

test('a time is told in the unit that suits it', () => {
  assert.deepEqual([0.25, 8, 84.4, 999, 1_240, 32_000].map(timeText), [
    '0.3 ms',
    '8 ms',
    '84 ms',
    '999 ms',
    '1.2 s',
    '32 s',
  ])
})

test('a gap in what was measured is a gap in both drawings, and one slice alone is a dot', () => {
  const gap = responsePlot(someResponses({ gap: true })).markup
  assert.equal(gap.match(/class="p50" d="([^"]+)"/)?.[1]?.match(/M/g)?.length, 2)
  assert.equal(gap.match(/class="p95" d="([^"]+)"/)?.[1]?.match(/M/g)?.length, 2)
  const dot = responsePlot([
    { at: writtenAt, p50Ms: null, p95Ms: null },
    { at: writtenAt, p50Ms: 5, p95Ms: 9 },
  ]).markup
  assert.match(dot, /class="p50" d="M288 \d+h0"/)
})

test('a path never leaves its drawing, whatever was measured', () => {
  const value = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }))
  fc.assert(
    fc.property(fc.array(fc.record({ p50Ms: value, p95Ms: value }), { maxLength: 96 }), (slices) => {
      const { markup } = responsePlot(slices.map((each) => ({ at: writtenAt, ...each })))
      assert.doesNotMatch(markup, /NaN|Infinity|undefined|null/)
      for (const [, path = ''] of markup.matchAll(/class="p50" d="([^"]*)"/g)) {
        let [x, y] = [0, 0]
        for (const [, kind, numbers = ''] of path.matchAll(/([Ml])([^Mlh]*)/g)) {
          const all = (numbers.match(/-?\d+/g) ?? []).map(Number)
          for (let at = 0; at + 1 < all.length; at += 2) {
            const [dx = 0, dy = 0] = [all[at], all[at + 1]]
            ;[x, y] = kind === 'M' ? [dx, dy] : [x + dx, y + dy]
            assert.ok(x >= 0 && x <= 288 && y >= 0 && y <= 60, `${x} ${y} of ${path}`)
          }
        }
      }
    }),
  )
})

test('a percent is never rounded up', () => {
  assert.deepEqual([100, 99.9999, 99.99, 98.96, 0, null].map(percentText), [
    '100 %',
    '99.999 %',
    '99.990 %',
    '98.9 %',
    '0.0 %',
    '–',
  ])
})
