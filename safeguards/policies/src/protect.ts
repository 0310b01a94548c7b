import assert from 'node:assert/strict'
import { type BreakerRule, type BreakerState, type Heard, newBreaker } from './breaker.ts'
import { CallError, type CallErrorCode, type Kind } from './call-error.ts'
import { type Clock, processClock } from './clock.ts'
import { type Deadline, type Ended, type Limits, tryOnce } from './deadline.ts'
import { type Entered, newGate } from './gate.ts'
import { pauseMs, type RetryRule, retryBudget } from './retry.ts'

/** What is known of a dependency, and what it may cost. */
export type Protection = {
  /** Says of each error of a call what it is. It sees only errors of the call itself. */
  readonly classify: (error: unknown) => Kind
  /** Calls under way at once. */
  readonly atOnceMax: number
  /** Calls that wait for a place. 0: nobody waits. */
  readonly waitingMax: number
  /** A try that takes longer is given up, so that there is time for another. Left out: the deadline alone. */
  readonly tryMs?: number
  readonly retry?: Partial<RetryRule>
  readonly breaker?: Partial<BreakerRule>
  /** Told of each change of the breaker, after it, for a log or a metric. */
  readonly onChange?: (state: BreakerState['is']) => void
  readonly clock?: Clock
  /** 0 up to, not with, 1. */
  readonly random?: () => number
}

/** What one call says of itself. */
export type Asked = {
  readonly deadline: Deadline
  /** Doing it twice is safe. Otherwise it is not tried again once it may have been done. */
  readonly repeatable?: boolean
}

/** A dependency behind its protection. */
export type Protected = {
  readonly call: <T>(call: (limits: Limits) => Promise<T>, asked: Asked) => Promise<T>
  readonly state: () => {
    readonly breaker: BreakerState['is']
    readonly running: number
    readonly waiting: number
  }
}

const defaultRetry: RetryRule = {
  triesMax: 3,
  firstPauseMs: 100,
  longestPauseMs: 2_000,
  budgetPercent: 10,
  reserve: 10,
}
const defaultBreaker: BreakerRule = {
  windowMs: 30_000,
  callsMin: 10,
  failedPercent: 50,
  openMs: 10_000,
  probes: 3,
  rampMs: 10_000,
}

const refusals = {
  open: 'CALL_REFUSED_OPEN',
  full: 'CALL_REFUSED_FULL',
  deadline: 'CALL_DEADLINE',
  aborted: 'CALL_ABORTED',
} as const satisfies Record<Exclude<Entered, object>, CallErrorCode>

/** Puts a dependency that may be slow or dead behind places, a breaker and a retry budget of its own. */
export function protect(name: string, protection: Protection): Protected {
  const { classify, atOnceMax, waitingMax, tryMs, onChange } = protection
  const { clock = processClock, random = Math.random } = protection
  const retry = { ...defaultRetry, ...protection.retry }
  const rule = { ...defaultBreaker, ...protection.breaker }
  check({ ...retry, ...rule, atOnceMax, waitingMax, tryMs: tryMs ?? 1 })
  const tell = (state: BreakerState) => queueMicrotask(() => onChange?.(state.is))
  const breaker = newBreaker(rule, { atOnceMax, onChange: onChange ? tell : () => {} })
  const gate = newGate(breaker, { waitingMax, clock })
  const budget = retryBudget(retry)

  async function call<T>(run: (limits: Limits) => Promise<T>, asked: Asked): Promise<T> {
    const { deadline, repeatable = false } = asked
    let mayBeDone = false
    let cause: unknown
    const error = (code: CallErrorCode, kind: Kind, tries: number) =>
      new CallError(name, {
        code,
        kind: mayBeDone && kind !== 'self-inflicted' ? 'unknown-outcome' : kind,
        tries,
        cause,
      })

    for (let tries = 1; ; tries += 1) {
      const asking = gate.enter(deadline)
      let entered = asking instanceof Promise ? await asking : asking
      // Between getting a place and going in, others that were let in may have kept the process busy.
      if (typeof entered !== 'string' && asking instanceof Promise && clock.now() >= deadline.at) {
        gate.leave(entered.go, 'ignored')
        entered = 'deadline'
      }
      if (typeof entered === 'string') throw error(refusals[entered], 'transient', tries - 1)
      if (tries === 1) budget.earn()

      const at = tryMs === undefined ? deadline.at : Math.min(deadline.at, clock.now() + tryMs)
      const ended = await tryOnce(run, { at, signal: deadline.signal, clock })
      let heard: Heard = 'ignored' // So it stays if the classifier throws, which is a bug: no place is lost by it.
      let kind: Kind = 'unknown-outcome'
      try {
        if (ended.how !== 'answered') kind = kindOf(ended, classify)
        heard = heardOf(ended, kind)
      } finally {
        gate.leave(entered.go, heard)
      }
      if (ended.how === 'answered') return ended.value

      if (ended.how === 'failed') cause = ended.error
      const isUnsure = kind === 'unknown-outcome' || kind === 'self-inflicted'
      mayBeDone ||= isUnsure
      const failure = error(codes[ended.how], kind, tries)
      const mayRepeat = kind === 'transient' || (isUnsure && repeatable)
      if (ended.how === 'aborted' || !mayRepeat || tries === retry.triesMax) throw failure
      if (breaker.state().is === 'open') throw failure
      const waitMs = pauseMs(retry, { tries, random })
      if (clock.now() + waitMs >= deadline.at || !budget.spend()) throw failure
      await pause(waitMs, { signal: deadline.signal, clock })
    }
  }

  return { call, state: () => ({ breaker: breaker.state().is, ...gate.count() }) }
}

const codes = { failed: 'CALL_FAILED', deadline: 'CALL_DEADLINE', aborted: 'CALL_ABORTED' } as const

/** What the end of a try is to the caller. */
function kindOf(ended: Exclude<Ended<unknown>, { how: 'answered' }>, classify: Protection['classify']): Kind {
  if (ended.how === 'failed') return classify(ended.error)
  return ended.how === 'deadline' && ended.stalled ? 'self-inflicted' : 'unknown-outcome'
}

/** What the end of a try says of the dependency. That it answers is all that the breaker asks. */
function heardOf(ended: Ended<unknown>, kind: Kind): Heard {
  if (ended.how === 'answered') return 'good'
  if (ended.how === 'aborted') return 'ignored'
  if (ended.how === 'failed' && kind === 'permanent') return 'good'
  return ended.stalled || kind === 'self-inflicted' ? 'ignored' : 'bad'
}

/** Ends early when the caller gives up; the gate then says so. */
function pause(
  ms: number,
  { signal, clock }: { readonly signal: AbortSignal | undefined; readonly clock: Clock },
): Promise<void> {
  return new Promise((resolve) => {
    const unset = clock.after(ms, end)
    function end(): void {
      unset()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end)
  })
}

type Numbers = RetryRule &
  BreakerRule & { readonly atOnceMax: number; readonly waitingMax: number; readonly tryMs: number }

function check(settings: Numbers): void {
  const wrong = Object.entries(settings).filter(([name, value]) => {
    const least = ['waitingMax', 'firstPauseMs', 'budgetPercent', 'reserve'].includes(name) ? 0 : 1
    const isCount = !name.endsWith('Ms') && !name.endsWith('Percent')
    return !(value >= least) || (isCount && !Number.isInteger(value))
  })
  assert.deepEqual(wrong, [], 'These settings of a protection are too small, or parts of a whole.')
  const { probes, atOnceMax, failedPercent } = settings
  assert.ok(probes <= atOnceMax, `${probes} probes need as many places, and there are ${atOnceMax}.`)
  assert.ok(failedPercent <= 100, `A breaker that opens at ${failedPercent}% failed never opens.`)
}
