/** What time it is and how to be woken. Given to `protect`, so that a test can turn it by hand. */
export type Clock = {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  /** Runs this once, that many milliseconds from now; what it gives back takes it back. */
  readonly after: (ms: number, run: () => void) => () => void
}

/** The clock of the process. It is not the wall clock, which jumps. */
export const processClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.max(0, Math.ceil(ms)))
    return () => clearTimeout(timer)
  },
}
