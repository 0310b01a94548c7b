import type { Breaker, Heard } from './breaker.ts'
import type { Clock } from './clock.ts'
import type { Deadline } from './deadline.ts'

/** How a wait for a place ended: `go`, to be given back with `leave`, or why not. */
export type Entered = { readonly go: number } | 'open' | 'full' | 'deadline' | 'aborted'

/** The places for calls: so many under way, so many in the queue, and the breaker beside the door. */
export type Gate = {
  readonly enter: (deadline: Deadline) => Entered | Promise<Entered>
  readonly leave: (go: number, heard: Heard) => void
  readonly count: () => { readonly running: number; readonly waiting: number }
}

type Waiting = { readonly at: number; readonly settle: (entered: Entered) => void }

/** An empty gate. Who comes first goes first; who waits is let off at the deadline, or at once when it opens. */
export function newGate(
  breaker: Breaker,
  { waitingMax, clock }: { readonly waitingMax: number; readonly clock: Clock },
): Gate {
  const queue = new Set<Waiting>()
  let running = 0

  function ask(now: number): Entered | 'wait' {
    const answer = breaker.ask(now, running)
    if (answer === 'refuse') return 'open'
    if (answer !== 'wait') running += 1
    return answer
  }
  function letIn(now: number): void {
    for (const { at, settle } of queue) {
      const answer = at <= now ? 'deadline' : ask(now)
      if (answer === 'wait') break
      settle(answer)
    }
  }
  function wait({ at, signal }: Deadline): Promise<Entered> {
    return new Promise((resolve) => {
      const abort = () => settle('aborted')
      const unset = clock.after(at - clock.now(), () => settle('deadline'))
      function settle(entered: Entered): void {
        queue.delete(waiting)
        unset()
        signal?.removeEventListener('abort', abort)
        resolve(entered)
      }
      const waiting = { at, settle }
      signal?.addEventListener('abort', abort)
      queue.add(waiting)
    })
  }

  return {
    enter(deadline) {
      if (deadline.signal?.aborted) return 'aborted'
      const now = clock.now()
      if (deadline.at <= now) return 'deadline'
      letIn(now) // First who waits: on the ramp a place comes free by itself.
      const answer = ask(now)
      if (answer !== 'wait') return answer
      return queue.size < waitingMax ? wait(deadline) : 'full'
    },
    leave(go, heard) {
      running -= 1
      const now = clock.now()
      breaker.hear(go, heard, now)
      letIn(now)
    },
    count: () => ({ running, waiting: queue.size }),
  }
}
