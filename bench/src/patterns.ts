import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startBudget } from '@bibby/patterns/budget.ts'
import { registeredBefore, startPatterns } from '@bibby/patterns/patterns.ts'
import safeRegex from 'safe-regex'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'

type Labelled = { readonly pattern: string; readonly flags: string; readonly label: string }

const calls = 20_000
const bareCallsPerTurn = 1_000
const barcode = /^[0-9]{14}$/
const set = fileURLToPath(new URL('../../../shared/data/patterns/labelled.json', import.meta.url))
const keptIn = fileURLToPath(new URL('../../node_modules/.cache/patterns', import.meta.url))

/** What a call through the budget and through the engine costs beside the bare expression, and what registers. */
export async function patterns(): Promise<readonly Row[]> {
  await using budget = await startBudget({ budgetMs: 5_000 })
  await using engine = await startPatterns({
    budgetMs: 5_000,
    analyser: { limitMs: 3_000, threads: 1, keptIn },
  })
  const registered = registeredBefore({ source: barcode.source, flags: '' })
  const bareMicros = bare()
  const row = (what: string, micros: number): Row => ({
    what,
    measured: `${micros.toFixed(1)} µs`,
    against: `the bare expression, ${bareMicros.toFixed(3)} µs`,
    ratio: micros / bareMicros,
    size: `${calls} calls one after another, 14 digits`,
  })
  return [
    row('a match under a budget on V8', await median((text) => budget.test(barcode, text))),
    row('a match on the engine', await median((text) => engine.match(registered, text))),
    ...(existsSync(set) ? await registrations(engine) : []),
  ]
}

/** So short that single calls cannot be timed: many in one go, and the median of the goes. */
function bare(): number {
  const each = Array.from({ length: calls / bareCallsPerTurn }, (_, turn) => {
    const from = performance.now()
    let matched = 0
    for (let call = 0; call < bareCallsPerTurn; call += 1) if (barcode.test(textOf(turn + call))) matched += 1
    if (matched !== bareCallsPerTurn) throw new Error('The expression does not match its barcodes.')
    return ((performance.now() - from) * 1_000) / bareCallsPerTurn
  })
  return percentiles(each).p50
}

async function median(call: (text: string) => Promise<unknown>): Promise<number> {
  const micros: number[] = []
  for (let index = 0; index < calls; index += 1) {
    const from = performance.now()
    await call(textOf(index))
    micros.push((performance.now() - from) * 1_000)
  }
  return percentiles(micros).p50
}

function textOf(index: number): string {
  return String(30_000_000_000_000 + index)
}

/** Recall and false alarms of what may be registered. The first time this takes minutes; verdicts are kept. */
async function registrations(engine: Awaited<ReturnType<typeof startPatterns>>): Promise<readonly Row[]> {
  const counted = { safe: { all: 0, ours: 0, theirs: 0 }, vulnerable: { all: 0, ours: 0, theirs: 0 } }
  for (const { pattern, flags, label } of JSON.parse(readFileSync(set, 'utf8')) as Labelled[]) {
    if (label !== 'safe' && label !== 'vulnerable') continue
    const answer = await engine.register(pattern, flags.replaceAll(/[gyu]/g, ''))
    counted[label].all += 1
    if ('refused' in answer) counted[label].ours += 1
    if (!safeRegex(pattern)) counted[label].theirs += 1
  }
  const row = (what: string, { all, ours, theirs }: { all: number; ours: number; theirs: number }): Row => ({
    what,
    measured: `${((100 * ours) / all).toFixed(1)}% refused`,
    against: `safe-regex, ${((100 * theirs) / all).toFixed(1)}%`,
    ratio: ours / theirs,
    size: `${all} labelled expressions`,
  })
  return [
    row('vulnerable patterns at registration', counted.vulnerable),
    row('safe patterns at registration', counted.safe),
  ]
}
