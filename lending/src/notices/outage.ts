import type { Delivered } from './deliver.ts'
import { probeAfterMs } from './ramp.ts'

/** How it goes with the notice service, as a sender knows it. Times are milliseconds. */
export type Going =
  | {
      readonly state: 'well'
      readonly since: number | undefined
      /** Letters whose outcome was unknown since one was taken or refused. */
      readonly unknown: ReadonlySet<string>
    }
  | { readonly state: 'away'; readonly failures: number; readonly probeAt: number }

/** Before the first letter. */
export const goingWell = { state: 'well', since: undefined, unknown: new Set() } as const satisfies Going

/** So many letters with unknown outcomes in a row, and the service counts as away. One letter alone is its own fault. */
const unknownMax = 5

/** Whether a letter may be tried now. */
export function mayTry(going: Going, now: number): boolean {
  return going.state === 'well' || now >= going.probeAt
}

/** A letter that was tried, and what came of it. */
export type Tried = { readonly id: string; readonly outcome: Delivered['outcome'] }

/** How it goes after a try. The service works if it took the letter or refused it for good. */
export function afterTry(going: Going, { id, outcome }: Tried, now: number): Going {
  const isTaken = outcome === 'sent' || outcome === 'refused'
  if (going.state === 'away') return isTaken ? { ...goingWell, since: now } : away(going.failures + 1, now)
  if (isTaken) return { ...going, unknown: goingWell.unknown }
  const unknown = new Set(going.unknown).add(id)
  return outcome === 'unavailable' || unknown.size >= unknownMax ? away(1, now) : { ...going, unknown }
}

function away(failures: number, now: number): Going {
  return { state: 'away', failures, probeAt: now + probeAfterMs(failures) }
}
