import { admit, type Bounds, learned, mayStart, patienceMs } from './admission.ts'

/** Where a request stands; left exactly once, at its end or when its client has gone. */
export type Place = {
  /** Takes back what it holds: its turn, or its place among those who wait. */
  readonly leave: () => void
}

/** How many of a class are begun and how many wait, and how many were refused since the start. */
export type TurnstileCounts = { readonly running: number; readonly waiting: number; readonly refused: number }

/** The one way in for the requests of a class. */
export type Turnstile = {
  /** Calls `enter` now or in a later turn, or `refused`, with the wait that was reckoned with: one of them, once. */
  readonly come: (enter: () => void, refused: (estimateMs: number) => void) => Place
  /** Refuses whoever comes now, if it has to: with the wait that was reckoned with. */
  readonly refusal: () => number | undefined
  readonly counts: () => TurnstileCounts
  /** How many were begun so lately that they may want a processor: what takes longer mostly waits for a client or a lock. */
  readonly atWork: () => number
  /** Lets in whoever may begin by now and refuses whoever has waited too long, although nobody has left. */
  readonly look: () => void
}

/** What a turnstile knows of the world. */
export type World = {
  /** Milliseconds that only go forward. */
  readonly now: () => number
  /** By how much the event loop is late. */
  readonly lagMs: () => number
  /** Runs this in the next turn of the event loop. */
  readonly nextTurn: (work: () => void) => void
  /** How many of this class may run beside those who go first and are at work now. Default: as many as the bounds say. */
  readonly room?: () => number
}

type Waiting = {
  readonly since: number
  readonly start: () => void
  readonly drop: (waitedMs: number) => void
}

type Begun = { readonly at: number }

/** Before anything was measured. */
const serviceMsFirst = 5
/** A queue that has not been empty for so long stands. Source: B. Maurer, Fail at Scale, ACM Queue 13 (8), 2015. */
const standsAfterMs = 1_000
/** After so long without a beginning one is begun, whoever else is at work: a desk that hangs must not stop the searches. */
const heldMaxMs = 50
/** What is not done after so long is not at work: a checkout takes some milliseconds. */
const atWorkMaxMs = 100

/** Opens the way in for one class. */
export function openTurnstile(bounds: Bounds, world: World): Turnstile {
  const crowd = openCrowd(bounds, world)
  let refusedSoFar = 0
  return {
    look: crowd.letIn,
    atWork: crowd.atWork,
    refusal: () => {
      const answer = admit(bounds, crowd.standing(), world.lagMs())
      if (answer.verdict !== 'refuse') return undefined
      refusedSoFar += 1
      return answer.estimateMs
    },
    counts: () => {
      const { running, waiting } = crowd.standing()
      return { running, waiting, refused: refusedSoFar }
    },
    come: (enter, refused) => {
      let leave: () => void = nothing
      const place = {
        leave: () => {
          const was = leave
          leave = nothing
          was()
        },
      }
      const start = () => {
        const begun = crowd.begin()
        leave = () => crowd.end(begun)
        enter()
      }
      const refuse = (estimateMs: number) => {
        leave = nothing
        refusedSoFar += 1
        refused(estimateMs)
      }
      const answer = admit(bounds, crowd.standing(), world.lagMs())
      if (answer.verdict === 'start') start()
      else if (answer.verdict === 'refuse') refuse(answer.estimateMs)
      else leave = crowd.wait({ since: world.now(), start, drop: refuse })
      return place
    },
  }
}

const nothing = () => undefined

/** Those who wait, the first in front, and for how long there has been somebody. */
function openLine(now: World['now']) {
  const waiting = new Set<Waiting>()
  let since: number | undefined
  return {
    waiting: waiting as ReadonlySet<Waiting>,
    hasStood: () => since !== undefined && now() - since > standsAfterMs,
    join: (one: Waiting) => {
      waiting.add(one)
      since ??= now()
    },
    leave: (one: Waiting) => {
      waiting.delete(one)
      if (waiting.size === 0) since = undefined
    },
  }
}

/** Those who are begun. */
function openRunning(now: World['now']) {
  const running = new Set<Begun>()
  return {
    count: () => running.size,
    atWork: () => {
      let count = 0
      for (const { at } of running) if (now() - at <= atWorkMaxMs) count += 1
      return count
    },
    begin: (): Begun => {
      const begun = { at: now() }
      running.add(begun)
      return begun
    },
    /** Gives the time that it took. */
    end: (begun: Begun): number => {
      running.delete(begun)
      return now() - begun.at
    },
  }
}

/** Those of a class who are begun and who wait. */
function openCrowd(bounds: Bounds, { now, nextTurn, room }: Pick<World, 'now' | 'nextTurn' | 'room'>) {
  const line = openLine(now)
  const running = openRunning(now)
  let startedThisTurn = 0
  let serviceMs = serviceMsFirst
  let paceMs = 0
  /** When the last one ended, if others waited then. */
  let pacedFrom: number | undefined
  let isTurnWatched = false
  let begunAt = now()
  const roomNow = () => (!room || now() - begunAt > heldMaxMs ? bounds.runningMax : room())
  const standing = () => ({
    running: running.count(),
    roomNow: roomNow(),
    waiting: line.waiting.size,
    hasStood: line.hasStood(),
    startedThisTurn,
    serviceMs,
    paceMs,
  })
  const watchTurn = () => {
    if (isTurnWatched) return
    isTurnWatched = true
    nextTurn(() => {
      isTurnWatched = false
      startedThisTurn = 0
      letIn()
    })
  }
  const letIn = () => {
    for (const first of line.waiting) {
      const waitedMs = now() - first.since
      const stands = standing()
      const isTooLate = waitedMs > patienceMs(bounds, stands)
      if (!isTooLate && !mayStart(bounds, stands)) return
      line.leave(first)
      if (isTooLate) first.drop(waitedMs)
      else first.start()
    }
  }
  return {
    standing,
    letIn,
    atWork: running.atWork,
    /** Gives what is to be ended. */
    begin: (): Begun => {
      startedThisTurn += 1
      watchTurn()
      const begun = running.begin()
      begunAt = begun.at
      return begun
    },
    end: (begun: Begun) => {
      const at = now()
      serviceMs = learned(serviceMs, running.end(begun))
      if (pacedFrom !== undefined) paceMs = learned(paceMs, at - pacedFrom)
      pacedFrom = line.waiting.size > 0 ? at : undefined
      letIn()
    },
    /** Gives the way out. */
    wait: (one: Waiting) => {
      line.join(one)
      watchTurn()
      return () => line.leave(one)
    },
  }
}
