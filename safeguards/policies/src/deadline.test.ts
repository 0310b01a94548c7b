import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { Down, dependency, endOf, held, silence } from '../test/dependency.ts'
import { deadlineIn, graceMs, lateMs } from './deadline.ts'

test('one deadline holds through the queue, the retries and the call', async () => {
  const { clock, call } = dependency({
    atOnceMax: 1,
    waitingMax: 1,
    breaker: { probes: 1 },
    retry: { firstPauseMs: 400 },
  })
  const first = held()
  const before = endOf(call(first.call, { deadline: deadlineIn(10_000, { clock }) }))
  let tries = 0
  let left = 0
  const waiting = endOf(
    call(
      ({ remainingMs }) => {
        tries += 1
        left = remainingMs
        return tries === 1 ? Promise.reject(new Down()) : silence()
      },
      { deadline: deadlineIn(2_000, { clock }) },
    ),
  )
  await clock.turn(1_000)
  assert.equal(tries, 0)
  first.answer()
  await clock.turn(900)
  assert.equal(tries, 2)
  assert.ok(Math.abs(left - 600) < 1, `1,000 ms in the queue and 400 of pause leave 600, not ${left}`)
  await clock.turn(100)
  assert.deepEqual(await waiting, { code: 'CALL_DEADLINE', kind: 'unknown-outcome', tries: 2 })
  assert.equal(clock.now(), 2_000)
  assert.equal(await before, 'answered')
  assert.equal(clock.set(), 0)
})

test('who waits for a place is let off at the deadline, and nothing was done', async () => {
  const { clock, call, state } = dependency({ atOnceMax: 1, waitingMax: 1, breaker: { probes: 1 } })
  const first = held()
  const before = call(first.call, { deadline: deadlineIn(10_000, { clock }) })
  const waiting = endOf(call(() => assert.fail('begun'), { deadline: deadlineIn(500, { clock }) }))
  await clock.turn(500)
  assert.deepEqual(await waiting, { code: 'CALL_DEADLINE', kind: 'transient', tries: 0 })
  assert.deepEqual(state(), { breaker: 'closed', running: 1, waiting: 0 })
  first.answer()
  await before
})

test('no call is begun after its deadline, in the queue or before it', async () => {
  const { clock, call } = dependency({ atOnceMax: 1, waitingMax: 1, breaker: { probes: 1 } })
  const begun = () => assert.fail('begun')
  const late = { code: 'CALL_DEADLINE', kind: 'transient', tries: 0 }
  assert.deepEqual(await endOf(call(begun, { deadline: deadlineIn(0, { clock }) })), late)
  const first = held()
  const before = call(first.call, { deadline: deadlineIn(10_000, { clock }) })
  const waiting = endOf(call(begun, { deadline: deadlineIn(500, { clock }) }))
  clock.after(499, first.answer)
  await clock.stall(600)
  assert.deepEqual(await waiting, late)
  await before
})

test('who was given a place and could not begin before the deadline does not begin, and the place is free', async () => {
  const { clock, call, state } = dependency({ atOnceMax: 2, waitingMax: 2, breaker: { probes: 1 } })
  const [first, second, third] = [held(), held(), held()]
  const running = [first, second].map((each) => call(each.call, { deadline: deadlineIn(10_000, { clock }) }))
  const busy = () => {
    void clock.stall(600) // Work that lets nothing else run.
    return third.call()
  }
  const slow = call(busy, { deadline: deadlineIn(10_000, { clock }) })
  const late = endOf(call(() => assert.fail('begun'), { deadline: deadlineIn(500, { clock }) }))
  first.answer()
  second.answer()
  assert.deepEqual(await late, { code: 'CALL_DEADLINE', kind: 'transient', tries: 0 })
  assert.deepEqual(state(), { breaker: 'closed', running: 1, waiting: 0 })
  third.answer()
  await Promise.all([...running, slow])
})

test('a call that does not heed its signal keeps nobody past the deadline, and no place', async () => {
  const { clock, call, state } = dependency()
  let signal: AbortSignal | undefined
  const ended = endOf(
    call(
      (limits) => {
        signal = limits.signal
        return silence()
      },
      { deadline: deadlineIn(2_000, { clock }) },
    ),
  )
  await clock.turn(2_000)
  assert.deepEqual(await ended, { code: 'CALL_DEADLINE', kind: 'unknown-outcome', tries: 1 })
  assert.equal(signal?.aborted, true)
  assert.equal(state().running, 0)
})

test('a signal that is asked for when the deadline has passed is aborted', async () => {
  const { clock, call } = dependency()
  const dawdling = held()
  let late: AbortSignal | undefined
  const ended = endOf(
    call(
      async (limits) => {
        await dawdling.call()
        late = limits.signal
      },
      { deadline: deadlineIn(2_000, { clock }) },
    ),
  )
  await clock.turn(2_000)
  dawdling.answer()
  await ended
  await clock.turn(0)
  assert.equal(late?.aborted, true)
})

test('a deadline that fires late lets the answer in that is already here', async () => {
  const { clock, call, state } = dependency({ breaker: { callsMin: 1 } })
  const answer = held()
  const ended = endOf(call(answer.call, { deadline: deadlineIn(2_000, { clock }) }))
  await clock.stall(2_500)
  answer.answer()
  assert.equal(await ended, 'answered')
  assert.equal(state().breaker, 'closed')
  assert.equal(clock.set(), 0)
})

test('a deadline that fires late is set once more and no further, and the breaker does not hear of it', {
  timeout: 60_000,
}, async () => {
  const { clock, call, state } = dependency({ breaker: { callsMin: 1, failedPercent: 1 } })
  const ended = endOf(call(silence, { deadline: deadlineIn(2_000, { clock }) }))
  await clock.stall(2_000 + lateMs + 1)
  await clock.stall(graceMs + 1_000)
  assert.deepEqual(await ended, { code: 'CALL_DEADLINE', kind: 'self-inflicted', tries: 1 })
  assert.equal(state().breaker, 'closed')
})

test('a call’s own timer that fires after a stall is not held against the dependency either', async () => {
  const { clock, call, state } = dependency({ breaker: { callsMin: 1, failedPercent: 1 } })
  const its = held()
  const ended = endOf(call(its.call, { deadline: deadlineIn(2_000, { clock }) }))
  clock.after(1_999, () => its.fail(new Down('unknown-outcome')))
  await clock.stall(2_500)
  assert.deepEqual(await ended, { code: 'CALL_FAILED', kind: 'unknown-outcome', tries: 1 })
  assert.equal(state().breaker, 'closed')
})

test('a deadline that fires in time is held against the dependency', async () => {
  const { clock, call, state } = dependency({ breaker: { callsMin: 1, failedPercent: 1 } })
  const ended = endOf(call(silence, { deadline: deadlineIn(2_000, { clock }) }))
  await clock.stall(2_000 + lateMs)
  assert.deepEqual(await ended, { code: 'CALL_DEADLINE', kind: 'unknown-outcome', tries: 1 })
  assert.equal(state().breaker, 'open')
})

test('who gives up is let off at once, wherever the call stands', async () => {
  const { clock, call, state } = dependency({
    atOnceMax: 1,
    waitingMax: 2,
    breaker: { probes: 1, callsMin: 2 },
    retry: { firstPauseMs: 1_500 },
  })
  const givenUp = new AbortController()
  const deadline = deadlineIn(10_000, { signal: givenUp.signal, clock })
  const pausing = endOf(call(() => Promise.reject(new Down()), { deadline }))
  await clock.turn(10)
  const running = endOf(call(silence, { deadline }))
  const waiting = endOf(call(silence, { deadline }))
  await clock.turn(10)
  givenUp.abort()
  assert.deepEqual(await pausing, { code: 'CALL_ABORTED', kind: 'transient', tries: 1 })
  assert.deepEqual(await running, { code: 'CALL_ABORTED', kind: 'unknown-outcome', tries: 1 })
  assert.deepEqual(await waiting, { code: 'CALL_ABORTED', kind: 'transient', tries: 0 })
  assert.deepEqual(await endOf(call(silence, { deadline })), {
    code: 'CALL_ABORTED',
    kind: 'transient',
    tries: 0,
  })
  assert.equal(clock.now(), 20)
  assert.deepEqual(state(), { breaker: 'closed', running: 0, waiting: 0 })
})

test('who gives up in the moment of the failure does not sit out the pause', async () => {
  const { clock, call } = dependency()
  const givenUp = new AbortController()
  const fails = () => {
    const failing = Promise.reject(new Down())
    failing.catch(() => {}).then(() => givenUp.abort())
    return failing
  }
  const ended = endOf(call(fails, { deadline: deadlineIn(10_000, { signal: givenUp.signal, clock }) }))
  await clock.turn(0)
  assert.deepEqual(await ended, { code: 'CALL_ABORTED', kind: 'transient', tries: 1 })
})

test('a thousand calls on one signal leave no listener and no timer behind', async () => {
  const { clock, call } = dependency({ atOnceMax: 3, waitingMax: 1_000, retry: { firstPauseMs: 1 } })
  const { signal } = new AbortController()
  const deadline = deadlineIn(60_000, { signal, clock })
  const failsAtTimes = async (nth: number) => {
    if (nth % 7 === 0) throw new Down(nth % 2 === 0 ? 'transient' : 'permanent')
  }
  const calls = Array.from({ length: 1_000 }, (_, nth) => endOf(call(() => failsAtTimes(nth), { deadline })))
  await clock.turn(1_000)
  await Promise.all(calls)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  assert.equal(clock.set(), 0)
})

test('a deadline is a time that a timer can keep', () => {
  for (const ms of [Number.NaN, -1, 2 ** 31, Number.POSITIVE_INFINITY])
    assert.throws(() => deadlineIn(ms), /A deadline lies/)
})
