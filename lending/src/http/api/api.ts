import type { Library } from '../../library.ts'
import type { App } from '../app.ts'
import type { Limits } from '../limits.ts'
import { sessions } from './sessions.ts'

/** What every plugin of the API is given. */
export type ApiServed = { readonly library: Library; readonly limits: Limits }

/** The API, one plugin a noun. */
export async function api(app: App, served: ApiServed): Promise<void> {
  await app.register(sessions, served)
}
