import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { Clock } from '../src/clock.ts'

/** A clock that stands until it is turned. */
export type VirtualClock = Clock & {
  /** Turns it on, timer by timer, and lets everything run that each one lets run. */
  readonly turn: (ms: number) => Promise<void>
  /** Turns it on at once, as when the event loop stood still: the timers that are set then fire late. */
  readonly stall: (ms: number) => Promise<void>
  /** Timers that are set. */
  readonly set: () => number
}

/** A clock at 0. */
export function virtualClock(): VirtualClock {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  let now = 0

  function fireNext(until: number): boolean {
    const [next] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
    if (!next) return false
    timers.delete(next)
    now = Math.max(now, next.at)
    next.run()
    return true
  }
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + Math.max(0, ms), run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async turn(ms) {
      const until = now + ms
      await turnOfTheLoop()
      while (fireNext(until)) await turnOfTheLoop()
      now = until
    },
    async stall(ms) {
      now += ms
      for (const timer of [...timers].filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at)) {
        if (timers.delete(timer)) timer.run()
        await turnOfTheLoop() // As between two timers of Node: what the first one lets run, runs.
      }
    },
    set: () => timers.size,
  }
}
