import type { Database, Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { isPassword } from './password.ts'
import type { Role } from './permission.ts'
import { countFailure, forgiveFailures, limitKey, mustWaitSeconds, oneAtATime } from './sign-in-limit.ts'

/** A person whose password was right, and the actor that their writes are journalled under. */
export type SignedIn =
  | {
      readonly kind: 'staff'
      readonly staffId: number
      readonly login: string
      readonly name: string
      readonly role: Role
      readonly branchId: number
      readonly branchCode: string
      readonly actor: `staff:${number}`
    }
  | {
      readonly kind: 'patron'
      readonly patronId: number
      readonly card: string
      readonly name: string
      readonly branchId: number
      readonly branchCode: string
      readonly actor: `patron:${number}`
    }

/**
 * Who the `bibby` command is when it speaks to the library of its own machine: whoever can read the data folder may do
 * all. No login leads here.
 */
export const theCommand = {
  kind: 'staff',
  staffId: 0,
  login: 'bibby',
  name: 'the bibby command',
  role: 'operator',
  branchId: 0,
  branchCode: '',
  actor: 'staff:0',
} as const satisfies SignedIn

/** Why a sign-in was refused. Wrong account and wrong password are the same answer. */
export type SignInRefused =
  | { readonly refused: 'sign-in-wrong' }
  | { readonly refused: 'sign-in-too-often'; readonly retryAfterSeconds: number }

/** An account's name and password, as they were typed. */
export type SignInAsk = {
  readonly kind: 'staff' | 'patron'
  /** A login of staff or a card number. */
  readonly account: string
  readonly password: string
  readonly now: Date
}

/** The right password of this person, and the hash that it matched. */
export type PasswordChecked = { readonly who: SignedIn; readonly passwordHash: string }

/**
 * The right password, or a refusal, settled under the account's lock after the slow part is over. The lock is what
 * makes the limit hold against guesses in parallel.
 */
export async function checkPassword(
  db: Pick<Database, 'rows' | 'transaction'>,
  { kind, account: typed, password, now }: SignInAsk,
): Promise<PasswordChecked | SignInRefused> {
  const account =
    kind === 'staff' ? typed.trim().normalize('NFKC').toLowerCase() : typed.trim().normalize('NFC')
  const key = limitKey(kind, account)
  const wait = await mustWaitSeconds(db, key, now)
  if (wait !== undefined) return { refused: 'sign-in-too-often', retryAfterSeconds: wait }
  const found = await accountRow(db, kind, account)
  const right = await isPassword(password, found?.passwordHash ?? null)
  return db.transaction(async (tx): Promise<PasswordChecked | SignInRefused> => {
    await oneAtATime(tx, key)
    const retryAfterSeconds = await mustWaitSeconds(tx, key, now)
    if (retryAfterSeconds !== undefined) return { refused: 'sign-in-too-often', retryAfterSeconds }
    if (right && found?.passwordHash) {
      await forgiveFailures(tx, key)
      return { who: signedIn(found), passwordHash: found.passwordHash }
    }
    await countFailure(tx, key, now)
    return { refused: 'sign-in-wrong' }
  })
}

/** One account as a session or a sign-in reads it. */
export type AccountRow = {
  readonly kind: 'staff' | 'patron'
  readonly id: number
  readonly account: string
  readonly name: string
  readonly role: Role | null
  readonly branchId: number
  readonly branchCode: string
}

/** They know it: the hash that it matched, or none where the write that this stands before has its answer already. */
export type Confirmed = { readonly passwordHash: string | undefined }

/** Why it is not known to be them. */
export type ConfirmRefused =
  | Exclude<SignInRefused, { readonly refused: 'sign-in-wrong' }>
  | { readonly refused: 'password-wrong' }

/**
 * Whether someone who is signed in knows their password too, under the same limit as signing in. `key` is that of the
 * write that this stands before: where it has its answer already, that answer is all they get, and the password that
 * was right then may be another now.
 */
export async function confirmPassword(
  db: Pick<Database, 'rows' | 'transaction'>,
  {
    who,
    password,
    key,
    now,
  }: { readonly who: SignedIn; readonly password: string; readonly key: string; readonly now: Date },
): Promise<Confirmed | ConfirmRefused> {
  const answered = await db.rows(sql`
    select from journal where actor = ${who.actor} and idempotency_key = ${key}
  `)
  if (answered.length > 0) return { passwordHash: undefined }
  const account = who.kind === 'staff' ? who.login : who.card
  const checked = await checkPassword(db, { kind: who.kind, account, password, now })
  if (!('refused' in checked)) return { passwordHash: checked.passwordHash }
  return checked.refused === 'sign-in-wrong' ? { refused: 'password-wrong' } : checked
}

/** The person behind an account. */
export function signedIn({ kind, id, account, name, role, branchId, branchCode }: AccountRow): SignedIn {
  if (kind === 'patron')
    return { kind, patronId: id, card: account, name, branchId, branchCode, actor: `patron:${id}` }
  if (!role) throw new TypeError(`Staff ${id} has no role.`)
  return { kind, staffId: id, login: account, name, role, branchId, branchCode, actor: `staff:${id}` }
}

/** No login or card is longer; what is longer is treated as unknown without being looked at. */
const accountMax = 64

async function accountRow(
  db: { readonly rows: Rows },
  kind: 'staff' | 'patron',
  account: string,
): Promise<(AccountRow & { passwordHash: string | null }) | undefined> {
  // Text that PostgreSQL could not take (NUL, half a character) names nobody.
  if (account.length > accountMax || account.includes('\0') || !account.isWellFormed()) return undefined
  const [row] = await db.rows<AccountRow & { passwordHash: string | null }>(
    kind === 'staff'
      ? sql`
          select 'staff' as kind, staff.id, staff.login as account, staff.name, staff.role,
            branch.id as "branchId", branch.code as "branchCode", staff.password_hash as "passwordHash"
          from staff
          join branch on branch.id = staff.branch_id
          where staff.login = ${account} and staff.deleted_at is null
        `
      : sql`
          select 'patron' as kind, patron.id, patron.card as account,
            concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as name,
            null as role, branch.id as "branchId", branch.code as "branchCode",
            patron.password_hash as "passwordHash"
          from patron
          join branch on branch.id = patron.branch_id
          where patron.card = ${account} and patron.deleted_at is null
        `,
  )
  return row
}
