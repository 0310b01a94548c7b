import type { Shift } from './desks.ts'

/** The least share of all who came to a desk that was served, of an act that is to show that no harm was done. */
const servedShareMin = 0.5

/** An act in which hardly anybody was served says nothing of the harm that was not done to them: it throws. */
export function served(shift: Shift): Shift {
  const { asked, done, refused, failed } = shift
  if (asked > 0 && done >= asked * servedShareMin) return shift
  throw new Error(
    `The desks served ${done} of ${asked} (refused ${JSON.stringify(refused)}, failed ${failed}): this act shows nothing.`,
  )
}
