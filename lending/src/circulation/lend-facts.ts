import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { Borrower, LendFacts, WantedCopy } from './lend-refusal.ts'
import { mostSpecific } from './loan-rule.ts'
import { localDay } from './open-days.ts'
import { type Policy, policyOf } from './policy.ts'
import { scanned } from './scanned.ts'

/** Which lending is asked about. */
export type LendQuestion = {
  readonly card: string
  readonly barcode: string
  readonly branchId: number
  readonly now: Date
}

/**
 * The call that reads all that decides about a loan, but for the policy. With `lock`, the patron's row and then the
 * copy's stay locked, so that neither limits nor the copy can change before the commit. A hold that the patron waits
 * on is not locked. Unless `isWanted`, nothing is read or locked.
 */
export function readingOf(
  { card, barcode }: Pick<LendQuestion, 'card' | 'barcode'>,
  { lock, isWanted = sql`true` }: { readonly lock: boolean; readonly isWanted?: Sql },
): Sql {
  return sql`lend_facts(${scanned(card)}, ${scanned(barcode)}, ${lock}, ${isWanted})`
}

/** All that decides about a loan. `opened` brings the row that `readingOf` gives, where it was read already. */
export async function lendFacts(
  db: { readonly rows: Rows },
  asked: LendQuestion,
  { lock, opened }: { readonly lock: boolean; readonly opened?: Promise<object> | undefined },
): Promise<LendFacts> {
  const row = opened ? await opened : (await db.rows(sql`select * from ${readingOf(asked, { lock })}`))[0]
  if (!row) throw new Error('A function that always gives one row gave none.')
  const read = row as Read
  const policy = await policyOf(db, read.policy_version)
  return factsOf({ ...read, ...(await whoHas(db, read)) }, policy, asked)
}

/** What the database's function of this name gives. */
type Read = {
  readonly borrower: Omit<Borrower, 'categoryName' | 'openLoans' | 'owesCents'> | null
  readonly wanted: Omit<WantedCopy, 'itemTypeName' | 'openLoan' | 'capturedBy'> | null
  readonly policy_version: string
  readonly open_loans: number
  readonly owes_cents: number
  readonly open_loan_id: number | null
  readonly captured_by: number | null
  readonly own_waiting_hold_id: number | null
  readonly loan_id: number | null
}

type WhoHas = Pick<WantedCopy, 'openLoan' | 'capturedBy'>

/** Whom the copy is lent to, and whose hold has captured it. Mostly nobody: then nothing is asked. */
async function whoHas(db: { readonly rows: Rows }, { open_loan_id, captured_by }: Read): Promise<WhoHas> {
  if (open_loan_id === null && captured_by === null) return { openLoan: undefined, capturedBy: undefined }
  const [found] = await db.rows<{
    open_loan: WantedCopy['openLoan'] | null
    captured_by: WantedCopy['capturedBy'] | null
  }>(sql`
    select
      (
        select json_build_object(
          'id', loan.id, 'dueAt', loan.due_at, 'patronId', borrower.id, 'card', borrower.card,
          'name', borrower.given_name || ' ' || borrower.family_name
        )
        from loan
        join patron as borrower on borrower.id = loan.patron_id
        where loan.id = ${open_loan_id}
      ) as open_loan,
      (
        select json_build_object('holdId', id, 'patronId', patron_id) from hold where id = ${captured_by}
      ) as captured_by
  `)
  const openLoan = found?.open_loan ?? undefined
  return {
    openLoan: openLoan && { ...openLoan, dueAt: new Date(openLoan.dueAt).toISOString() },
    capturedBy: found?.captured_by ?? undefined,
  }
}

function factsOf(
  read: Read & WhoHas,
  policy: Policy,
  { branchId, now }: Pick<LendQuestion, 'branchId' | 'now'>,
): LendFacts {
  const branch = policy.branches.get(branchId)
  const patron = patronOf(read, policy)
  const copy = copyOf(read, policy)
  return {
    policyVersion: policy.version,
    today: branch ? localDay(now, branch.timeZone) : '',
    blockAtCents: policy.blockAtCents,
    branch,
    patron,
    copy,
    rule:
      branch && patron && copy
        ? mostSpecific(policy.rules, {
            branchId,
            patronCategoryId: patron.categoryId,
            itemTypeId: copy.itemTypeId,
          })
        : undefined,
    ownWaitingHoldId: read.own_waiting_hold_id ?? undefined,
    loanId: read.loan_id ?? undefined,
  }
}

function patronOf({ borrower, open_loans, owes_cents }: Read, policy: Policy): Borrower | undefined {
  if (!borrower) return undefined
  return {
    ...borrower,
    categoryName: policy.patronCategoryNames.get(borrower.categoryId) ?? '',
    openLoans: open_loans,
    owesCents: owes_cents,
  }
}

function copyOf({ wanted, openLoan, capturedBy }: Read & WhoHas, policy: Policy): WantedCopy | undefined {
  if (!wanted) return undefined
  return {
    ...wanted,
    itemTypeName: policy.itemTypeNames.get(wanted.itemTypeId) ?? '',
    openLoan,
    capturedBy,
  }
}
