/** A turn, given back when disposed of. */
export type Turn = Disposable

/** So many at once, so many who wait, and none of them for long; who comes first goes first. */
export type Turns = {
  /** Throws `WorkBusyError`, or the reason of `signal`. */
  readonly take: (signal: AbortSignal) => Promise<Turn>
  readonly counts: () => { readonly running: number; readonly waiting: number }
}

/** As much of this kind goes on as may, and others wait already. Nothing was done. */
export class WorkBusyError extends Error {
  override readonly name = 'WorkBusyError'
  readonly code = 'BIBBY_WORK_BUSY'
  constructor() {
    super('As many files and previews as may be are worked on already. Ask again in a moment.')
  }
}

/** All turns are free. */
export function openTurns({
  atOnceMax,
  waitingMax,
  waitLimitMs,
}: {
  readonly atOnceMax: number
  readonly waitingMax: number
  readonly waitLimitMs: number
}): Turns {
  const waiting = new Set<() => void>()
  let running = 0
  const giveBack = () => {
    running -= 1
    const [first] = waiting
    first?.()
  }
  const turn = (): Turn => {
    running += 1
    return { [Symbol.dispose]: giveBack }
  }
  const wait = (signal: AbortSignal) =>
    new Promise<Turn>((resolve, reject) => {
      const over = () => {
        waiting.delete(enter)
        clearTimeout(late)
        signal.removeEventListener('abort', leave)
      }
      const enter = () => {
        over()
        resolve(turn())
      }
      const leave = () => {
        over()
        reject(signal.reason)
      }
      const late = setTimeout(() => {
        over()
        reject(new WorkBusyError())
      }, waitLimitMs)
      signal.addEventListener('abort', leave)
      waiting.add(enter)
    })
  return {
    take: async (signal) => {
      signal.throwIfAborted()
      if (running < atOnceMax) return turn()
      if (waiting.size >= waitingMax) throw new WorkBusyError()
      return wait(signal)
    },
    counts: () => ({ running, waiting: waiting.size }),
  }
}
