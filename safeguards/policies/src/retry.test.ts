import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Down, dependency, endOf, silence } from '../test/dependency.ts'
import { deadlineIn } from './deadline.ts'
import { pauseMs, retryBudget } from './retry.ts'

const rule = { triesMax: 3, firstPauseMs: 100, longestPauseMs: 2_000, budgetPercent: 10, reserve: 10 }

test('retries are never more than the reserve and their share of the calls, in whatever order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 2_000, size: 'max' }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 0, max: 20 }),
      (steps, budgetPercent, reserve) => {
        const budget = retryBudget({ ...rule, budgetPercent, reserve })
        let [calls, retries] = [0, 0]
        for (const isCall of steps) {
          if (isCall) {
            budget.earn()
            calls += 1
          } else if (budget.spend()) retries += 1
          assert.ok(retries * 100 <= reserve * 100 + calls * budgetPercent)
        }
      },
    ),
  )
})

test('ten calls buy one retry, and a quiet year no more than the reserve', () => {
  const budget = retryBudget(rule)
  const spent = () => {
    let retries = 0
    while (retries < 100 && budget.spend()) retries += 1
    return retries
  }
  assert.equal(spent(), 10)
  for (let call = 0; call < 10; call += 1) budget.earn()
  assert.equal(spent(), 1)
  for (let call = 0; call < 100_000; call += 1) budget.earn()
  assert.equal(spent(), 10)
})

test('a dead dependency costs a tenth more calls, not three times as many', async () => {
  const { clock, call } = dependency({ retry: { firstPauseMs: 1 }, breaker: { callsMin: 1_000_000 } })
  let asked = 0
  for (let nth = 0; nth < 1_000; nth += 1) {
    const ended = endOf(
      call(
        async () => {
          asked += 1
          throw new Down()
        },
        { deadline: deadlineIn(1_000, { clock }) },
      ),
    )
    await clock.turn(10)
    await ended
  }
  assert.ok(asked >= 1_100 && asked <= 1_110, `1,000 calls became ${asked}`)
})

test('a pause is anything from nothing to twice the one before, and never longer than the longest', () => {
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), dice, (tries, thrown) => {
      const ms = pauseMs(rule, { tries, random: () => thrown })
      const most = Math.min(2_000, 100 * 2 ** (tries - 1))
      assert.ok(ms >= 0 && ms <= most)
      assert.ok(Math.abs(ms - thrown * most) < 1e-6) // Evenly spread: no two that failed together meet again.
    }),
  )
})

test('what may have been done is tried again only if doing it twice is safe', async () => {
  for (const repeatable of [false, true]) {
    const { clock, call } = dependency({ tryMs: 100 })
    const tries = { thrown: 0, silent: 0 }
    const asked = () => ({ deadline: deadlineIn(5_000, { clock }), repeatable })
    const thrown = call(async () => {
      tries.thrown += 1
      throw new Down('unknown-outcome')
    }, asked())
    const silent = call(() => {
      tries.silent += 1
      return silence()
    }, asked())
    const ended = Promise.all([endOf(thrown), endOf(silent)])
    await clock.turn(5_000)
    assert.deepEqual(
      (await ended).map((each) => each.kind),
      ['unknown-outcome', 'unknown-outcome'],
    )
    assert.deepEqual(tries, repeatable ? { thrown: 3, silent: 3 } : { thrown: 1, silent: 1 })
  }
})

test('a call of which one try may have been done never ends as “nothing was done”', async () => {
  for (const last of ['transient', 'permanent'] as const) {
    const { clock, call } = dependency({ retry: { triesMax: 2 } })
    const ends = [new Down('unknown-outcome'), new Down(last)]
    const ended = endOf(
      call(() => Promise.reject(ends.shift()), { deadline: deadlineIn(5_000, { clock }), repeatable: true }),
    )
    await clock.turn(5_000)
    assert.deepEqual(await ended, { code: 'CALL_FAILED', kind: 'unknown-outcome', tries: 2 })
  }
})

test('what is permanent is asked once, and the breaker counts it as an answer', async () => {
  const { clock, call, state } = dependency({ breaker: { callsMin: 1, failedPercent: 1 } })
  const cause = new Down('permanent')
  const ended = call(() => Promise.reject(cause), { deadline: deadlineIn(5_000, { clock }) })
  await assert.rejects(ended, { name: 'CallError', code: 'CALL_FAILED', kind: 'permanent', tries: 1, cause })
  assert.equal(state().breaker, 'closed')
})

test('a pause that would end after the deadline is not begun', async () => {
  const { clock, call } = dependency({ retry: { firstPauseMs: 3_000, longestPauseMs: 3_000 } })
  const ended = await endOf(
    call(() => Promise.reject(new Down()), { deadline: deadlineIn(2_000, { clock }) }),
  )
  assert.deepEqual(ended, { code: 'CALL_FAILED', kind: 'transient', tries: 1 })
  assert.equal(clock.now(), 0)
})

test('a call that throws before it promises anything, and a classifier that throws, cost no place', async () => {
  const { clock, call, state } = dependency({
    classify: () => {
      throw new TypeError('a bug')
    },
  })
  const asked = { deadline: deadlineIn(5_000, { clock }) }
  await assert.rejects(
    call(() => {
      throw new Error('at once')
    }, asked),
    { name: 'TypeError', message: 'a bug' },
  )
  assert.deepEqual(state(), { breaker: 'closed', running: 0, waiting: 0 })
})
