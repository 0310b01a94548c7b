import type { Playable } from './drill.ts'

/** As many drills that are judged by counts are played at once: each has parts of its own, and a small machine two processors. */
const lanes = 2

/**
 * Plays these drills: first those that are judged by counts, two at a time, then those judged by waits, each alone. What was
 * begun is played to its end; after `signal` nothing is begun. What comes of each is given in the order in which they were begun.
 */
export async function playAll<Played>(
  drills: readonly Playable[],
  { play, signal }: { readonly play: (drill: Playable) => Promise<Played>; readonly signal: AbortSignal },
): Promise<readonly Played[]> {
  const played: Promise<Played>[] = []
  const lane = async (waiting: Iterable<Playable>) => {
    for (const drill of waiting) {
      if (signal.aborted) return
      const one = play(drill)
      played.push(one)
      await one
    }
  }
  const { counts, waits } = byWhatTheyAreJudged(drills)
  // One row for both lanes: who is done takes the next.
  const row = counts.values()
  await Promise.all(Array.from({ length: lanes }, () => lane(row)))
  await lane(waits)
  return Promise.all(played)
}

/** The two kinds, each in the order in which they were given. */
export function byWhatTheyAreJudged(
  drills: readonly Playable[],
): Readonly<Record<'counts' | 'waits', readonly Playable[]>> {
  return {
    counts: drills.filter(({ judgedBy }) => judgedBy === 'counts'),
    waits: drills.filter(({ judgedBy }) => judgedBy === 'waits'),
  }
}
