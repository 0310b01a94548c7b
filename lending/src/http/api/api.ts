import type { Library } from '../../library.ts'
import type { App } from '../app.ts'
import type { Limits } from '../limits.ts'
import { books } from './books.ts'
import { holds } from './holds.ts'
import { loans } from './loans.ts'
import { patrons } from './patrons.ts'
import { places } from './places.ts'
import { searching } from './search.ts'
import { sessions } from './sessions.ts'

/** What every plugin of the API is given. */
export type ApiServed = { readonly library: Library; readonly limits: Limits }

const nouns = [sessions, searching, books, loans, holds, patrons, places]

/** The API, one plugin a noun. */
export async function api(app: App, served: ApiServed): Promise<void> {
  for (const noun of nouns) await app.register(noun, served)
}
