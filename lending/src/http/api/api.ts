import type { Library } from '../../library.ts'
import type { App } from '../app.ts'
import type { Limits } from '../limits.ts'
import { accounts } from './accounts.ts'
import { audit } from './audit.ts'
import { books } from './books.ts'
import { deletingAllBooks } from './delete-all-books.ts'
import { deskLists } from './desk-lists.ts'
import { halting } from './halting.ts'
import { holds } from './holds.ts'
import { imports } from './imports.ts'
import { librarySettingRoutes } from './library.ts'
import { loans } from './loans.ts'
import { mergingTitles } from './merge-titles.ts'
import { merges } from './merges.ts'
import { notices } from './notices.ts'
import { numberFormatRoutes } from './number-formats.ts'
import { operations } from './operations.ts'
import { patrons } from './patrons.ts'
import { places } from './places.ts'
import { reportRoutes } from './reports.ts'
import { rules } from './rules.ts'
import { searching } from './search.ts'
import { sessions } from './sessions.ts'
import { shelfPlanRoutes } from './shelf-plans.ts'
import { staff } from './staff.ts'
import { uploads } from './uploads.ts'

/** What every plugin of the API is given. */
export type ApiServed = { readonly library: Library; readonly limits: Limits }

const nouns = [
  sessions,
  searching,
  books,
  loans,
  holds,
  deskLists,
  patrons,
  merges,
  accounts,
  places,
  rules,
  numberFormatRoutes,
  shelfPlanRoutes,
  librarySettingRoutes,
  staff,
  reportRoutes,
  audit,
  imports,
  uploads,
  halting,
  notices,
  operations,
  mergingTitles,
  deletingAllBooks,
]

/** The API, one plugin a noun. */
export async function api(app: App, served: ApiServed): Promise<void> {
  for (const noun of nouns) await app.register(noun, served)
}
