import type { Flaw, Flaws } from '../language/flaw.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { isEmail, plainTexts } from '../text.ts'
import type { WantedPassword } from './password.ts'
import { mayManage, type Role, roles } from './permission.ts'

/** A new member of staff. */
export type AddStaffAsk = {
  /** The role of who asks: nobody gives a role above their own. */
  readonly askedBy: Role
  /** Lower case letters, digits, `.`, `_` and `-`, at most 64. */
  readonly login: string
  readonly name: string
  readonly role: Role
  readonly branchId: number
  readonly email?: string
  readonly password: WantedPassword
}

/** What is wrong with what was asked, by field. */
export type FieldsInvalid = {
  readonly refused: 'fields-invalid'
  readonly problems: Flaws
}

/** Why nobody was added. */
export type AddStaffRefused =
  | { readonly refused: 'login-taken' }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'role-above-yours' }
  | FieldsInvalid

/** What is kept about staff as text, and how much of it. */
export const staffTexts = {
  login: { max: 64, label: 'login', required: true },
  name: { max: 100, label: 'name', required: true },
  email: { max: 254, label: 'email' },
} as const

/** The texts in the form in which they are kept, and all that is wrong with them and the role. */
export function checkedStaff({
  role,
  ...given
}: {
  readonly login?: string | undefined
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly role?: Role | undefined
}): {
  readonly texts: { readonly login?: string; readonly name?: string; readonly email?: string }
  readonly problems: Record<string, Flaw>
} {
  const checked = plainTexts(staffTexts, { ...given, login: given.login?.toLowerCase() })
  const problems: Record<string, Flaw> = checked.ok ? {} : { ...checked.problems }
  const texts = checked.ok ? checked.texts : {}
  // Of what did not fit as a text, that is said; all else is looked at too, so that everything is told at once.
  const [login, email] = [given.login, given.email].map((each) => each?.trim().toLowerCase() ?? '')
  if (email && !isEmail(email)) problems.email ??= { flaw: 'not-address', label: 'email' }
  if (login && !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(login)) {
    problems.login ??= { flaw: 'login-letters' }
  }
  if (role !== undefined && !roles.includes(role)) {
    problems.role = { flaw: 'role-unknown', values: { roles: roles.join(', ') } }
  }
  return { texts, problems }
}

/** Adds a member of staff. A login that was ever used stays taken: the journal speaks of its owner. */
export const addStaff: Verb<AddStaffAsk, { staffId: number; login: string }, AddStaffRefused> = {
  action: 'add-staff',
  about: () => ({}),
  recognisedBy: ({ password: _, askedBy: __, ...rest }) => rest,
  work: async (tx, { askedBy, login, name, role, branchId, email = '', password }) => {
    const { texts, problems } = checkedStaff({ login, name, role, email })
    if ('problem' in password) problems.password = password.problem
    if ('problem' in password || Object.keys(problems).length > 0)
      return { refused: 'fields-invalid', problems }
    if (!mayManage(askedBy, role)) return { refused: 'role-above-yours' }
    const branches = await tx.rows(sql`select from branch where id = ${branchId}`)
    if (branches.length === 0) return { refused: 'branch-unknown' }
    const [row] = await tx.rows<{ staffId: number; login: string }>(sql`
      insert into staff (login, name, role, branch_id, email, password_hash)
      values (${texts.login}, ${texts.name}, ${role}, ${branchId}, ${texts.email}, ${password.hash})
      on conflict (login) do nothing
      returning id as "staffId", login
    `)
    return row ?? { refused: 'login-taken' }
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
  readonly version: number
}

const staffMax = 1_000

const columns = sql`
  staff.id as "staffId", staff.login, staff.name, staff.role, branch.id as "branchId",
  branch.code as "branchCode", branch.name as "branchName", staff.email, staff.version
`

/** Everyone who works here, or whoever was removed, by login; at most 1,000. */
export async function staffList(
  db: { readonly rows: Rows },
  { removed = false } = {},
): Promise<readonly StaffRow[]> {
  return db.rows<StaffRow>(sql`
    select ${columns}
    from staff
    join branch on branch.id = staff.branch_id
    where (staff.deleted_at is not null) = ${removed}
    order by staff.login
    limit ${staffMax}
  `)
}

/** One member of staff, and whether they were removed. */
export async function staffMember(
  db: { readonly rows: Rows },
  staffId: number,
): Promise<(StaffRow & { readonly isRemoved: boolean }) | undefined> {
  const [row] = await db.rows<StaffRow & { isRemoved: boolean }>(sql`
    select ${columns}, staff.deleted_at is not null as "isRemoved"
    from staff
    join branch on branch.id = staff.branch_id
    where staff.id = ${staffId}
  `)
  return row
}
