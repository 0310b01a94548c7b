import type pg from 'pg'
import type { PoolOptions } from './connecting.ts'

/**
 * A connection is closed at the end of a use when it is older than this, so that none is pinned to a server that lost its
 * part. At a time of its own, and never so soon after another of its pool: those of one busy moment go one by one.
 */
const lifetimeMs = { least: 20 * 60_000, most: 40 * 60_000 }
const betweenMs = 100_000
/** Where sessions are lost one after another, as on a server that stays read-only, one counts for the others in so long, in milliseconds. */
const lossesApartMs = 10_000

/** The pool's own part: what is there, and what comes. */
type Pool = Pick<pg.Pool, 'on' | 'connect' | 'totalCount' | 'idleCount' | 'waitingCount'>

/** Knows of each connection of a pool since when it is there, and whether another one was lost since. */
export type PoolAge = {
  /** Whether another was lost since this one was made: a server that is gone without a word takes all with it, and of those that idle nobody has noticed. */
  readonly isDoubtful: (connection: pg.ClientBase) => boolean
  /** This one is lost, and says something of those that are as old. */
  readonly lost: (connection: pg.ClientBase) => void
  /** Whether this one is to be closed now for its age; true of one of the pool in `betweenMs`. */
  readonly isDue: (connection: pg.ClientBase) => boolean
  /** Makes one anew for each that is missing of so many, as far as they are kept: behind whoever asks meanwhile. */
  readonly refill: (open: number) => void
}

/** Watches the age of what this pool makes from now on. */
export function watchAge(pool: Pool, { connectionsMax, connectionsKept = 0 }: PoolOptions): PoolAge {
  let losses = 0
  let lostAt = Number.NEGATIVE_INFINITY
  let notBefore = 0
  const made = new WeakMap<pg.ClientBase, { readonly losses: number; readonly until: number }>()
  pool.on('connect', (connection) => {
    const until = performance.now() + lifetimeMs.least + Math.random() * (lifetimeMs.most - lifetimeMs.least)
    made.set(connection, { losses, until })
  })
  const isDoubtful = (connection: pg.ClientBase) => made.get(connection)?.losses !== losses
  return {
    isDoubtful,
    lost: (connection) => {
      const now = performance.now()
      if (isDoubtful(connection) || now - lostAt < lossesApartMs) return
      losses += 1
      lostAt = now
    },
    isDue: (connection) => {
      const now = performance.now()
      if (now < notBefore || now < (made.get(connection)?.until ?? 0)) return false
      notBefore = now + betweenMs
      return true
    },
    refill: (open) => {
      setImmediate(() => {
        const missing = Math.min(open, connectionsKept, connectionsMax) - pool.totalCount
        // Whoever waits makes one.
        if (missing <= 0 || pool.waitingCount > 0) return
        // The pool makes a new one only for whom no idle one is left: those are given back at once.
        for (let asked = pool.idleCount + missing; asked > 0; asked -= 1)
          pool.connect().then(
            (connection) => connection.release(),
            () => undefined,
          )
      })
    },
  }
}
