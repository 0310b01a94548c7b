import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { isEmail, plainTexts } from '../text.ts'
import { hashPassword, passwordProblem } from './password.ts'
import { type Role, roles } from './permission.ts'
import { endSessions } from './session.ts'

/** A new member of staff. */
export type AddStaffAsk = {
  /** Lower case letters, digits, `.`, `_` and `-`, at most 64. */
  readonly login: string
  readonly name: string
  readonly role: Role
  readonly branchId: number
  readonly email?: string
  readonly password: string
}
/** Why nobody was added. */
export type AddStaffRefused =
  | { readonly refused: 'login-taken' }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Readonly<Record<string, string>> }

const limits = {
  login: { max: 64, label: 'Login', required: true },
  name: { max: 100, label: 'Name', required: true },
  email: { max: 254, label: 'Email' },
} as const

/** Adds a member of staff. A login that was ever used stays taken: the journal speaks of its owner. */
export const addStaff: Verb<AddStaffAsk, { staffId: number; login: string }, AddStaffRefused> = {
  action: 'add-staff',
  about: () => ({}),
  recognisedBy: ({ password: _, ...rest }) => rest,
  work: async (tx, { login, name, role, branchId, email = '', password }) => {
    const checked = plainTexts(limits, { login: login.toLowerCase(), name, email })
    const problems: Record<string, string> = checked.ok ? {} : { ...checked.problems }
    const typed = checked.ok ? checked.texts : {}
    if (typed.email && !isEmail(typed.email)) problems.email = 'Email does not look like an address.'
    if (checked.ok && !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(typed.login ?? '')) {
      problems.login = 'Login may hold letters a to z, digits, dots, dashes and underscores only.'
    }
    if (!roles.includes(role)) problems.role = `Role must be one of ${roles.join(', ')}.`
    const bad = passwordProblem(password)
    if (bad) problems.password = bad
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const branches = await tx.rows(sql`select from branch where id = ${branchId}`)
    if (branches.length === 0) return { refused: 'branch-unknown' }
    const [row] = await tx.rows<{ staffId: number; login: string }>(sql`
      insert into staff (login, name, role, branch_id, email, password_hash)
      values (${typed.login}, ${typed.name}, ${role}, ${branchId}, ${typed.email}, ${await hashPassword(password)})
      on conflict (login) do nothing
      returning id as "staffId", login
    `)
    return row ?? { refused: 'login-taken' }
  },
}

/** Why no password was set. */
export type SetStaffPasswordRefused =
  | { readonly refused: 'staff-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Readonly<Record<string, string>> }

/**
 * Sets a password and ends the person's sessions, but for the one whose token is `keepToken`. That the person
 * knows the old one is for the caller to ask; see `confirmPassword`.
 */
export const setStaffPassword: Verb<
  { readonly login: string; readonly password: string; readonly keepToken?: string },
  { staffId: number; login: string; sessionsEnded: number },
  SetStaffPasswordRefused
> = {
  action: 'set-staff-password',
  about: () => ({}),
  recognisedBy: ({ login }) => ({ login }),
  work: async (tx, { login, password, keepToken }) => {
    const problem = passwordProblem(password)
    if (problem) return { refused: 'fields-invalid', problems: { password: problem } }
    const passwordHash = await hashPassword(password)
    const [row] = await tx.rows<{ id: number; login: string }>(sql`
      update staff set password_hash = ${passwordHash}, version = version + 1
      where login = ${readable(login)} and deleted_at is null
      returning id, login
    `)
    if (!row) return { refused: 'staff-unknown' }
    const sessionsEnded = await endSessions(tx, { staffId: row.id, keep: keepToken })
    return { staffId: row.id, login: row.login, sessionsEnded }
  },
}

/** Why nobody was removed. The last operator stays: without one, nobody could add another. */
export type RemoveStaffRefused = { readonly refused: 'staff-unknown' } | { readonly refused: 'last-operator' }

/** Removes a member of staff and ends their sessions; the row stays, as the journal names it. */
export const removeStaff: Verb<
  { readonly login: string },
  { staffId: number; login: string; sessionsEnded: number },
  RemoveStaffRefused
> = {
  action: 'remove-staff',
  about: () => ({}),
  work: async (tx, { login }, { occurredAt }) => {
    const operators = await lockOperators(tx)
    const [found] = await tx.rows<{ id: number; login: string }>(sql`
      select id, login from staff where login = ${readable(login)} and deleted_at is null for update
    `)
    if (!found) return { refused: 'staff-unknown' }
    if (operators.length === 1 && operators[0] === found.id) return { refused: 'last-operator' }
    await tx.rows(
      sql`update staff set deleted_at = ${occurredAt}, version = version + 1 where id = ${found.id}`,
    )
    const sessionsEnded = await endSessions(tx, { staffId: found.id })
    return { staffId: found.id, login: found.login, sessionsEnded }
  },
}

/** One member of staff as a list shows them. */
export type StaffRow = {
  readonly staffId: number
  readonly login: string
  readonly name: string
  readonly role: Role
  readonly branchId: number
  readonly branchCode: string
  readonly branchName: string
  readonly email: string
}

const staffMax = 1_000

/** Everyone who works here, by login; at most 1,000. */
export async function staffList(db: { readonly rows: Rows }): Promise<readonly StaffRow[]> {
  return db.rows<StaffRow>(sql`
    select staff.id as "staffId", staff.login, staff.name, staff.role, branch.id as "branchId",
      branch.code as "branchCode", branch.name as "branchName", staff.email
    from staff
    join branch on branch.id = staff.branch_id
    where staff.deleted_at is null
    order by staff.login
    limit ${staffMax}
  `)
}

/** Two who remove each other's last operator wait for one another here, and the second sees the first's work. */
async function lockOperators(tx: Tx): Promise<number[]> {
  const rows = await tx.rows<{ id: number }>(sql`
    select id from staff where role = 'operator' and deleted_at is null order by id for update
  `)
  return rows.map(({ id }) => id)
}

/** A login as it is stored; text that could not be one finds nobody. */
function readable(login: string): string {
  return login.isWellFormed() && !login.includes('\0') ? login.trim().toLowerCase() : ''
}
