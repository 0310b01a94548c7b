import type { OverCeiling } from './ceiling.ts'
import type { Difference, Some } from './difference.ts'
import type { Breach } from './floor.ts'
import type { State } from './state.ts'

/** Why the rows of a plan must not be touched. */
export type PlanRefusal =
  | { readonly refused: 'nothing-found' }
  | { readonly refused: 'over-ceiling'; readonly over: OverCeiling }
  | {
      readonly refused: 'in-the-way'
      readonly obstacles: readonly ({ readonly obstacle: string } & Some)[]
    }
  | { readonly refused: 'under-floor'; readonly breaches: readonly Breach[] }

/** Why an operation was not begun, or ended before it was done. It is kept with the operation. */
export type Ending =
  | PlanRefusal
  | { readonly refused: 'set-changed'; readonly difference: Difference }
  | { readonly refused: 'unhealthy'; readonly because: string }
  | { readonly refused: 'stopped'; readonly by: string; readonly because: string }
  | { readonly refused: 'code-wrong'; readonly triesLeft: number }
  | { readonly refused: 'expired' }

/** The same without what may name somebody: which rows, and what a person typed. Codes and counts stay. */
export function withoutPeople<Told extends Refusal>(told: Told): Refusal {
  const some = ({ count }: Some): Some => ({ count, ids: [], labels: [] })
  switch (told.refused) {
    case 'in-the-way': {
      const obstacles = told.obstacles.map((each) => ({ ...some(each), obstacle: each.obstacle }))
      return { refused: told.refused, obstacles }
    }
    case 'set-changed':
    case 'changed-since': {
      const { added, gone, changed } = told.difference
      const difference = { added: some(added), gone: some(gone), changed: some(changed) }
      return { refused: told.refused, difference }
    }
    case 'under-floor':
      return { refused: told.refused, breaches: [] }
    case 'unhealthy':
      return { refused: told.refused, because: '' }
    case 'stopped':
      return { refused: told.refused, by: told.by, because: '' }
    default:
      return told
  }
}

/** All that the guard may answer in place of doing. */
export type Refusal =
  | Ending
  | { readonly refused: 'operation-unknown' }
  | { readonly refused: 'id-reused' }
  | { readonly refused: 'not-now'; readonly state: State }
  | { readonly refused: 'not-the-requester'; readonly requestedBy: string }
  | { readonly refused: 'second-person-same' }
  | { readonly refused: 'approval-missing' }
  | { readonly refused: 'permission-gone'; readonly of: string }
  | { readonly refused: 'approved-already'; readonly approvedBy: string }
  | { readonly refused: 'codes-used-up' }
  | { readonly refused: 'code-not-sent'; readonly because: string }
  | { readonly refused: 'code-expired'; readonly triesLeft: number }
  | { readonly refused: 'phrase-wrong' }
  | { readonly refused: 'no-way-back'; readonly until: Date | null }
  | { readonly refused: 'changed-since'; readonly difference: Difference }
