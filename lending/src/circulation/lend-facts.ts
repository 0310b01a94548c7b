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
 * on is not locked.
 */
export function readingOf(
  { card, barcode }: Pick<LendQuestion, 'card' | 'barcode'>,
  { lock }: { readonly lock: boolean },
): Sql {
  return sql`lend_facts(${scanned(card)}, ${scanned(barcode)}, ${lock})`
}

/** All that decides about a loan. `opened` brings what `readingOf` gives, where it was read already. */
export async function lendFacts(
  db: { readonly rows: Rows },
  asked: LendQuestion,
  { lock, opened }: { readonly lock: boolean; readonly opened?: Promise<object> | undefined },
): Promise<LendFacts> {
  const read = (await (opened ?? readAlone(db, asked, lock))) as Read
  const policy = await policyOf(db, read.policyVersion)
  return factsOf({ ...read, ...(await whoHas(db, read)) }, policy, asked)
}

async function readAlone(db: { readonly rows: Rows }, asked: LendQuestion, lock: boolean): Promise<Read> {
  const [row] = await db.rows<{ read: Read }>(sql`select ${readingOf(asked, { lock })} as read`)
  if (!row) throw new Error('A call of a function that always gives something gave nothing.')
  return row.read
}

/** What the database's function of this name gives. */
type Read = {
  readonly borrower: Omit<Borrower, 'categoryName' | 'openLoans' | 'owesCents'> | null
  readonly wanted: Omit<WantedCopy, 'itemTypeName' | 'openLoan' | 'capturedBy'> | null
  readonly policyVersion: string
  readonly openLoans: number
  readonly owesCents: number
  readonly openLoanId: number | null
  readonly capturedBy: number | null
  readonly ownWaitingHoldId: number | null
  readonly loanId: number | null
}

type WhoHas = { readonly openLoan: WantedCopy['openLoan']; readonly captured: WantedCopy['capturedBy'] }

/** Whom the copy is lent to, and whose hold has captured it. Mostly nobody: then nothing is asked. */
async function whoHas(db: { readonly rows: Rows }, { openLoanId, capturedBy }: Read): Promise<WhoHas> {
  if (openLoanId === null && capturedBy === null) return { openLoan: undefined, captured: undefined }
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
        where loan.id = ${openLoanId}
      ) as open_loan,
      (
        select json_build_object('holdId', id, 'patronId', patron_id) from hold where id = ${capturedBy}
      ) as captured_by
  `)
  const openLoan = found?.open_loan ?? undefined
  return {
    openLoan: openLoan && { ...openLoan, dueAt: new Date(openLoan.dueAt).toISOString() },
    captured: found?.captured_by ?? undefined,
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
    ownWaitingHoldId: read.ownWaitingHoldId ?? undefined,
    loanId: read.loanId ?? undefined,
  }
}

function patronOf({ borrower, openLoans, owesCents }: Read, policy: Policy): Borrower | undefined {
  if (!borrower) return undefined
  return {
    ...borrower,
    categoryName: policy.patronCategoryNames.get(borrower.categoryId) ?? '',
    openLoans,
    owesCents,
  }
}

function copyOf({ wanted, openLoan, captured }: Read & WhoHas, policy: Policy): WantedCopy | undefined {
  if (!wanted) return undefined
  return {
    ...wanted,
    itemTypeName: policy.itemTypeNames.get(wanted.itemTypeId) ?? '',
    openLoan,
    capturedBy: captured,
  }
}
