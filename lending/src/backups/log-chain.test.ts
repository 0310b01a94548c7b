import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chainFrom } from './log-chain.ts'
import { endingsIn } from './log-endings.ts'
import { reachOf } from './reach.ts'
import { isOnWay, lsnOf, type Way, wayOf, wayWithin } from './timelines.ts'
import type { KeptSegment } from './wal-archive.ts'

const segmentBytes = 16 * 1024 * 1024
const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
/** The file of this number on a timeline; 256 of them have one number in the middle. */
const nameOf = (timeline: number, at: number) => hex(timeline) + hex(Math.floor(at / 256)) + hex(at % 256)
const kept = (...names: string[]): KeptSegment[] =>
  names.map((name) => ({ name, sha256: '', file: `${name}.zst` }))
const base = { startSegment: nameOf(1, 254), segmentBytes }
const named = (all: readonly KeptSegment[], way: Way) => {
  const { links, broken } = chainFrom(all, base, way)
  return { names: links.map(({ segment }) => segment.name), broken }
}

test('the log is followed over the end of a number as far as it is whole, and the first file that is missing is named', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 250, max: 270 })), (numbers) => {
      const { names, broken } = named(kept(...numbers.map((at) => nameOf(1, at))), wayWithin(1))
      let next = 254
      while (numbers.includes(next)) next += 1
      assert.deepEqual(
        names,
        Array.from({ length: next - 254 }, (_, more) => nameOf(1, 254 + more)),
      )
      const goesOn = numbers.some((at) => at > next)
      assert.deepEqual(broken, goesOn || next === 254 ? { name: nameOf(1, next), why: 'missing' } : null)
    }),
  )
})

test('a way goes from timeline to timeline where each was left; files of what was given up fill no gap', () => {
  const leftAt = 256n * BigInt(segmentBytes) + 4_096n
  const way = wayOf(`1\t1/${(4_096).toString(16)}\tbefore 2026-03-02 10:15:00+00\n`, 2)
  assert.deepEqual(way, [
    { timeline: 1, leftAt },
    { timeline: 2, leftAt: null },
  ])
  const old = [254, 255, 256, 257, 258].map((at) => nameOf(1, at))
  assert.deepEqual(named(kept(...old, nameOf(2, 256), nameOf(2, 257)), way), {
    names: [...old.slice(0, 2), nameOf(2, 256), nameOf(2, 257)],
    broken: null,
  })
  assert.deepEqual(chainFrom(kept(...old, nameOf(2, 257)), base, way), {
    links: kept(...old.slice(0, 3)).map((segment, at) => ({ segment, before: at === 2 ? leftAt : null })),
    broken: { name: nameOf(2, 256), why: 'missing' },
  })
  assert.ok(isOnWay(way, { timeline: 1, lsn: leftAt }))
  assert.ok(!isOnWay(way, { timeline: 1, lsn: leftAt + 1n }), 'it was given up')
  assert.ok(isOnWay(way, { timeline: 2, lsn: lsnOf('1/2000') }))
})

test('stretches that touch are told as one, and nothing between others is', () => {
  const spans = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -3, max: 10 }))
      .map(([fromMs, length]) => ({ fromMs, untilMs: fromMs + length })),
  )
  fc.assert(
    fc.property(spans, (stretches) => {
      const reach = reachOf(stretches, [])
      const isIn = (all: typeof stretches, ms: number) =>
        all.some(({ fromMs, untilMs }) => fromMs <= ms && ms < untilMs)
      for (let ms = -1; ms < 65; ms++) assert.equal(isIn([...reach], ms), isIn(stretches, ms), String(ms))
      for (const [at, { fromMs }] of reach.entries())
        assert.ok(at === 0 || fromMs > (reach[at - 1]?.untilMs ?? 0))
    }),
  )
})

test('what is no log has no transactions', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
      assert.deepEqual(endingsIn(Buffer.from(bytes)), [])
    }),
  )
})
