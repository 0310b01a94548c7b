import { type SetPatronPasswordRefused, setPatronPassword } from '../patrons/standing.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { SignedIn } from './account.ts'
import { setStaffPassword } from './change-staff.ts'
import type { WantedPassword } from './password.ts'

/** What somebody who is signed in asks for themselves. */
export type SetOwnPasswordAsk = {
  readonly who: SignedIn
  /** The new one. */
  readonly password: WantedPassword
  /** The hash of the one that they had, as `confirmPassword` told it; it tells none where the key has its answer. */
  readonly passwordHash: string | undefined
  /** The session that goes on. */
  readonly keepToken: string | undefined
}

/** Why no password was set. */
export type SetOwnPasswordRefused =
  | SetPatronPasswordRefused
  | { readonly refused: 'staff-unknown' }
  | { readonly refused: 'role-above-yours' }
  | { readonly refused: 'password-wrong' }

/**
 * Changes one's own password and ends one's other sessions. That one knows the old one is asked before, outside the
 * transaction: see `confirmPassword`, whose count of wrong tries must stay when this is refused. Somebody who was given
 * another password since then did not show that they know it.
 */
export const setOwnPassword: Verb<
  SetOwnPasswordAsk,
  { patronId: number | null; sessionsEnded: number },
  SetOwnPasswordRefused
> = {
  action: 'set-own-password',
  about: ({ patronId }) => ({ patronId }),
  recognisedBy: ({ who }) => ({ actor: who.actor }),
  work: async (tx, { who, password, passwordHash, keepToken }, by) => {
    if (!(await stillHas(tx, who, passwordHash))) return { refused: 'password-wrong' }
    if (who.kind === 'patron') {
      const done = await setPatronPassword.work(tx, { card: who.card, password, keepToken }, by)
      return 'refused' in done ? done : { patronId: done.patronId, sessionsEnded: done.sessionsEnded }
    }
    const { login, role: askedBy } = who
    const done = await setStaffPassword.work(tx, { askedBy, login, password, keepToken }, by)
    return 'refused' in done ? done : { patronId: null, sessionsEnded: done.sessionsEnded }
  },
}

/** Whether this is their password's hash still; it stays so until the transaction ends. */
async function stillHas(tx: Tx, who: SignedIn, passwordHash: string | undefined): Promise<boolean> {
  const found = await tx.rows(
    who.kind === 'patron'
      ? sql`select from patron where id = ${who.patronId} and password_hash = ${passwordHash ?? null} for no key update`
      : sql`select from staff where id = ${who.staffId} and password_hash = ${passwordHash ?? null} for update`,
  )
  return found.length > 0
}
