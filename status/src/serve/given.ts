import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'

/** What the routes are given. */
export type Route = {
  readonly store: Store
  readonly config: Config
  readonly clock: () => number
  /** Called when something was heard that the verdict should take in. */
  readonly heard: () => void
}
