import { busy, type InputRefusal, tooLong } from './refusal.ts'
import { Threads } from './threads.ts'
import type { V8Answer, V8Ask } from './v8-thread.ts'

/** What became of a match. Over budget is no "no": nothing is known about the text. */
export type Judged = { readonly outcome: 'matched' | 'not-matched' | 'over-budget' } | InputRefusal

/** How long one match may take, waiting included, and how much of it there may be at once. */
export type BudgetAsked = {
  readonly budgetMs?: number
  readonly threads?: number
  readonly queueMost?: number
  readonly inputCharacters?: number
}

/** Runs expressions on V8 where they can be stopped. Close it when done. */
export type Budget = AsyncDisposable & {
  readonly test: (expression: RegExp, text: string) => Promise<Judged>
  readonly state: () => { working: number; waiting: number; threads: number; terminated: number }
}

const idleMs = 60_000
const heapMost = 64

/** Starts the threads. An expression that uses up its budget costs its thread, and another takes its place. */
export async function startBudget({
  budgetMs = 100,
  threads = 2,
  queueMost = 100,
  inputCharacters = 100_000,
}: BudgetAsked = {}): Promise<Budget> {
  const pool = await new Threads<V8Ask, V8Answer>({
    script: new URL('./v8-thread.ts', import.meta.url),
    threadsMost: threads,
    threadsWarm: threads,
    idleMs,
    queueMost,
    budgetMs,
    heapMost,
  }).started()
  return {
    async test(expression, text) {
      if (text.length > inputCharacters) return tooLong(text, { inputCharacters })
      const found = await pool.run({ expression, text })
      if ('answer' in found) return { outcome: found.answer === 'exhausted' ? 'over-budget' : found.answer }
      return found.gaveUp === 'busy' ? busy : { outcome: 'over-budget' }
    },
    state: () => pool.state(),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}
