import { holdsOf, loansOf, owes } from '../../circulation/accounts.ts'
import { type Estimates, estimatesOf } from '../../circulation/accounts-estimates.ts'
import { type InTheWay, inTheWayOfRenewals } from '../../circulation/accounts-renewable.ts'
import { type Branch, branches } from '../../circulation/places.ts'
import { loansMax } from './account-renew-all.ts'
import type { HoldRow } from './hold-list.ts'
import type { LoanRow } from './loan-list.ts'
import type { Served } from './serve-page.ts'

/** What a patron has, waits for and owes, with what can be done about each. */
export type Account = {
  readonly loans: readonly LoanRow[]
  readonly inTheWay: InTheWay
  readonly holds: readonly HoldRow[]
  readonly estimates: Estimates
  readonly owed: Awaited<ReturnType<typeof owes>>
  readonly places: readonly Branch[]
}

/** Reads the account of a patron as its two pages show it: their own, and that of staff. */
export async function readAccount({ library }: Served, patronId: number): Promise<Account> {
  const { db, clock } = library
  const which = { patronId, now: clock(), limit: loansMax }
  const [loans, inTheWay, holds, estimates, owed, places] = await Promise.all([
    loansOf(db, which),
    inTheWayOfRenewals(db, which),
    holdsOf(db, which),
    estimatesOf(db, which),
    owes(db, patronId),
    branches(db),
  ])
  return { loans, inTheWay, holds, estimates, owed, places }
}
