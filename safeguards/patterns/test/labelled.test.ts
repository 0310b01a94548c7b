import assert from 'node:assert/strict'
import { enableCompileCache } from 'node:module'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import safeRegex from 'safe-regex'
import { startBudget } from '../src/budget.ts'
import { registeredBefore, startPatterns } from '../src/patterns.ts'
import { watchLoop } from './held.ts'
import { expression, flagsToRegister, grown, labelled } from './labelled.ts'

const { expressions, skip } = labelled()
const attackCharacters = 100_000
const heldMost = 50
const beyondBudgetMs = 150
/** After a thread was terminated the next one has to start: a caller is told that nothing was decided, and asks again. */
const triesMost = 20
const easyCalls = 60_000
const blowUp = { source: '(?:a?){1000}a{1000}$', text: 'a'.repeat(attackCharacters) }
const keptIn = fileURLToPath(new URL('../../../node_modules/.cache/patterns', import.meta.url))

enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url)))

/** Runs all in so many lanes and tells how long each caller waited. */
async function inLanes<Item>(
  lanes: number,
  items: readonly Item[],
  call: (item: Item) => Promise<unknown>,
): Promise<number[]> {
  const waited: number[] = []
  const rest = items.values()
  const lane = async () => {
    for (const item of rest) {
      const from = performance.now()
      await call(item)
      waited.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return waited
}

/** Asserts what must hold of every run, allowing for what the machine itself withheld, and prints the figures. */
function bounded(
  t: TestContext,
  what: string,
  {
    waited,
    held,
    budgetMs,
  }: {
    waited: readonly number[]
    held: ReturnType<ReturnType<typeof watchLoop>>
    budgetMs: number
  },
): void {
  const sorted = waited.toSorted((one, other) => one - other)
  const longest = sorted.at(-1) ?? 0
  const median = sorted[sorted.length >> 1] ?? 0
  t.diagnostic(
    `${what}: waited ${median.toFixed(2)} ms (median), ${longest.toFixed(0)} ms (longest) on a budget of ${budgetMs}; ` +
      `this thread held for at most ${held.processorMs.toFixed(1)} ms of processor, ${held.clockMs.toFixed(1)} ms by the clock`,
  )
  assert.ok(held.processorMs < heldMost, 'an input held the event loop')
  assert.ok(
    longest < budgetMs + beyondBudgetMs + 2 * held.clockMs,
    'a caller waited for longer than promised',
  )
}

test('no attack, run on V8, holds this thread or keeps its caller waiting', { skip }, async (t) => {
  const budgetMs = 50
  const attacks = expressions.flatMap((one) =>
    one.attack ? [{ expression: expression(one), text: grown(one.attack, attackCharacters), tries: 1 }] : [],
  )
  const all = attacks.length
  const outcomes: Record<string, number> = {}
  await using budget = await startBudget({ budgetMs, inputCharacters: 2 * attackCharacters })
  const loop = watchLoop()
  const waited = await inLanes(2, attacks, async (attack) => {
    const judged = await budget.test(attack.expression, attack.text)
    const outcome = 'refused' in judged ? judged.refused : judged.outcome
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (outcome === 'busy' && attack.tries < triesMost) attacks.push({ ...attack, tries: attack.tries + 1 })
  })
  bounded(t, `${all} attacks on V8, ${JSON.stringify(outcomes)}`, {
    waited,
    held: loop(),
    budgetMs,
  })
  assert.ok((outcomes['over-budget'] ?? 0) > all / 2, 'these are attacks: V8 cannot have finished them')
})

test('no attack, run on the engine, holds this thread or keeps its caller waiting', { skip }, async (t) => {
  const budgetMs = 200
  const caps = {
    patternCharacters: 20_000,
    repeatCount: 1_000,
    repeatNesting: 20,
    writtenOut: 1_000_000,
    inputCharacters: 2 * attackCharacters,
  }
  const attacks = [
    blowUp,
    ...expressions.flatMap((one) =>
      one.attack ? [{ source: one.pattern, text: grown(one.attack, attackCharacters) }] : [],
    ),
  ]
  const outcomes: Record<string, number> = {}
  let blewUp = 'not run'
  await using patterns = await startPatterns({ budgetMs, caps })
  const loop = watchLoop()
  const waited = await inLanes(2, attacks, async ({ source, text }) => {
    const judged = await patterns.match(registeredBefore({ source, flags: '' }), text)
    const outcome = 'refused' in judged ? judged.refused : judged.outcome
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (source === blowUp.source) blewUp = outcome
  })
  bounded(t, `${attacks.length} attacks on the engine, ${JSON.stringify(outcomes)}`, {
    waited,
    held: loop(),
    budgetMs,
  })
  assert.ok(blewUp === 'over-budget' || blewUp === 'busy', `what cannot be finished in time was: ${blewUp}`)
})

test('no easy call is ever called over budget', async (t) => {
  const budgetMs = 200
  const texts = Array.from({ length: easyCalls }, (_, index) => String(30_000_000_000_000 + index))
  const pattern = registeredBefore({ source: '^[0-9]{14}$', flags: '' })
  await using budget = await startBudget({ budgetMs })
  await using patterns = await startPatterns({ budgetMs })
  const loop = watchLoop()
  const outcomes: Record<string, number> = {}
  const count = (judged: { outcome: string } | { refused: string }) => {
    const outcome = 'refused' in judged ? judged.refused : judged.outcome
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const onV8 = await inLanes(16, texts, async (text) => count(await budget.test(/^[0-9]{14}$/, text)))
  const onEngine = await inLanes(16, texts, async (text) => count(await patterns.match(pattern, text)))
  const held = loop()
  bounded(t, `${easyCalls} easy calls on V8`, { waited: onV8, held, budgetMs })
  bounded(t, `${easyCalls} easy calls on the engine, ${JSON.stringify(outcomes)}`, {
    waited: onEngine,
    held,
    budgetMs,
  })
  assert.equal(outcomes['over-budget'] ?? 0, 0)
  assert.ok((outcomes.matched ?? 0) > 2 * easyCalls * 0.99, 'hardly any call may be turned away')
})

test('what V8 could be stuck on is not taken, and what it could not mostly is', { skip }, async (t) => {
  const sample = expressions.filter((_, index) => index % 16 === 0)
  await using patterns = await startPatterns({ budgetMs: 20_000, analyser: { limitMs: 2_000, keptIn } })
  const tally = {
    safe: { taken: 0, all: 0, bySafeRegex: 0 },
    vulnerable: { taken: 0, all: 0, bySafeRegex: 0 },
  }
  const reasons: Record<string, number> = {}
  for (const one of sample) {
    if (one.label === 'disputed') continue
    const answer = await patterns.register(one.pattern, flagsToRegister(one))
    tally[one.label].all += 1
    if ('registered' in answer) tally[one.label].taken += 1
    else if (one.label === 'safe') reasons[answer.refused] = (reasons[answer.refused] ?? 0) + 1
    if (safeRegex(one.pattern)) tally[one.label].bySafeRegex += 1
  }
  const { safe, vulnerable } = tally
  const share = (part: number, of: number) => `${((100 * part) / of).toFixed(0)}%`
  t.diagnostic(
    `of ${vulnerable.all} vulnerable ${share(vulnerable.all - vulnerable.taken, vulnerable.all)} refused ` +
      `(safe-regex: ${share(vulnerable.all - vulnerable.bySafeRegex, vulnerable.all)}); of ${safe.all} safe ` +
      `${share(safe.all - safe.taken, safe.all)} refused (safe-regex: ${share(safe.all - safe.bySafeRegex, safe.all)}), ` +
      `by reason ${JSON.stringify(reasons)}`,
  )
  assert.equal(vulnerable.taken, 0)
  assert.equal(reasons['pattern-vulnerable'] ?? 0, 0, 'a safe pattern was called vulnerable')
  assert.ok(safe.taken > safe.all / 2)
})
