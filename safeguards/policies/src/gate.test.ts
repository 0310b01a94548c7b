import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Down, dependency, endOf, held } from '../test/dependency.ts'
import { deadlineIn } from './deadline.ts'

const breaker = { callsMin: 2, probes: 2, openMs: 1_000, rampMs: 1_000 }

test('no more run and no more wait than may, and who comes first goes first', async () => {
  const { clock, call, state } = dependency({ atOnceMax: 2, waitingMax: 3, breaker })
  const begun: number[] = []
  const holds = Array.from({ length: 6 }, held)
  const ends = holds.map((hold, nth) =>
    endOf(
      call(
        () => {
          begun.push(nth)
          return hold.call()
        },
        { deadline: deadlineIn(1_000, { clock }) },
      ),
    ),
  )
  assert.deepEqual(state(), { breaker: 'closed', running: 2, waiting: 3 })
  assert.deepEqual(await ends[5], { code: 'CALL_REFUSED_FULL', kind: 'transient', tries: 0 })
  for (const hold of holds) {
    hold.answer()
    await clock.turn(0)
    assert.ok(state().running <= 2)
  }
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
})

test('on the ramp a place that comes free by itself goes to who waits, not to who comes', async () => {
  const { clock, call, state } = dependency({
    atOnceMax: 3,
    waitingMax: 9,
    breaker: { ...breaker, callsMin: 1, probes: 1 },
  })
  const begun: string[] = []
  const ask = (name: string, { call: run } = held()) =>
    endOf(
      call(
        () => {
          begun.push(name)
          return run()
        },
        { deadline: deadlineIn(10_000, { clock }) },
      ),
    )
  await endOf(call(() => Promise.reject(new Down()), { deadline: deadlineIn(10, { clock }) }))
  await clock.turn(1_000)
  await ask('probe', { ...held(), call: async () => 'answered' })
  ask('runs')
  ask('waits')
  assert.deepEqual(state(), { breaker: 'ramping', running: 1, waiting: 1 })
  await clock.turn(500)
  ask('comes')
  await clock.turn(0)
  assert.deepEqual(begun, ['probe', 'runs', 'waits'])
})

test('when the breaker opens, who waits hears it at once', { timeout: 60_000 }, async () => {
  const { clock, call, state } = dependency({
    atOnceMax: 2,
    waitingMax: 9,
    breaker: { ...breaker, callsMin: 1 },
  })
  const deadline = deadlineIn(60_000, { clock })
  const holds = [held(), held()]
  const running = holds.map((hold) => endOf(call(hold.call, { deadline })))
  const waiting = Array.from({ length: 9 }, () => endOf(call(() => assert.fail('begun'), { deadline })))
  holds[0]?.fail(new Down())
  assert.deepEqual(await running[0], { code: 'CALL_FAILED', kind: 'transient', tries: 1 })
  for (const ended of waiting)
    assert.deepEqual(await ended, { code: 'CALL_REFUSED_OPEN', kind: 'transient', tries: 0 })
  assert.deepEqual(state(), { breaker: 'open', running: 1, waiting: 0 })
  assert.equal(clock.now(), 0)
  holds[1]?.answer()
  assert.equal(await running[1], 'answered')
})

test('each change of the breaker is told once, in order', async () => {
  const told: string[] = []
  const { clock, call } = dependency({
    atOnceMax: 2,
    breaker,
    retry: { triesMax: 1 },
    onChange: (state) => told.push(state),
  })
  const ask = (end: () => Promise<unknown>) => endOf(call(end, { deadline: deadlineIn(100, { clock }) }))
  const fails = () => Promise.reject(new Down())
  const answers = async () => {}
  await ask(fails)
  await ask(fails)
  await clock.turn(1_000)
  await ask(answers)
  await ask(answers)
  await clock.turn(1_000)
  await ask(answers)
  assert.deepEqual(told, ['open', 'half-open', 'ramping', 'closed'])
})

test('numbers that cannot hold are refused before anything is called', () => {
  const refused = [
    { atOnceMax: 2, breaker: { probes: 3 } },
    { atOnceMax: Number.NaN },
    { breaker: { probes: 2.5 } }, // Two good ones are not enough, and a third is not let through.
    { breaker: { openMs: Number.NaN } },
    { waitingMax: -1 },
    { retry: { triesMax: 0 } },
    { breaker: { failedPercent: 101 } },
    { breaker: { windowMs: 0 } },
    { tryMs: 0 },
  ]
  for (const settings of refused) assert.throws(() => dependency(settings), { name: 'AssertionError' })
})
