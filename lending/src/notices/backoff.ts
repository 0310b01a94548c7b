/** A letter is tried so often, then it is dead and waits for a person: about a day on average, two at most. */
export const triesMax = 12

const firstMs = 2 * 60_000
const longestMs = 12 * 60 * 60_000

/**
 * How long a letter waits after it was tried so often: anything up to a limit that doubles, so that those which failed
 * together do not come again together. `chance` is from 0 up to 1; a longer wait that the service asked for counts.
 */
export function waitMs({
  tries,
  chance,
  askedMs = 0,
}: {
  readonly tries: number
  readonly chance: number
  readonly askedMs?: number
}): number {
  const limitMs = Math.min(longestMs, firstMs * 2 ** Math.max(0, tries - 1))
  return Math.max(Math.round(limitMs * chance), Math.min(askedMs, longestMs))
}
