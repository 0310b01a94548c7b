import { randomUUID } from 'node:crypto'
import type { Database } from '../src/postgres/pool.ts'
import { type Sql, sql } from '../src/postgres/sql.ts'
import type { By } from '../src/postgres/write.ts'

/** Noon of a plain Monday in Berlin: most tests happen then. */
export const monday = new Date('2026-03-02T11:00:00Z')

/** Who writes in a test: a new key each time, unless one is given. */
export function by(over: Partial<By> = {}): By {
  return { actor: 'staff:1', key: randomUUID(), occurredAt: monday, instance: 'test', ...over }
}

type Reader = Pick<Database, 'rows'>

/** The one row about the library itself; a second call changes it. */
export async function aLibrary(
  db: Reader,
  { holdShelfDays = 7, blockAtCents = 1_000, forgetAfterDays = 30 } = {},
): Promise<void> {
  await db.rows(sql`
    insert into library (id, name, hold_shelf_days, block_at_cents, forget_after_days)
    values (${randomUUID()}, 'Library of the tests', ${holdShelfDays}, ${blockAtCents}, ${forgetAfterDays})
    on conflict (single) do update
    set hold_shelf_days = excluded.hold_shelf_days,
        block_at_cents = excluded.block_at_cents,
        forget_after_days = excluded.forget_after_days
  `)
}

/** A branch, in Berlin and closed on Sundays. */
export async function aBranch(
  db: Reader,
  {
    code = word('branch'),
    name = 'Main',
    timeZone = 'Europe/Berlin',
    closedWeekdays = [7],
    closedDays = [],
  }: {
    code?: string
    name?: string
    timeZone?: string
    closedWeekdays?: readonly number[]
    closedDays?: readonly string[]
  } = {},
): Promise<{ branchId: number; branchCode: string }> {
  const branchId = await idOf(
    db,
    sql`
      insert into branch (code, name, time_zone, closed_weekdays)
      values (${code}, ${name}, ${timeZone}, ${closedWeekdays})
      returning id
    `,
  )
  await db.rows(sql`
    insert into closed_day (branch_id, day) select ${branchId}, day from unnest(${closedDays}::date[]) as day
  `)
  return { branchId, branchCode: code }
}

/** A patron category. */
export async function aCategory(
  db: Reader,
  { code = word('category'), name = 'Adult' } = {},
): Promise<{ categoryId: number; categoryCode: string }> {
  const categoryId = await idOf(
    db,
    sql`insert into patron_category (code, name) values (${code}, ${name}) returning id`,
  )
  return { categoryId, categoryCode: code }
}

/** An item type. */
export async function anItemType(
  db: Reader,
  { code = word('type'), name = 'Book' } = {},
): Promise<{ itemTypeId: number; itemTypeCode: string }> {
  const itemTypeId = await idOf(
    db,
    sql`insert into item_type (code, name) values (${code}, ${name}) returning id`,
  )
  return { itemTypeId, itemTypeCode: code }
}

/** A loan rule: 28 days, 2 renewals, 15 loans, 15 holds, no fine, for any case unless one is named. */
export async function aRule(
  db: Reader,
  over: {
    branchId?: number
    categoryId?: number
    itemTypeId?: number
    lendable?: boolean
    loanDays?: number
    renewalsMax?: number
    loansMax?: number
    holdsMax?: number
    fineCentsPerDay?: number
    graceDays?: number
    fineCapCents?: number
  } = {},
): Promise<{ ruleId: number }> {
  const ruleId = await idOf(
    db,
    sql`
      insert into loan_rule (
        branch_id, patron_category_id, item_type_id, lendable, loan_days, renewals_max, loans_max, holds_max,
        fine_cents_per_day, grace_days, fine_cap_cents
      )
      values (
        ${over.branchId ?? null}, ${over.categoryId ?? null}, ${over.itemTypeId ?? null},
        ${over.lendable ?? true}, ${over.loanDays ?? 28}, ${over.renewalsMax ?? 2}, ${over.loansMax ?? 15},
        ${over.holdsMax ?? 15}, ${over.fineCentsPerDay ?? 0}, ${over.graceDays ?? 0},
        ${over.fineCapCents ?? 0}
      )
      returning id
    `,
  )
  return { ruleId }
}

/** A patron; branch and category are made when not given. */
export async function aPatron(
  db: Reader,
  over: {
    card?: string
    branchId?: number
    categoryId?: number
    givenName?: string
    familyName?: string
    expiresOn?: string
    blockedBecause?: string
    keepsHistory?: boolean
    wantsReceipts?: boolean
    protected?: boolean
    email?: string
  } = {},
): Promise<{ patronId: number; card: string }> {
  const card = over.card ?? word('card')
  const branchId = over.branchId ?? (await aBranch(db)).branchId
  const categoryId = over.categoryId ?? (await aCategory(db)).categoryId
  const blocked = over.blockedBecause ?? null
  const patronId = await idOf(
    db,
    sql`
      insert into patron (
        card, category_id, branch_id, given_name, family_name, email, expires_on, blocked_because, blocked_at,
        protected, keeps_history, wants_receipts
      )
      values (
        ${card}, ${categoryId}, ${branchId}, ${over.givenName ?? 'Ada'}, ${over.familyName ?? 'Reader'},
        ${over.email ?? ''}, ${over.expiresOn ?? '2030-12-31'}, ${blocked}, ${blocked === null ? null : monday},
        ${over.protected ?? false}, ${over.keepsHistory ?? false}, ${over.wantsReceipts ?? false}
      )
      returning id
    `,
  )
  return { patronId, card }
}

/** A member of staff whose password is set to nothing that anyone can type. */
export async function aStaffMember(
  db: Reader,
  { login = word('desk'), role = 'desk', branchId }: { login?: string; role?: string; branchId: number },
): Promise<{ staffId: number; login: string }> {
  const staffId = await idOf(
    db,
    sql`
      insert into staff (login, name, role, branch_id, password_hash)
      values (${login}, ${login}, ${role}, ${branchId}, '!')
      returning id
    `,
  )
  return { staffId, login }
}

/** A title in the catalogue. */
export async function aTitle(
  db: Reader,
  {
    title = "Charlotte's Web",
    authors = ['E. B. White'],
  }: { title?: string; authors?: readonly string[] } = {},
): Promise<{ titleId: number }> {
  const titleId = await idOf(
    db,
    sql`insert into title (title, authors) values (${title}, ${authors}) returning id`,
  )
  return { titleId }
}

/** A copy on its shelf; title, branch and item type are made when not given. */
export async function aCopy(
  db: Reader,
  over: {
    titleId?: number
    barcode?: string
    branchId?: number
    itemTypeId?: number
    lendable?: boolean
    withdrawnBecause?: string
    inTransitTo?: number
  } = {},
): Promise<{ copyId: number; titleId: number; barcode: string }> {
  const barcode = over.barcode ?? word('copy')
  const titleId = over.titleId ?? (await aTitle(db)).titleId
  const branchId = over.branchId ?? (await aBranch(db)).branchId
  const itemTypeId = over.itemTypeId ?? (await anItemType(db)).itemTypeId
  const withdrawn = over.withdrawnBecause ?? null
  const copyId = await idOf(
    db,
    sql`
      insert into copy (
        title_id, barcode, branch_id, item_type_id, lendable, in_transit_to, withdrawn_because, withdrawn_at
      )
      values (
        ${titleId}, ${barcode}, ${branchId}, ${itemTypeId}, ${over.lendable ?? true},
        ${over.inTransitTo ?? null}, ${withdrawn}, ${withdrawn === null ? null : monday}
      )
      returning id
    `,
  )
  return { copyId, titleId, barcode }
}

/** What a patron owes already. */
export async function aCharge(
  db: Reader,
  { patronId, cents }: { patronId: number; cents: number },
): Promise<void> {
  await db.rows(sql`
    insert into fine_line (patron_id, kind, cents, at) values (${patronId}, 'charge', ${cents}, ${monday})
  `)
}

/** The least library that can lend: a branch, a rule for all, a patron and a copy on the shelf. */
export type SmallLibrary = {
  readonly branchId: number
  readonly branchCode: string
  readonly categoryId: number
  readonly categoryCode: string
  readonly itemTypeId: number
  readonly itemTypeCode: string
  readonly ruleId: number
  readonly patronId: number
  readonly card: string
  readonly titleId: number
  readonly copyId: number
  readonly barcode: string
}

/** Makes a branch, a category, an item type, one rule for any case, one patron, one title and its copy. */
export async function aSmallLibrary(
  db: Reader,
  rule: Parameters<typeof aRule>[1] = {},
): Promise<SmallLibrary> {
  await aLibrary(db)
  const branch = await aBranch(db)
  const category = await aCategory(db)
  const itemType = await anItemType(db)
  const { ruleId } = await aRule(db, rule)
  const patron = await aPatron(db, { ...branch, ...category })
  const copy = await aCopy(db, { ...branch, ...itemType })
  return { ...branch, ...category, ...itemType, ruleId, ...patron, ...copy }
}

/** For a second patron or copy of the same library: all but what must differ. */
export function besides({ branchId, categoryId, itemTypeId, titleId }: SmallLibrary) {
  return { branchId, categoryId, itemTypeId, titleId }
}

/** A database and no patterns: whoever runs one all the same is a failure. */
export function withoutPatterns<Db>(db: Db): { readonly db: Db; readonly patterns: () => Promise<never> } {
  return {
    db,
    patterns: async () => {
      throw new Error('A pattern was to be run, and nobody has written one.')
    },
  }
}

let made = 0

/** A code that no other fixture of this run has. */
function word(noun: string): string {
  made += 1
  return `${noun}-${made}`
}

async function idOf(db: Reader, statement: Sql): Promise<number> {
  const [row] = await db.rows<{ id: number }>(statement)
  if (!row) throw new Error('The fixture was not inserted.')
  return row.id
}
