import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BreakerState, type Heard, newBreaker } from './breaker.ts'
import { windowParts } from './time-window.ts'

const rule = {
  windowMs: 1_000,
  callsMin: 5,
  failedPercent: 50,
  openMs: 500,
  probes: 3,
  rampMs: 1_000,
}
const atOnceMax = 20

/** A closed breaker, its clock, what is under way, and all that it has told of itself. */
function bench() {
  const states: BreakerState['is'][] = []
  const breaker = newBreaker(rule, { atOnceMax, onChange: ({ is }) => states.push(is) })
  return { breaker, states, out: [] as number[], now: 0 }
}

type Step =
  | { readonly do: 'ask' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'end'; readonly nth: number; readonly heard: Heard }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 700 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      nth: fc.oneof(fc.nat(2), fc.nat(100)), // Mostly one of the newest, which the probes are.
      heard: fc.constantFrom<Heard>('good', 'bad', 'bad', 'ignored'),
    }),
  },
)

/** Takes one of those under way out, counted from the newest. */
function taken(out: number[], nth: number): number {
  return out.splice(out.length - 1 - (nth % out.length), 1)[0] ?? assert.fail('none is under way')
}

test('it opens when enough of the calls of the window failed, and never else', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const { breaker, out, ...at } = bench()
      let heard: { at: number; isBad: boolean }[] = []
      for (const each of steps) {
        if (each.do === 'pass') at.now += each.ms
        if (each.do === 'ask') {
          const answer = breaker.ask(at.now, out.length)
          if (typeof answer === 'object') out.push(answer.go)
        }
        if (each.do !== 'end' || out.length === 0) continue
        const before = breaker.state().is
        breaker.hear(taken(out, each.nth), each.heard, at.now)
        const after = breaker.state().is
        if (after === 'open') out.length = 0 // What is still under way is not heard; that is a law of its own.
        if (before === 'half-open') heard = []
        if (before !== 'closed' && before !== 'ramping') continue
        if (each.heard !== 'ignored') heard.push({ at: at.now, isBad: each.heard === 'bad' })
        const partMs = rule.windowMs / windowParts
        const oldest = (Math.floor(at.now / partMs) - windowParts + 1) * partMs
        assert.ok(oldest > at.now - rule.windowMs)
        const window = heard.filter((one) => one.at >= oldest)
        const failed = window.filter((one) => one.isBad).length
        const shall = each.heard === 'bad' && window.length >= rule.callsMin && failed * 2 >= window.length
        assert.equal(after === 'open', shall)
        if (after === 'open') heard = []
      }
    }),
    { numRuns: 500 },
  )
})

test('open lets nobody through; half-open no more than the probes; the ramp no more than it has reached', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const { breaker, out, ...at } = bench()
      for (const each of steps) {
        const before = breaker.state()
        if (each.do === 'pass') at.now += each.ms
        if (each.do === 'end' && out.length > 0) breaker.hear(taken(out, each.nth), each.heard, at.now)
        if (each.do !== 'ask') continue
        const answer = breaker.ask(at.now, out.length)
        const after = breaker.state()
        if (typeof answer === 'object') out.push(answer.go)
        assert.ok(out.length <= atOnceMax)
        if (before.is === 'open' && at.now < before.until) assert.equal(answer, 'refuse')
        if (after.is === 'half-open') {
          assert.notEqual(answer, 'wait')
          assert.ok(after.out >= 0 && after.out + after.good <= rule.probes)
        }
        if (after.is === 'ramping' && typeof answer === 'object') {
          const share = (at.now - after.since) / rule.rampMs
          assert.ok(out.length <= rule.probes + (atOnceMax - rule.probes) * share)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('from wherever it stands, good answers close it again', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const { breaker, out, ...at } = bench()
      for (const each of steps) {
        if (each.do === 'pass') at.now += each.ms
        const answer = each.do === 'ask' ? breaker.ask(at.now, out.length) : 'wait'
        if (typeof answer === 'object') out.push(answer.go)
        if (each.do === 'end' && out.length > 0) breaker.hear(taken(out, each.nth), each.heard, at.now)
      }
      for (const go of out) breaker.hear(go, 'good', at.now)
      at.now += rule.openMs
      for (let nth = 0; nth < rule.probes; nth += 1) {
        const answer = breaker.ask(at.now, 0)
        assert.ok(typeof answer === 'object')
        breaker.hear(answer.go, 'good', at.now)
      }
      at.now += rule.rampMs
      assert.ok(typeof breaker.ask(at.now, 0) === 'object')
      assert.equal(breaker.state().is, 'closed')
    }),
  )
})

/** Opens it with calls at this moment. */
function openIt({ breaker }: ReturnType<typeof bench>, now: number): void {
  for (let nth = 0; nth < rule.callsMin; nth += 1) {
    const answer = breaker.ask(now, 0)
    assert.ok(typeof answer === 'object')
    breaker.hear(answer.go, 'bad', now)
  }
  assert.equal(breaker.state().is, 'open')
}

test('what was begun before it opened decides nothing afterwards, good or bad', () => {
  for (const heard of ['good', 'bad'] as const) {
    const it = bench()
    const old = it.breaker.ask(0, 0)
    assert.ok(typeof old === 'object')
    openIt(it, 0)
    const probe = it.breaker.ask(rule.openMs, 1)
    assert.ok(typeof probe === 'object')
    it.breaker.hear(old.go, heard, rule.openMs)
    assert.deepEqual(it.breaker.state(), { is: 'half-open', out: 1, good: 0 })
  }
})

test('one bad probe opens it again for the whole time, and one that says nothing is asked anew', () => {
  const it = bench()
  openIt(it, 0)
  const probe = (now: number) => {
    const answer = it.breaker.ask(now, 0)
    return typeof answer === 'object' ? answer.go : assert.fail(answer)
  }
  assert.equal(it.breaker.ask(499.9, 0), 'refuse')
  assert.equal(it.breaker.ask(500, atOnceMax), 'refuse') // Calls of before still take up all places.
  for (let nth = 0; nth < 10; nth += 1) it.breaker.hear(probe(500), 'ignored', 500)
  it.breaker.hear(probe(500), 'good', 500)
  const [second, third] = [probe(500), probe(500)]
  assert.equal(it.breaker.ask(500, 2), 'refuse') // One good and two out are the three.
  it.breaker.hear(second, 'bad', 600)
  it.breaker.hear(third, 'good', 600)
  assert.deepEqual(it.breaker.state(), { is: 'open', until: 1_100 })
  for (let nth = 0; nth < rule.probes; nth += 1) it.breaker.hear(probe(1_100), 'good', 1_100)
  assert.deepEqual(it.states, ['open', 'half-open', 'open', 'half-open', 'ramping'])
})
