/** A bounded number of things at once, and a bounded queue for the others. */
export type Turns = {
  /** Resolves when it is one’s turn, with what gives it back; `full` when too many wait already. */
  readonly take: (signal: AbortSignal) => Promise<'full' | 'left' | (() => void)>
  readonly counts: () => { readonly busy: number; readonly waiting: number }
}

/** Makes turns for `atOnceMax` at once, while `waitingMax` more may wait, first come first served. */
export function takeTurns({ atOnceMax, waitingMax }: { atOnceMax: number; waitingMax: number }): Turns {
  let busy = 0
  const waiting = new Set<() => void>()
  const give = () => {
    busy += 1
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      busy -= 1
      const [next] = waiting
      next?.()
    }
  }
  return {
    counts: () => ({ busy, waiting: waiting.size }),
    take: async (signal) => {
      if (signal.aborted) return 'left'
      if (busy < atOnceMax) return give()
      if (waiting.size >= waitingMax) return 'full'
      const { promise, resolve } = Promise.withResolvers<'left' | (() => void)>()
      const called = () => {
        waiting.delete(called)
        signal.removeEventListener('abort', left)
        resolve(give())
      }
      const left = () => {
        waiting.delete(called)
        resolve('left')
      }
      waiting.add(called)
      signal.addEventListener('abort', left, { once: true })
      return promise
    },
  }
}
