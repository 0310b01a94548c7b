import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { WantedPassword } from './password.ts'
import { mayManage, type Role } from './permission.ts'
import { endSessions } from './session.ts'
import { checkedStaff, type FieldsInvalid } from './staff.ts'

type Unknown = { readonly refused: 'staff-unknown' }
type Above = { readonly refused: 'role-above-yours' }
/** The last operator stays one: without one, nobody could make another. */
type Last = { readonly refused: 'last-operator' }

/** What to change of a member of staff; what is left out stays as it is. */
export type EditStaffAsk = {
  /** The role of who asks. */
  readonly askedBy: Role
  readonly login: string
  /** The version that the change is made from. */
  readonly version: number
  readonly name?: string
  readonly role?: Role
  readonly branchId?: number
  readonly email?: string
}

/** Why nothing was changed. */
export type EditStaffRefused =
  | Unknown
  | Above
  | Last
  | FieldsInvalid
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'version-stale'; readonly version: number }

/** Changes the name, role, branch or address of a member of staff. Their sessions go on, with the new role. */
export const editStaff: Verb<
  EditStaffAsk,
  { staffId: number; login: string; version: number },
  EditStaffRefused
> = {
  action: 'edit-staff',
  about: () => ({}),
  recognisedBy: ({ askedBy: _, ...rest }) => rest,
  work: async (tx, { askedBy, login, version, name, role, branchId, email }) => {
    const { texts, problems } = checkedStaff({ name, role, email })
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const operators = await lockOperators(tx)
    const now = await lockAccount(tx, login, askedBy)
    if ('refused' in now) return now
    if (role !== undefined && !mayManage(askedBy, role)) return { refused: 'role-above-yours' }
    if (now.version !== version) return { refused: 'version-stale', version: now.version }
    if (role !== undefined && role !== 'operator' && isLast(operators, now.id)) {
      return { refused: 'last-operator' }
    }
    if (branchId !== undefined) {
      const branches = await tx.rows(sql`select from branch where id = ${branchId}`)
      if (branches.length === 0) return { refused: 'branch-unknown' }
    }
    const [row] = await tx.rows<{ staffId: number; login: string; version: number }>(sql`
      update staff
      set name = coalesce(${texts.name ?? null}, name), role = coalesce(${role ?? null}, role),
        branch_id = coalesce(${branchId ?? null}, branch_id), email = coalesce(${texts.email ?? null}, email),
        version = version + 1
      where id = ${now.id}
      returning id as "staffId", login, version
    `)
    return row ?? { refused: 'staff-unknown' }
  },
}

/** Why no password was set. */
export type SetStaffPasswordRefused = Unknown | Above | FieldsInvalid

/**
 * Sets a password and ends the person's sessions, but for the one whose token is `keepToken`. That a person who
 * sets their own knows the old one is for the caller to ask; see `setOwnPassword`.
 */
export const setStaffPassword: Verb<
  {
    /** The role of who asks. */
    readonly askedBy: Role
    readonly login: string
    readonly password: WantedPassword
    readonly keepToken?: string | undefined
  },
  { staffId: number; login: string; sessionsEnded: number },
  SetStaffPasswordRefused
> = {
  action: 'set-staff-password',
  about: () => ({}),
  recognisedBy: ({ login }) => ({ login }),
  work: async (tx, { askedBy, login, password, keepToken }) => {
    if ('problem' in password) return { refused: 'fields-invalid', problems: { password: password.problem } }
    const found = await lockAccount(tx, login, askedBy)
    if ('refused' in found) return found
    await tx.rows(sql`
      update staff set password_hash = ${password.hash}, version = version + 1 where id = ${found.id}
    `)
    const sessionsEnded = await endSessions(tx, { staffId: found.id, keep: keepToken })
    return { staffId: found.id, login: found.login, sessionsEnded }
  },
}

/** Why nobody was removed. */
export type RemoveStaffRefused = Unknown | Above | Last | { readonly refused: 'own-account' }

/** Removes a member of staff and ends their sessions; the row stays, as the journal names it, and may be restored. */
export const removeStaff: Verb<
  {
    /** The role of who asks. */
    readonly askedBy: Role
    readonly login: string
  },
  { staffId: number; login: string; sessionsEnded: number },
  RemoveStaffRefused
> = {
  action: 'remove-staff',
  about: () => ({}),
  recognisedBy: ({ login }) => ({ login }),
  work: async (tx, { askedBy, login }, { actor, occurredAt }) => {
    const operators = await lockOperators(tx)
    const found = await lockAccount(tx, login, askedBy)
    if ('refused' in found) return found
    if (actor === `staff:${found.id}`) return { refused: 'own-account' }
    if (isLast(operators, found.id)) return { refused: 'last-operator' }
    await tx.rows(
      sql`update staff set deleted_at = ${occurredAt}, version = version + 1 where id = ${found.id}`,
    )
    const sessionsEnded = await endSessions(tx, { staffId: found.id })
    return { staffId: found.id, login: found.login, sessionsEnded }
  },
}

/** Why nobody was brought back. */
export type RestoreStaffRefused = Unknown | Above | { readonly refused: 'staff-not-removed' }

/** Brings back a member of staff who was removed, as they were: role, branch and password. */
export const restoreStaff: Verb<
  {
    /** The role of who asks. */
    readonly askedBy: Role
    readonly login: string
  },
  { staffId: number; login: string },
  RestoreStaffRefused
> = {
  action: 'restore-staff',
  about: () => ({}),
  recognisedBy: ({ login }) => ({ login }),
  work: async (tx, { askedBy, login }) => {
    const [found] = await tx.rows<{ id: number; login: string; role: Role; isRemoved: boolean }>(sql`
      select id, login, role, deleted_at is not null as "isRemoved" from staff
      where login = ${readable(login)}
      for update
    `)
    if (!found) return { refused: 'staff-unknown' }
    if (!mayManage(askedBy, found.role)) return { refused: 'role-above-yours' }
    if (!found.isRemoved) return { refused: 'staff-not-removed' }
    await tx.rows(sql`update staff set deleted_at = null, version = version + 1 where id = ${found.id}`)
    return { staffId: found.id, login: found.login }
  },
}

/** The account under lock, if who asks may change it. */
async function lockAccount(
  tx: Tx,
  login: string,
  askedBy: Role,
): Promise<{ id: number; login: string; role: Role; version: number } | Unknown | Above> {
  const [found] = await tx.rows<{ id: number; login: string; role: Role; version: number }>(sql`
    select id, login, role, version from staff
    where login = ${readable(login)} and deleted_at is null
    for update
  `)
  if (!found) return { refused: 'staff-unknown' }
  return mayManage(askedBy, found.role) ? found : { refused: 'role-above-yours' }
}

/** Two who remove each other's last operator wait for one another here, and the second sees the first's work. */
async function lockOperators(tx: Tx): Promise<number[]> {
  const rows = await tx.rows<{ id: number }>(sql`
    select id from staff where role = 'operator' and deleted_at is null order by id for update
  `)
  return rows.map(({ id }) => id)
}

function isLast(operators: readonly number[], id: number): boolean {
  return operators.length === 1 && operators[0] === id
}

/** A login as it is stored; text that could not be one finds nobody. */
function readable(login: string): string {
  return login.isWellFormed() && !login.includes('\0') ? login.trim().toLowerCase() : ''
}
