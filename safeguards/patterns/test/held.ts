import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long this thread did not turn: on the processor by its own doing, and by the clock with all the neighbours'. */
export type Held = { readonly processorMs: number; readonly clockMs: number }

const everyMs = 2

/** Watches from now on; call what it gives to hear the worst. */
export function watchLoop(): () => Held {
  const delay = monitorEventLoopDelay({ resolution: everyMs })
  delay.enable()
  let worst = 0
  let before = process.threadCpuUsage()
  const look = () => {
    const now = process.threadCpuUsage()
    worst = Math.max(worst, now.user + now.system - before.user - before.system)
    before = now
  }
  const looking = setInterval(look, everyMs)
  return () => {
    look()
    clearInterval(looking)
    delay.disable()
    return { processorMs: worst / 1_000, clockMs: delay.max / 1e6 }
  }
}

/** Counts how often this thread turns, until it is disposed of. */
export function countTurns(): Disposable & { readonly turns: () => number } {
  let turns = 0
  let going = true
  const turn = () => {
    turns += 1
    if (going) setImmediate(turn)
  }
  turn()
  return {
    turns: () => turns,
    [Symbol.dispose]() {
      going = false
    },
  }
}
