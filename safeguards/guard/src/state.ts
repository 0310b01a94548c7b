/** Where an operation stands. `done` and `failed` can be undone while their way back is open. */
export type State =
  | 'planned'
  | 'armed'
  | 'executing'
  | 'done'
  | 'failed'
  | 'expired'
  | 'refused'
  | 'undoing'
  | 'undone'

/** Which state may follow which. The trigger in `schema.sql` holds the same table. */
const next: Readonly<Record<State, readonly State[]>> = {
  planned: ['armed', 'expired', 'refused'],
  armed: ['executing', 'expired', 'refused'],
  executing: ['done', 'failed', 'refused'],
  done: ['undoing'],
  failed: ['undoing'],
  expired: [],
  refused: [],
  undoing: ['undone'],
  undone: [],
}

/** All states, in the order of a life. */
export const states = Object.keys(next) as readonly State[]

/** Whether an operation may go from one state to the other. Staying is always allowed. */
export function mayGo({ from, to }: { readonly from: State; readonly to: State }): boolean {
  return from === to || next[from].includes(to)
}
