// Faults that were measured in the usual libraries. Each test asserts that a peer still shows its fault, so that
// we hear of it when one is mended, and that what is here does not.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import {
  CircuitState,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  handleAll,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import CircuitBreaker from 'opossum'
import { Down, dependency, endOf, held, silence } from '../test/dependency.ts'
import { healthyServer } from '../test/healthy-server.ts'
import { deadlineIn } from './deadline.ts'
import { protect } from './protect.ts'

const hourMs = 3_600_000

/** Turns the clock of the peers, which read the process’s, and lets everything run that may. */
async function turn(t: TestContext, ms: number): Promise<void> {
  await turnOfTheLoop()
  for (let passed = 0; passed < ms; passed += 50) {
    t.mock.timers.tick(Math.min(50, ms - passed))
    await turnOfTheLoop()
  }
}
const mockClock = (t: TestContext) =>
  t.mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval'], now: hourMs })

test('a stall of our own event loop does not open the breaker on a dependency that answers in 10 ms', async () => {
  await using server = await healthyServer()
  const [calls, deadlineMs, stallMs] = [10, 1_500, 2_500]
  const ask = async (signal?: AbortSignal) => (await fetch(server.url, signal ? { signal } : {})).text()

  const itsBreaker = circuitBreaker(handleAll, { halfOpenAfter: hourMs, breaker: new ConsecutiveBreaker(5) })
  const itsTimeout = timeout(deadlineMs, TimeoutStrategy.Aggressive)
  const cockatiel = wrap(itsBreaker, itsTimeout)
  const opossum = new CircuitBreaker(ask, { timeout: deadlineMs, volumeThreshold: 5, resetTimeout: hourMs })
  const ours = protect('The healthy server', {
    classify: () => 'transient',
    atOnceMax: calls,
    waitingMax: 0,
    breaker: { callsMin: 5 },
  })
  const times = <T>(call: () => Promise<T>) => Array.from({ length: calls }, call)
  const of = {
    cockatiel: times(() => cockatiel.execute(({ signal }) => ask(signal))),
    opossum: times(() => opossum.fire()),
    ours: times(() => ours.call(({ signal }) => ask(signal), { deadline: deadlineIn(deadlineMs) })),
  }
  const ended = Promise.all(Object.values(of).map((each) => Promise.allSettled(each)))
  while (server.arrived() < 3 * calls) await turnOfTheLoop()
  server.stall(stallMs)

  const answered = (await ended).map(
    (ends) => ends.filter((end) => end.status === 'fulfilled' && end.value === 'answered').length,
  )
  assert.equal(itsBreaker.state, CircuitState.Open, 'cockatiel is mended')
  assert.equal(opossum.opened, true, 'opossum is mended')
  opossum.shutdown()
  assert.equal(answered[2], calls)
  assert.deepEqual(ours.state(), { breaker: 'closed', running: 0, waiting: 0 })
})

test('10,000 callers do not fall upon a dependency that has just recovered', async (t) => {
  const callers = 10_000
  /** A dependency that counts how many ask it at once. */
  const counting = () => {
    const it = { now: 0, most: 0, begun: 0, probe: held() }
    const call = async () => {
      it.begun += 1
      it.now += 1
      it.most = Math.max(it.most, it.now)
      await it.probe.call()
      it.now -= 1
    }
    return Object.assign(it, { call })
  }
  mockClock(t)
  const itsBreaker = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(1) })
  await itsBreaker.execute(() => Promise.reject(new Down())).catch(() => {})
  await turn(t, 1_000)
  const its = counting()
  const held9999 = Array.from({ length: callers }, () => itsBreaker.execute(its.call))
  await turn(t, 50)
  assert.equal(its.begun, 1)
  its.probe.answer()
  await Promise.all(held9999)
  assert.ok(its.most > callers / 2, 'cockatiel is mended')

  const { clock, call, state } = dependency({
    atOnceMax: 100,
    waitingMax: callers,
    breaker: { callsMin: 1, openMs: 1_000, probes: 3, rampMs: 10_000 },
    retry: { triesMax: 1 },
  })
  await endOf(call(() => Promise.reject(new Down()), { deadline: deadlineIn(10, { clock }) }))
  await clock.turn(1_000)
  const mine = counting()
  const all = () =>
    Array.from({ length: callers }, () => endOf(call(mine.call, { deadline: deadlineIn(5_000, { clock }) })))
  const refused = all().slice(3)
  await clock.turn(0)
  assert.equal(mine.begun, 3)
  for (const end of await Promise.all(refused.slice(0, callers - 3)))
    assert.deepEqual(end, { code: 'CALL_REFUSED_OPEN', kind: 'transient', tries: 0 })
  assert.deepEqual(state(), { breaker: 'half-open', running: 3, waiting: 0 })
  mine.probe.answer()
  await clock.turn(0)
  mine.probe = held()
  const herd = all()
  await clock.turn(0)
  assert.deepEqual(state(), { breaker: 'ramping', running: 3, waiting: callers - 3 })
  mine.probe.answer()
  await Promise.all(herd)
  assert.equal(mine.begun, callers + 3)
  assert.equal(mine.most, 3)
})

test('a failure of an hour ago does not count', async (t) => {
  mockClock(t)
  const itsBreaker = circuitBreaker(handleAll, {
    halfOpenAfter: 1_000,
    // 0.15 a second of 30 seconds: the fifth call is the first that may open it.
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 30_000, minimumRps: 0.15 }),
  })
  const { clock, call, state } = dependency({
    breaker: { windowMs: 30_000, callsMin: 5 },
    retry: { triesMax: 1 },
  })
  const fail = async () => {
    await itsBreaker.execute(() => Promise.reject(new Down())).catch(() => {})
    await endOf(call(() => Promise.reject(new Down()), { deadline: deadlineIn(10, { clock }) }))
  }
  for (let nth = 0; nth < 4; nth += 1) await fail()
  assert.equal(itsBreaker.state, CircuitState.Closed)
  assert.equal(state().breaker, 'closed')
  t.mock.timers.setTime(2 * hourMs)
  await clock.turn(hourMs)
  await fail()
  assert.equal(itsBreaker.state, CircuitState.Open, 'cockatiel is mended')
  assert.equal(state().breaker, 'closed')
})

test('one call that times out aborts no other', { timeout: 60_000 }, async (t) => {
  const others = 100
  mockClock(t)
  const itsSignals: AbortSignal[] = []
  const abortController = new AbortController()
  const opossum = new CircuitBreaker(
    (_name: string) => {
      itsSignals.push(abortController.signal)
      return silence()
    },
    { abortController, timeout: 1_000, volumeThreshold: 1_000 },
  )
  const first = assert.rejects(opossum.fire('first'))
  await turn(t, 900)
  const siblings = Array.from({ length: others }, () => opossum.fire('sibling').catch(() => {}))
  await turn(t, 100)
  await first
  assert.equal(itsSignals.filter(({ aborted }) => aborted).length, others + 1, 'opossum is mended')
  await turn(t, 1_000)
  await Promise.all(siblings)
  opossum.shutdown()

  const { clock, call } = dependency({ atOnceMax: 1_000 })
  const signals: AbortSignal[] = []
  const ask = () =>
    endOf(
      call(
        ({ signal }) => {
          signals.push(signal)
          return silence()
        },
        { deadline: deadlineIn(1_000, { clock }) },
      ),
    )
  const one = ask()
  await clock.turn(900)
  for (let nth = 0; nth < others; nth += 1) ask()
  await clock.turn(100)
  assert.deepEqual(await one, { code: 'CALL_DEADLINE', kind: 'unknown-outcome', tries: 1 })
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, ...Array.from({ length: others }, () => false)],
  )
})

test('the first failure does not open the breaker', async () => {
  const opossum = new CircuitBreaker(() => Promise.reject(new Down()))
  await assert.rejects(opossum.fire())
  assert.equal(opossum.opened, true, 'opossum is mended')
  opossum.shutdown()

  const { clock, call, state } = dependency()
  await endOf(call(() => Promise.reject(new Down()), { deadline: deadlineIn(10, { clock }) }))
  assert.equal(state().breaker, 'closed')
})

test('an open breaker is not tried again: who asks is refused without a pause', {
  timeout: 60_000,
}, async (t) => {
  mockClock(t)
  const itsBreaker = circuitBreaker(handleAll, { halfOpenAfter: hourMs, breaker: new ConsecutiveBreaker(1) })
  await itsBreaker.execute(() => Promise.reject(new Down())).catch(() => {})
  const itsRetry = retry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(100) })
  let retried = 0
  itsRetry.onRetry(() => {
    retried += 1
  })
  const its = assert.rejects(wrap(itsRetry, itsBreaker).execute(() => silence()))
  await turn(t, 1_000)
  await its
  assert.equal(retried, 3, 'cockatiel is mended')

  const { clock, call, state } = dependency({ breaker: { callsMin: 1 } })
  const asked = () => ({ deadline: deadlineIn(2_000, { clock }) })
  const opening = await endOf(call(() => Promise.reject(new Down()), asked()))
  assert.deepEqual(opening, { code: 'CALL_FAILED', kind: 'transient', tries: 1 })
  const refused = await endOf(call(silence, asked()))
  assert.deepEqual(refused, { code: 'CALL_REFUSED_OPEN', kind: 'transient', tries: 0 })
  assert.equal(clock.now(), 0)
  assert.equal(state().breaker, 'open')
})

test('three retries of two seconds keep nobody longer than the two seconds', {
  timeout: 60_000,
}, async (t) => {
  mockClock(t)
  const itsRetry = retry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(100) })
  const begunAt = Date.now()
  let itsMs = 0
  const its = assert
    .rejects(wrap(itsRetry, timeout(2_000, TimeoutStrategy.Aggressive)).execute(() => silence()))
    .then(() => {
      itsMs = Date.now() - begunAt
    })
  await turn(t, 10_000)
  await its
  assert.ok(itsMs >= 8_000, 'cockatiel is mended')

  const { clock, call } = dependency({ tryMs: 700 })
  const ended = endOf(call(silence, { deadline: deadlineIn(2_000, { clock }), repeatable: true })).then(
    (end) => ({
      ...(end as object),
      at: clock.now(),
    }),
  )
  await clock.turn(10_000)
  assert.deepEqual(await ended, { code: 'CALL_DEADLINE', kind: 'unknown-outcome', tries: 3, at: 2_000 })
})
