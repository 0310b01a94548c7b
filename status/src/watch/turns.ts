import { setTimeout as pause } from 'node:timers/promises'

/** Wakes those who wait for something new. */
export type Bell = { readonly ring: () => void; readonly next: () => Promise<void> }

/** Makes a bell. Who takes `next` before looking misses nothing. */
export function bell(): Bell {
  let coming = Promise.withResolvers<void>()
  return {
    ring: () => {
      const rung = coming
      coming = Promise.withResolvers<void>()
      rung.resolve()
    },
    next: () => coming.promise,
  }
}

/** Waits so long, or until the bell, or until the signal; never rejects. */
export async function rest(ms: number, signal: AbortSignal, rung?: Promise<void>): Promise<void> {
  const ended = new AbortController()
  const paused = pause(ms, undefined, { signal: AbortSignal.any([signal, ended.signal]) }).catch(
    () => undefined,
  )
  await Promise.race(rung ? [paused, rung] : [paused])
  ended.abort()
}

/** Works, rests and works again until the signal. What goes wrong is told, and the next turn comes all the same. */
export async function inTurns(
  { everyMs, signal, fault }: { everyMs: number; signal: AbortSignal; fault: (error: unknown) => void },
  work: () => void | Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (error) {
      fault(error)
    }
    await rest(everyMs, signal)
  }
}
