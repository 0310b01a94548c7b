/** What one class of requests may take of the process. */
export type Bounds = {
  /** At most so many are worked on at once. */
  readonly runningMax: number
  /** At most so many wait for their turn. */
  readonly waitingMax: number
  /** Who would wait longer is refused at once. */
  readonly waitMs: number
  /** The same while a queue stands: by then it is no burst, and to wait in it brings nobody in sooner. Default: `waitMs`. */
  readonly standingWaitMs?: number
  /** At most so many are begun in one turn of the event loop: one poll can bring hundreds. */
  readonly startsATurn: number
}

/** How a class stands when a request of it comes. */
export type Standing = {
  readonly running: number
  /** So many may run for now, because those who go first are at work; never more than `runningMax`. */
  readonly roomNow: number
  readonly waiting: number
  /** Whether some have waited all the time for so long that it is no burst any more. */
  readonly hasStood: boolean
  readonly startedThisTurn: number
  /** What one takes, as measured. */
  readonly serviceMs: number
  /** How long after one the next ended while others waited, as measured: the pace where they share a processor. */
  readonly paceMs: number
}

/** What becomes of a request: begun now, told to wait, or refused with the wait that it would have had. */
export type Verdict =
  | { readonly verdict: 'start' }
  | { readonly verdict: 'wait' }
  | { readonly verdict: 'refuse'; readonly estimateMs: number }

/** What a request would wait: for the event loop, and for those of its class that are before it. */
export function estimatedWaitMs(bounds: Bounds, standing: Standing, lagMs: number): number {
  const before = standing.waiting + Math.max(0, standing.running + 1 - bounds.runningMax)
  return lagMs + before * Math.max(standing.serviceMs / bounds.runningMax, standing.paceMs)
}

/** What may be waited now. */
export function patienceMs(bounds: Bounds, { hasStood }: Pick<Standing, 'hasStood'>): number {
  return hasStood ? (bounds.standingWaitMs ?? bounds.waitMs) : bounds.waitMs
}

/** Decides at the arrival of a request, before anything is done for it. */
export function admit(bounds: Bounds, standing: Standing, lagMs: number): Verdict {
  // Whoever is alone in their class is not what the process is busy with, and one of each class always goes on.
  if (standing.running + standing.waiting === 0) {
    return { verdict: standing.startedThisTurn < bounds.startsATurn ? 'start' : 'wait' }
  }
  const estimateMs = estimatedWaitMs(bounds, standing, lagMs)
  if (estimateMs > patienceMs(bounds, standing)) return { verdict: 'refuse', estimateMs }
  if (standing.waiting === 0 && mayStart(bounds, standing)) return { verdict: 'start' }
  if (standing.waiting >= bounds.waitingMax) return { verdict: 'refuse', estimateMs }
  return { verdict: 'wait' }
}

/** Whether one more may be begun in this turn. */
export function mayStart(bounds: Bounds, { running, roomNow, startedThisTurn }: Standing): boolean {
  return running < Math.min(bounds.runningMax, roomNow) && startedThisTurn < bounds.startsATurn
}

/** The newest tenth of what was measured counts as much as all before it. */
const newestShare = 0.1

/** What was learned, after one more was measured. */
export function learned(knownMs: number, tookMs: number): number {
  return knownMs + newestShare * (tookMs - knownMs)
}
