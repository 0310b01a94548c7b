import type { Home } from '@bibby/lending/test/bibby-process.ts'
import type { Stage } from './stage.ts'

/**
 * An outage that happened elsewhere, replayed on real parts in two acts that are measured by the same harms. Without the
 * safeguard each harm must happen, or the drill proves nothing; with it none may.
 */
export type Drill<Seen> = {
  /** As its file is called: `2017-s3`. */
  readonly name: string
  /** Who, when, and what went wrong, in one line. */
  readonly outage: string
  /** What stands between the two acts, in one line. */
  readonly safeguard: string
  /** The page that tells what happened then, as the record has it. */
  readonly story: `docs/${string}.md`
  /**
   * What its harms are found by. Drills that are judged by waits are played alone: else a wait could be the work of another
   * drill.
   */
  readonly judgedBy: 'counts' | 'waits'
  /** What is drawn over time. */
  readonly plot: Plot
  readonly harms: readonly Harm<Seen>[]
  readonly unguarded: (lab: Lab) => Promise<Seen>
  readonly guarded: (lab: Lab) => Promise<Seen>
}

/** A harm that people would have felt, found in the same way after either act. */
type Harm<Seen> = {
  /** What must not be, as a noun: `copies that nobody meant to withdraw`. */
  readonly what: string
  readonly isThere: (seen: Seen) => boolean
  /** The figure it was judged by, with its unit. */
  readonly tell: (seen: Seen) => string
}

/** How the measured values of an act are drawn. */
export type Plot = {
  /** What the axis shows, with its unit: `answer of a desk, ms`. */
  readonly axis: string
  /** By factors of ten where good and bad lie far apart. */
  readonly scale: 'linear' | 'log'
  /** `points` for single events, `steps` for a quantity that stays until it changes. */
  readonly series: Readonly<Record<string, 'points' | 'steps'>>
}

/** What an act has to work with. All that is opened in it is closed at its end. */
export type Lab = {
  /** From 0 up to 1, the same row of numbers for the same seed. */
  readonly random: () => number
  /** Starts real Bibbys, each in a process of its own; they are ended with the act. */
  readonly home: () => Promise<Home>
  /** What each act begins with. */
  readonly stage: Stage
  /** Aborted when the act has taken too long. */
  readonly signal: AbortSignal
  /** The stage is set: the act’s time begins here, and not with what was built for it. */
  readonly curtain: () => void
  /** Writes down what happened now. */
  readonly mark: (what: string) => void
  /** Writes down a value of a series now, or at `at` (milliseconds, of `performance.now()`). */
  readonly measure: (series: string, value: number, at?: number) => void
  /** Does this at the act’s end, the last first. */
  readonly atTheEnd: (close: () => Promise<unknown>) => void
}

/** A harm as it was found after an act. */
export type Finding = { readonly what: string; readonly told: string; readonly isThere: boolean }

/** A drill whose acts can be played, whatever it is that they see. */
export type Playable = Omit<Drill<never>, 'harms' | 'unguarded' | 'guarded'> & {
  readonly play: (act: ActName, lab: Lab) => Promise<readonly Finding[]>
}

/** The first act is played without the safeguard, the second with it. */
export type ActName = 'unguarded' | 'guarded'

/** Declares a drill. */
export function drill<Seen>({ harms, unguarded, guarded, ...told }: Drill<Seen>): Playable {
  return {
    ...told,
    play: async (act, lab) => {
      const seen = await (act === 'unguarded' ? unguarded(lab) : guarded(lab))
      return harms.map(({ what, isThere, tell }) => ({ what, told: tell(seen), isThere: isThere(seen) }))
    },
  }
}
