import type { Delivered } from './deliver.ts'
import { probeAfterMs } from './ramp.ts'

/** How it goes with the notice service, as a sender knows it. Times are milliseconds. */
export type Going =
  | {
      readonly state: 'well'
      readonly since: number | undefined
      /** Letters that were put off, or whose outcome was unknown, since one was taken or refused. */
      readonly unsettled: ReadonlySet<string>
    }
  | { readonly state: 'away'; readonly failures: number; readonly probeAt: number }

/** Before the first letter. */
export const goingWell = { state: 'well', since: undefined, unsettled: new Set() } as const satisfies Going

/** So many letters in a row of which none is settled, and the service counts as away. One letter alone is its own fault. */
const unsettledMax = 5

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
  if (isTaken) return { ...going, unsettled: goingWell.unsettled }
  const unsettled = new Set(going.unsettled).add(id)
  return outcome === 'unavailable' || unsettled.size >= unsettledMax ? away(1, now) : { ...going, unsettled }
}

function away(failures: number, now: number): Going {
  return { state: 'away', failures, probeAt: now + probeAfterMs(failures) }
}
