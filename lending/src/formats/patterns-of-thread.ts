import { type Patterns, startPatterns } from '@bibby/patterns/patterns.ts'

/** Nobody waits at a desk for a question of a file, which is of a thousand texts: it may take longer than others. */
const budgetMs = 1_000

/** Patterns in a thread of whoever works on a file; most files have none, and start none. */
export function patternsOfThread(): AsyncDisposable & { readonly running: () => Promise<Patterns> } {
  let started: Promise<Patterns> | undefined
  return {
    running: () => {
      started ??= startPatterns({ threads: 1, budgetMs })
      return started
    },
    [Symbol.asyncDispose]: async () => (await started)?.[Symbol.asyncDispose](),
  }
}
