/** What one can be allowed to do. */
export type Permission =
  | 'search'
  | 'own-account'
  | 'lend'
  | 'take-back'
  | 'renew'
  | 'hold'
  | 'override'
  | 'patron-read'
  | 'patron-write'
  | 'fine-take'
  | 'fine-waive'
  | 'catalogue-write'
  | 'import'
  | 'export'
  | 'journal-read'
  | 'audit'
  | 'rules-write'
  | 'staff-write'
  | 'settings'
  | 'halt'
  | 'resume'
  | 'operate'
  | 'reports'
  | 'withdraw'
  | 'approve'
  | 'erase'
  | 'delete-all'

/** The roles of staff, from the one with the least to the one with all permissions. */
export const roles = ['desk', 'cataloguer', 'manager', 'operator'] as const

/** What a member of staff is there for. */
export type Role = (typeof roles)[number]

/** Who signed in, as far as permission goes; see `staff/session.ts` for the whole of it. */
export type Someone = { readonly kind: 'staff'; readonly role: Role } | { readonly kind: 'patron' }

/**
 * Whether this person may do this; undefined is anyone, not signed in. A patron's `own-account` covers their own
 * loans, renewals and holds. A desk may override a refusal: it gives a reason, and the journal keeps both.
 */
export function may(who: Someone | undefined, permission: Permission): boolean {
  if (!who) return anyone.includes(permission)
  return (who.kind === 'patron' ? patron : byRole[who.role]).includes(permission)
}

const anyone: readonly Permission[] = ['search']
const patron: readonly Permission[] = [...anyone, 'own-account']
const desk: readonly Permission[] = [
  ...patron,
  'lend',
  'take-back',
  'renew',
  'hold',
  'override',
  'patron-read',
  'patron-write',
  'fine-take',
  'reports',
]
const cataloguer: readonly Permission[] = [
  ...patron,
  'catalogue-write',
  'import',
  'export',
  'operate',
  'withdraw',
  'reports',
]
/** Runs a branch: both desks, and what a desk must not decide alone. */
const manager: readonly Permission[] = [
  ...desk,
  ...cataloguer,
  'fine-waive',
  'journal-read',
  'rules-write',
  'staff-write',
  'halt',
  'approve',
  'erase',
]
const operator: readonly Permission[] = [...manager, 'settings', 'resume', 'audit', 'delete-all']

const byRole: Readonly<Record<Role, readonly Permission[]>> = { desk, cataloguer, manager, operator }

/**
 * Whether staff of this role may give that role, or change an account that has it: nobody goes above themselves, or
 * a manager could make an operator, or sign in as one.
 */
export function mayManage(role: Role, other: Role): boolean {
  return rank[other] <= rank[role]
}

const rank: Readonly<Record<Role, number>> = { desk: 0, cataloguer: 0, manager: 1, operator: 2 }
