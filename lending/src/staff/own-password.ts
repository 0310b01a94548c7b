import { type SetPatronPasswordRefused, setPatronPassword } from '../patrons/standing.ts'
import type { Verb } from '../postgres/write.ts'
import type { SignedIn } from './account.ts'
import { setStaffPassword } from './change-staff.ts'

/** What somebody who is signed in asks for themselves. */
export type SetOwnPasswordAsk = {
  readonly who: SignedIn
  /** The new one. */
  readonly password: string
  /** The session that goes on. */
  readonly keepToken: string | undefined
}

/** Why no password was set. */
export type SetOwnPasswordRefused =
  | SetPatronPasswordRefused
  | { readonly refused: 'staff-unknown' }
  | { readonly refused: 'role-above-yours' }

/**
 * Changes one's own password and ends one's other sessions. That one knows the old one is asked before, outside the
 * transaction: see `confirmPassword`, whose count of wrong tries must stay when this is refused.
 */
export const setOwnPassword: Verb<
  SetOwnPasswordAsk,
  { patronId: number | null; sessionsEnded: number },
  SetOwnPasswordRefused
> = {
  action: 'set-own-password',
  about: ({ patronId }) => ({ patronId }),
  recognisedBy: ({ who }) => ({ actor: who.actor }),
  work: async (tx, { who, password, keepToken }, by) => {
    if (who.kind === 'patron') {
      const done = await setPatronPassword.work(tx, { card: who.card, password, keepToken }, by)
      return 'refused' in done ? done : { patronId: done.patronId, sessionsEnded: done.sessionsEnded }
    }
    const { login, role: askedBy } = who
    const done = await setStaffPassword.work(tx, { askedBy, login, password, keepToken }, by)
    return 'refused' in done ? done : { patronId: null, sessionsEnded: done.sessionsEnded }
  },
}
