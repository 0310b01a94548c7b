import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Verdict } from '../summary.ts'
import { type Outcome, type Rules, type Sample, standingOf } from './standing.ts'
import { toldOf } from './told.ts'
import { agreed, overall, uptimePercent, verdictOf, worse } from './verdict.ts'

const rules: Rules = { downAfter: 3, upAfter: 2, flapsMost: 4, freshMs: 120_000 }
const everyMs = 30_000

/** Samples at an even pace, the last of them now. */
function course(outcomes: readonly Outcome[], now = 1_000_000_000): Sample[] {
  return outcomes.map((outcome, index) => ({
    at: now - (outcomes.length - 1 - index) * everyMs,
    outcome,
    detail: outcome === 'failed' ? 'It gives no answer.' : '',
  }))
}
const stands = (outcomes: readonly Outcome[], with_: Partial<Rules> = {}) =>
  standingOf(course(outcomes), { ...rules, ...with_ }, 1_000_000_000).standing
const outcome = fc.constantFrom<Outcome>('ok', 'slow', 'failed', 'unknown')
const outcomes = fc.array(outcome, { maxLength: 60 })
const times = fc.array(fc.record({ afterMs: fc.integer({ min: -200_000, max: 400_000 }), outcome }), {
  maxLength: 60,
})

test('nothing measured is unknown, never green', () => {
  assert.equal(stands([]), 'unknown')
  assert.equal(stands(['unknown', 'unknown']), 'unknown')
  assert.deepEqual(verdictOf([], { probers: 1, inMaintenance: false }).verdict, 'unknown')
  assert.equal(overall([]), 'unknown')
})

test('whatever was heard and whenever, up and slow have a success that is fresh', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: -500_000, max: 500_000 }), (steps, laterMs) => {
      let at = 1_000_000_000
      const samples = steps.map((step) => {
        at += step.afterMs
        return { at, outcome: step.outcome, detail: 'x' }
      })
      const now = at + laterMs
      const { standing } = standingOf(samples, rules, now)
      const fresh = samples.filter((sample) => Math.abs(now - sample.at) <= rules.freshMs)
      if (standing === 'up' || standing === 'slow') {
        assert.ok(fresh.some((sample) => sample.outcome === 'ok' || sample.outcome === 'slow'))
      }
      if (standing === 'down') assert.ok(fresh.some((sample) => sample.outcome === 'failed'))
      assert.deepEqual(standingOf(samples, rules, now).standing, standing)
    }),
  )
})

test('one more failure never makes it better, one more good answer never makes it down', () => {
  const badness = { up: 0, slow: 1, down: 2 }
  fc.assert(
    fc.property(outcomes, (heard) => {
      const before = stands(heard)
      const after = stands([...heard, 'failed'])
      if (before !== 'unknown' && after !== 'unknown') assert.ok(badness[after] >= badness[before])
      if (before !== 'down') assert.notEqual(stands([...heard, 'ok']), 'down')
    }),
  )
})

test('whatever came before, so many failures are down, and so many good answers are not', () => {
  fc.assert(
    fc.property(outcomes, (heard) => {
      assert.equal(stands([...heard, 'failed', 'failed', 'failed']), 'down')
      assert.notEqual(stands([...heard, 'ok', 'ok']), 'down')
      assert.notEqual(stands([...heard, 'ok', 'ok']), 'unknown')
      assert.equal(stands([...heard, 'ok', 'ok'], { flapsMost: 1_000 }), 'up')
    }),
  )
})

test('fewer failures than the rule change nothing, and what we did not learn changes nothing', () => {
  assert.equal(stands(['ok', 'ok', 'failed', 'failed']), 'up')
  assert.equal(stands(['ok', 'failed', 'failed', 'ok', 'failed', 'failed']), 'up')
  assert.equal(stands(['failed', 'failed', 'failed', 'ok']), 'down')
  assert.equal(stands(['ok', 'failed', 'unknown', 'failed', 'unknown']), 'up')
  assert.equal(stands(['slow', 'slow']), 'up')
  assert.equal(stands(['slow', 'slow', 'slow']), 'slow')
})

test('what comes and goes is held as degraded', () => {
  const down: Outcome[] = ['failed', 'failed', 'failed', 'ok', 'ok']
  assert.equal(stands(['ok', ...down]), 'up')
  assert.equal(stands(['ok', ...down, ...down]), 'slow')
})

test('after a hole nothing is known, but what was down and fails again is down at once', () => {
  const now = 1_000_000_000
  const hole = (last: Outcome, first: Outcome) => [
    ...course([last, last, last], now - 3_600_000),
    { at: now, outcome: first, detail: '' },
  ]
  assert.equal(standingOf(hole('failed', 'failed'), rules, now).standing, 'down')
  assert.equal(standingOf(hole('ok', 'failed'), rules, now).standing, 'unknown')
  assert.equal(standingOf(hole('failed', 'ok'), rules, now).standing, 'up')
})

test('a clock that goes back makes no hole', () => {
  const samples = [...course(['ok', 'ok'], 1_000_000_000), ...course(['ok'], 996_400_000)]
  assert.equal(standingOf(samples, rules, 996_400_000).standing, 'up')
})

const saying = (...standings: ('up' | 'slow' | 'down' | 'unknown')[]) => ({
  probe: 'search',
  seen: standings.map((standing) => ({ standing, detail: 'It gives no answer.' })),
})

test('down needs a majority of the probers that are heard', () => {
  assert.equal(agreed(saying('down'), 1).standing, 'down')
  assert.equal(agreed(saying('down', 'up'), 2).standing, 'slow')
  assert.equal(agreed(saying('down', 'down', 'up'), 3).standing, 'down')
  assert.equal(agreed(saying('down', 'down', 'unknown'), 3).standing, 'down')
  assert.equal(agreed(saying('down', 'unknown', 'unknown'), 3).standing, 'unknown')
  assert.equal(agreed(saying('up', 'unknown', 'unknown'), 3).standing, 'up')
})

test('a component is as its probes are', () => {
  const of = (...asked: ReturnType<typeof saying>[]) => verdictOf(asked, { probers: 1, inMaintenance: false })
  assert.equal(of(saying('up'), saying('up')).verdict, 'operational')
  assert.deepEqual(of(saying('up'), saying('down')), {
    verdict: 'partial-outage',
    because: '1 of 2 probes fail: It gives no answer.',
  })
  assert.equal(of(saying('down')).verdict, 'major-outage')
  assert.equal(of(saying('up'), saying('unknown')).verdict, 'unknown')
  assert.equal(of(saying('unknown'), saying('down')).verdict, 'partial-outage')
  assert.equal(of(saying('slow'), saying('up')).verdict, 'degraded')
  assert.equal(verdictOf([saying('down')], { probers: 1, inMaintenance: true }).verdict, 'maintenance')
})

const verdicts: readonly Verdict[] = [
  'operational',
  'degraded',
  'partial-outage',
  'major-outage',
  'unknown',
  'maintenance',
]

test('a page is operational only when each component is', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...verdicts), { minLength: 1 }), (all) => {
      assert.equal(
        overall(all) === 'operational',
        all.every((each) => each === 'operational'),
      )
      assert.ok(all.includes(overall(all)))
    }),
  )
})

test('an open incident makes what it names worse, never better, and never green', () => {
  const incident = fc.record({
    id: fc.constant('a'),
    title: fc.constant('Slow'),
    impact: fc.constantFrom('minor' as const, 'major' as const, 'critical' as const),
    state: fc.constantFrom(
      'investigating' as const,
      'identified' as const,
      'monitoring' as const,
      'resolved' as const,
    ),
    openedAt: fc.constant(''),
    resolvedAt: fc.constant(null),
    components: fc.constant([]),
    updates: fc.constant([]),
  })
  fc.assert(
    fc.property(fc.constantFrom(...verdicts), fc.array(incident, { maxLength: 4 }), (verdict, named) => {
      const told = toldOf({ verdict, because: 'measured' }, named)
      const isOpen = named.some(({ state }) => state !== 'resolved')
      assert.equal(worse(told.verdict, verdict), told.verdict)
      if (isOpen) assert.notEqual(told.verdict, 'operational')
      else assert.deepEqual(told, { verdict, because: 'measured' })
      if (told.verdict !== verdict) assert.equal(told.because, 'An incident is open: Slow')
    }),
  )
})

test('uptime is of measured time only', () => {
  assert.equal(uptimePercent({ goodMs: 0, partialMs: 0, majorMs: 0 }), null)
  assert.equal(uptimePercent({ goodMs: 75, partialMs: 0, majorMs: 25 }), 75)
  assert.equal(uptimePercent({ goodMs: 90, partialMs: 10, majorMs: 0 }), 97)
})
