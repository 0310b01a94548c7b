import { timeWindow } from './time-window.ts'

/** When to leave a dependency alone, and how to come back to it. */
export type BreakerRule = {
  /** Only what ended within this time counts. */
  readonly windowMs: number
  /** Fewer calls than this in the window say nothing. */
  readonly callsMin: number
  /** This many of a hundred failed: it opens. */
  readonly failedPercent: number
  /** How long nobody asks. */
  readonly openMs: number
  /** So many calls must then succeed, and no more than these are let through. */
  readonly probes: number
  /** From the last good probe on, calls at once grow from `probes` to all in this time. */
  readonly rampMs: number
}

/** Where a breaker stands. */
export type BreakerState =
  | { readonly is: 'closed' }
  | { readonly is: 'open'; readonly until: number }
  | { readonly is: 'half-open'; readonly out: number; readonly good: number }
  | { readonly is: 'ramping'; readonly since: number }

/** What one call tells the breaker. `ignored`: it says nothing of the dependency. */
export type Heard = 'good' | 'bad' | 'ignored'

/** A breaker. It has no timer and asks no clock. */
export type Breaker = {
  readonly state: () => BreakerState
  /** Says whether a call may begin now, and lets it begin. `wait` is for a place; `refuse` is at once. */
  readonly ask: (now: number, running: number) => { readonly go: number } | 'wait' | 'refuse'
  /** Takes in how a call ended that was begun by this `go`. One of an earlier state is not heard. */
  readonly hear: (go: number, heard: Heard, now: number) => void
}

/** A closed breaker for at most this many calls at once. */
export function newBreaker(
  rule: BreakerRule,
  { atOnceMax, onChange }: { readonly atOnceMax: number; readonly onChange: (state: BreakerState) => void },
): Breaker {
  const window = timeWindow(rule.windowMs)
  let state: BreakerState = { is: 'closed' }
  let current = { go: 0 } // Its number changes whenever what is under way no longer counts.

  function become(next: BreakerState): void {
    const isSame = next.is === state.is
    state = next
    if (!isSame) onChange(next)
  }
  function open(now: number): void {
    window.empty()
    current = { go: current.go + 1 }
    become({ is: 'open', until: now + rule.openMs })
  }
  function probe(running: number): { readonly go: number } | 'refuse' {
    if (state.is !== 'half-open') return 'refuse'
    if (state.out + state.good >= rule.probes || running >= atOnceMax) return 'refuse'
    become({ ...state, out: state.out + 1 })
    return current
  }
  function places(now: number): number {
    if (state.is !== 'ramping') return atOnceMax
    const share = (now - state.since) / rule.rampMs
    if (share < 1) return rule.probes + Math.floor((atOnceMax - rule.probes) * share)
    become({ is: 'closed' })
    return atOnceMax
  }
  function hearProbe(was: { readonly out: number; readonly good: number }, heard: Heard, now: number): void {
    const good = was.good + (heard === 'good' ? 1 : 0)
    if (heard === 'bad') open(now)
    else if (good === rule.probes) become({ is: 'ramping', since: now })
    else become({ is: 'half-open', out: was.out - 1, good })
  }
  function hearCall(isBad: boolean, now: number): void {
    window.add(now, isBad)
    if (!isBad) return
    const { calls, failed } = window.sum(now)
    if (calls >= rule.callsMin && failed * 100 >= rule.failedPercent * calls) open(now)
  }

  return {
    state: () => state,
    ask(now, running) {
      if (state.is === 'open') {
        if (now < state.until) return 'refuse'
        become({ is: 'half-open', out: 0, good: 0 })
      }
      if (state.is === 'half-open') return probe(running)
      return running < places(now) ? current : 'wait'
    },
    hear(go, heard, now) {
      if (go !== current.go) return
      if (state.is === 'half-open') hearProbe(state, heard, now)
      else if (heard !== 'ignored') hearCall(heard === 'bad', now)
    },
  }
}
