import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import fc from 'fast-check'
import { noon, scratch } from '../../test/scratch.ts'
import { lock } from '../publish/lock.ts'
import { countTime, daysOf } from './days.ts'
import { changed, revision } from './facts.ts'
import { keepSample, latestSamples, samplesLookedAt } from './samples.ts'
import { closeSlices, responsesOf } from './slices.ts'
import { openStore } from './store.ts'
import { keptMs, tidy } from './tidy.ts'

const hourMs = 3_600_000
const found = {
  component: 'search',
  probe: 'page',
  prober: 'here',
  outcome: 'ok',
  latencyMs: 10,
  detail: '',
} as const

test('a database of a newer version is refused and left as it is', () => {
  using at = scratch()
  at.store[Symbol.dispose]()
  const db = new DatabaseSync(join(at.config.data, 'status.sqlite'))
  db.exec('pragma user_version = 99')
  db.close()
  assert.throws(() => openStore(at.config.data), { code: 'STATUS_STORE_NEWER' })
  assert.deepEqual(
    readdirSync(at.config.data).filter((name) => name.includes('damaged')),
    [],
  )
})

test('a damaged database is set aside whole', () => {
  using at = scratch()
  at.store[Symbol.dispose]()
  writeFileSync(
    join(at.config.data, 'status.sqlite'),
    'this is no database, and longer than its head of a hundred bytes '.repeat(20),
  )
  using again = openStore(at.config.data, { nowMs: noon })
  assert.match(again.setAside ?? '', /damaged-2026-11-29T12-00-00/)
  assert.equal(revision(again), 0)
})

test('beside a daemon that lives a damaged database is not taken away from under it', () => {
  using at = scratch()
  at.store[Symbol.dispose]()
  writeFileSync(
    join(at.config.data, 'status.sqlite'),
    'this is no database, and longer than its head '.repeat(20),
  )
  {
    using daemon = lock(at.config.data, 'daemon')
    assert.ok(daemon)
    assert.throws(() => openStore(at.config.data), { code: 'STATUS_STORE_DAMAGED' })
    assert.deepEqual(
      readdirSync(at.config.data).filter((name) => name.includes('damaged')),
      [],
    )
  }
  using again = openStore(at.config.data)
  assert.ok(again.setAside)
})

test('nobody but its owner reads the database', () => {
  using at = scratch()
  changed(at.store)
  for (const name of readdirSync(at.config.data)) {
    assert.equal(statSync(join(at.config.data, name)).mode & 0o077, 0, name)
  }
})

test('what fails in the middle leaves nothing', () => {
  using at = scratch()
  assert.throws(() =>
    at.store.atomically(() => {
      changed(at.store)
      throw new Error('cut')
    }),
  )
  assert.equal(revision(at.store), 0)
})

test('a verdict looks back on so many samples, in the order in which they were heard', () => {
  using at = scratch()
  for (let index = 0; index < samplesLookedAt + 5; index++)
    keepSample(at.store, { ...found, at: noon - index })
  const latest = latestSamples(at.store, found)
  assert.equal(latest.length, samplesLookedAt)
  assert.equal(latest.at(-1)?.at, noon - samplesLookedAt - 4)
})

test('time is counted to the days that it lies in, each millisecond once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 * hourMs }), { maxLength: 8 }), (lengths) => {
      using at = scratch()
      const total = lengths.reduce((sum, each) => sum + each, 0)
      let from = noon - total
      for (const ms of lengths) {
        countTime(at.store, { component: 'search', verdict: 'major-outage', from, to: from + ms })
        from += ms
      }
      const { days } = daysOf(at.store, 'search', noon)
      assert.equal(days.length, 90)
      assert.equal(days.at(-1)?.day, '2026-11-29')
      assert.equal(
        days.reduce((sum, day) => sum + day.majorMs, 0),
        total,
      )
      for (const [index, day] of days.entries()) {
        const elapsedMs = index === 89 ? noon - Date.parse('2026-11-29') : 24 * hourMs
        assert.equal(day.majorMs + day.unknownMs, elapsedMs)
      }
    }),
    { numRuns: 15 },
  )
})

test('response times are told by the quarter of an hour, worked out once', () => {
  using at = scratch()
  for (const [minutes, latencyMs] of [
    [-20, 100],
    [-19, 200],
    [-18, 900],
    [1, 50],
  ] as const) {
    keepSample(at.store, { ...found, at: noon + minutes * 60_000, latencyMs })
  }
  keepSample(at.store, { ...found, at: noon - 18 * 60_000, latencyMs: 5_000, outcome: 'failed' })
  const now = noon + 2 * 60_000
  closeSlices(at.store, ['search'], now)
  at.store.run('delete from sample where at < ?', [noon])
  closeSlices(at.store, ['search'], now)
  const responses = responsesOf(at.store, 'search', now)
  assert.equal(responses.length, 96)
  assert.deepEqual(responses.slice(-3), [
    { at: '2026-11-29T11:30:00.000Z', p50Ms: 200, p95Ms: 900 },
    { at: '2026-11-29T11:45:00.000Z', p50Ms: null, p95Ms: null },
    { at: '2026-11-29T12:00:00.000Z', p50Ms: 50, p95Ms: 50 },
  ])
})

test('old rows go, and those of a clock that was far ahead', () => {
  using at = scratch()
  for (const ms of [-keptMs.samples - 1, -hourMs, keptMs.samples * 2])
    keepSample(at.store, { ...found, at: noon + ms })
  tidy(at.store, noon)
  assert.deepEqual(
    latestSamples(at.store, found).map((sample) => sample.at),
    [noon - hourMs],
  )
})
