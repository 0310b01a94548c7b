import assert from 'node:assert/strict'
import { type Clock, processClock } from './clock.ts'

/** A moment by which a call is over, queue, retries and all; and who may give up sooner. */
export type Deadline = {
  /** By the clock that `protect` was given. */
  readonly at: number
  /** Aborted when the caller no longer wants the answer. */
  readonly signal: AbortSignal | undefined
}

const longestMs = 2 ** 31 - 1 // A longer timer of Node fires at once.

/** A deadline that many milliseconds from now. Make it once, where the request comes in, and hand it on. */
export function deadlineIn(
  ms: number,
  { signal, clock = processClock }: { readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Deadline {
  assert.ok(ms >= 0 && ms <= longestMs, `A deadline lies 0 to ${longestMs} ms ahead, not ${ms}.`)
  return { at: clock.now() + ms, signal }
}

/** What a try is given: hand the signal to whatever can be aborted, and the time to whoever asks how long. */
export type Limits = {
  readonly signal: AbortSignal
  /** What is left of the deadline when it is read. */
  readonly remainingMs: number
}

/** How a try ended. `stalled` says that this process itself stood still over the deadline. */
export type Ended<T> =
  | { readonly how: 'answered'; readonly value: T }
  | { readonly how: 'failed'; readonly error: unknown; readonly stalled: boolean }
  | { readonly how: 'deadline'; readonly stalled: boolean }
  | { readonly how: 'aborted' }

/** A timer that fires later than this finds that the event loop stood still. */
export const lateMs = 50

/** What an answer that waits unread in a socket gets after a stall, once. */
export const graceMs = 250

/**
 * One try, which ends at the deadline even if the call does not heed its signal. It never throws.
 *
 * After a stall Node runs timers before it reads sockets, so that each call in flight would be declared dead with
 * its answer already here. So a deadline that fires late is set once more, with a grace.
 */
export function tryOnce<T>(
  call: (limits: Limits) => Promise<T>,
  { at, signal, clock }: Deadline & { readonly clock: Clock },
): Promise<Ended<T>> {
  return new Promise((resolve) => {
    const limits = new TryLimits({ at, clock })
    let graced = false
    let over = false
    const isLate = () => clock.now() - at > lateMs

    function end(ended: Ended<T>): void {
      if (over) return
      over = true
      unset()
      signal?.removeEventListener('abort', abort)
      resolve(ended)
    }
    function endBy(ended: Ended<T>, reason: unknown): void {
      end(ended)
      limits.cut(reason)
    }
    function abort(): void {
      endBy({ how: 'aborted' }, signal?.reason)
    }
    function fire(): void {
      if (!graced && isLate()) {
        graced = true
        unset = clock.after(graceMs, fire)
      } else {
        endBy(
          { how: 'deadline', stalled: graced },
          new DOMException('The deadline has passed.', 'TimeoutError'),
        )
      }
    }

    let unset = clock.after(at - clock.now(), fire)
    signal?.addEventListener('abort', abort)
    const failed = (error: unknown) => end({ how: 'failed', error, stalled: graced || isLate() })
    if (signal?.aborted) return abort()
    try {
      call(limits).then((value) => end({ how: 'answered', value }), failed)
    } catch (error) {
      failed(error)
    }
  })
}

/** A class for its getters, which cost a fraction of those of a plain object: one is made for each try. */
class TryLimits implements Limits {
  readonly #until: { readonly at: number; readonly clock: Clock }
  #controller: AbortController | undefined
  #cut: { readonly reason: unknown } | undefined

  constructor(until: { readonly at: number; readonly clock: Clock }) {
    this.#until = until
  }

  /** Made when it is asked for: a call that has no use for it does not pay for it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#cut) this.#controller.abort(this.#cut.reason)
    return this.#controller.signal
  }

  get remainingMs(): number {
    return Math.max(0, this.#until.at - this.#until.clock.now())
  }

  cut(reason: unknown): void {
    this.#cut = { reason }
    this.#controller?.abort(reason)
  }
}
