import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decided } from '../test/decided.ts'
import { countTurns } from '../test/held.ts'
import { startBudget } from './budget.ts'
import { Threads } from './threads.ts'

const stuck = 'a'.repeat(60)

/** Keeps this thread from doing anything else, as a heavy request would. */
function stall(forMs: number): void {
  for (const until = performance.now() + forMs; performance.now() < until; );
}

test('a match is answered as V8 answers it', async () => {
  await using budget = await startBudget({ budgetMs: 5_000 })
  assert.deepEqual(await budget.test(/^\d{3}$/, '813'), { outcome: 'matched' })
  assert.deepEqual(await budget.test(/^\d{3}$/, '81'), { outcome: 'not-matched' })
  assert.deepEqual(await budget.test(/^É$/iu, 'é'), { outcome: 'matched' })
  const global = /a/g
  for (let time = 0; time < 3; time += 1)
    assert.deepEqual(await budget.test(global, 'ba'), { outcome: 'matched' })
})

test('a match that V8 does not finish is over budget, not a no; its thread is terminated and replaced', async () => {
  await using budget = await startBudget({ budgetMs: 100, threads: 1 })
  for (let time = 1; time <= 3; time += 1) {
    assert.deepEqual(await decided(() => budget.test(/^(?:a+)+$/, `${stuck}!`)), { outcome: 'over-budget' })
    assert.ok(budget.state().terminated >= time)
    assert.deepEqual(await decided(() => budget.test(/a/, 'a')), { outcome: 'matched' })
  }
})

test('this thread goes on turning while a match is stuck', async () => {
  await using budget = await startBudget({ budgetMs: 300, threads: 1 })
  using loop = countTurns()
  assert.deepEqual(await decided(() => budget.test(/^(?:a+)+$/, `${stuck}!`)), { outcome: 'over-budget' })
  assert.ok(loop.turns() > 20, `${loop.turns()} turns`)
})

test('a stall of our own is not held against a pattern that was answered meanwhile', async () => {
  await using budget = await startBudget({ budgetMs: 60 })
  for (let time = 0; time < 5; time += 1) {
    const judged = budget.test(/^\d+$/, '813')
    stall(200)
    assert.deepEqual(await judged, { outcome: 'matched' })
  }
  assert.equal(budget.state().terminated, 0)
})

test('who was only kept from the processor is busy, not over budget', async () => {
  await using threads = await new Threads<number, string>({
    script: new URL('../test/sleeping-thread.ts', import.meta.url),
    threadsMost: 1,
    threadsWarm: 1,
    idleMs: 1_000,
    queueMost: 2,
    budgetMs: 100,
    heapMost: 64,
  }).started()
  assert.deepEqual(await threads.run(60_000), { gaveUp: 'busy' })
})

test('a queue that is full refuses at once, and who waits in it past the deadline is refused too', async () => {
  await using budget = await startBudget({ budgetMs: 150, threads: 1, queueMost: 2 })
  const order: string[] = []
  const ask = async (name: string) => {
    const judged = await budget.test(/^(?:a+)+$/, `${stuck}!`)
    order.push(name)
    return 'refused' in judged ? judged.refused : judged.outcome
  }
  const answers = await Promise.all([ask('runs'), ask('waits'), ask('waits'), ask('finds it full')])
  assert.ok(answers[0] === 'over-budget' || answers[0] === 'busy')
  assert.deepEqual(answers.slice(1), ['busy', 'busy', 'busy'])
  assert.equal(order[0], 'finds it full')
})

test('however many matches are stuck, there are never more threads than allowed', async () => {
  await using budget = await startBudget({ budgetMs: 60, threads: 2, queueMost: 200 })
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, budget.state().threads)
  }, 1)
  const judged = await Promise.all(Array.from({ length: 100 }, () => budget.test(/^(?:a+)+$/, `${stuck}!`)))
  clearInterval(watch)
  assert.ok(judged.every((one) => 'refused' in one || one.outcome === 'over-budget'))
  assert.ok(most <= 2, `${most} threads`)
})

test('a text over its cap is refused, not cut', async () => {
  await using budget = await startBudget({ inputCharacters: 10 })
  assert.deepEqual(await budget.test(/^a{10}$/, 'a'.repeat(10)), { outcome: 'matched' })
  const refused = await budget.test(/^a{10}/, 'a'.repeat(11))
  assert.ok('refused' in refused && refused.refused === 'input-too-long')
})

test('closing answers everybody who still waits', async () => {
  const budget = await startBudget({ budgetMs: 60_000, threads: 1 })
  const waiting = [1, 2, 3].map(() => budget.test(/^(?:a+)+$/, `${stuck}!`))
  await budget[Symbol.asyncDispose]()
  for (const judged of await Promise.all(waiting)) assert.ok('refused' in judged && judged.refused === 'busy')
  const after = await budget.test(/a/, 'a')
  assert.ok('refused' in after && after.refused === 'busy')
})

test('a thread that cannot start is a fault, for all who wait', async () => {
  const threads = new Threads<string, string>({
    script: new URL('./no-such-thread.ts', import.meta.url),
    threadsMost: 1,
    threadsWarm: 0,
    idleMs: 1_000,
    queueMost: 5,
    budgetMs: 60_000,
    heapMost: 64,
  })
  const [one, other] = await Promise.allSettled([threads.run('a'), threads.run('b')])
  assert.ok(one?.status === 'rejected' && other?.status === 'rejected')
  assert.equal(one.reason.code, 'PATTERNS_THREAD_FAILED')
  await threads[Symbol.asyncDispose]()
})
