/** How often, and after what pauses, a call is tried again. */
export type RetryRule = {
  /** With the first one. 1: never again. */
  readonly triesMax: number
  /** The longest pause before the second try; it doubles from try to try. */
  readonly firstPauseMs: number
  /** No pause is longer. */
  readonly longestPauseMs: number
  /** Retries for a hundred calls. All callers of a dependency share them. */
  readonly budgetPercent: number
  /** How many retries a quiet time can save up. It begins with these. */
  readonly reserve: number
}

/** Anything from nothing to the whole pause, so that those who failed together do not come back together. */
export function pauseMs(
  { firstPauseMs, longestPauseMs }: RetryRule,
  { tries, random }: { readonly tries: number; readonly random: () => number },
): number {
  return random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1))
}

/** Keeps retries at their share: never more than `reserve` and `budgetPercent` of a hundred calls. */
export function retryBudget({ budgetPercent, reserve }: RetryRule) {
  let percents = reserve * 100 // In whole numbers: ten tenths are not one.
  return {
    earn(): void {
      percents = Math.min(reserve * 100, percents + budgetPercent)
    },
    spend(): boolean {
      if (percents < 100) return false
      percents -= 100
      return true
    },
  }
}
