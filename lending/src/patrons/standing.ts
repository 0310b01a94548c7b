import { localDay } from '../circulation/open-days.ts'
import { scanned } from '../circulation/scanned.ts'
import type { FlawId } from '../language/flaw.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { WantedPassword } from '../staff/password.ts'
import { endSessions } from '../staff/session.ts'
import { isDay, plainText } from '../text.ts'
import { type NobodyHasCard, nobodyHas } from './merged-card.ts'
import type { FieldsInvalid } from './patron-fields.ts'

/** What a change of a patron's standing answers. */
export type Standing = { readonly patronId: number; readonly card: string; readonly version: number }

/** Why a patron's standing was not changed. */
export type StandingRefused = NobodyHasCard | FieldsInvalid

/** Stops a patron from borrowing, with a reason that they may hear. A second block replaces the reason. */
export const blockPatron: Verb<
  { readonly card: string; readonly because: string },
  Standing & { blockedBecause: string },
  StandingRefused
> = {
  action: 'block-patron',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, { card, because }, { occurredAt }) => {
    const checked = plainText(because, { max: 500, label: 'the-reason', required: true })
    if (!checked.ok) return { refused: 'fields-invalid', problems: { because: checked.problem } }
    const [row] = await tx.rows<Standing & { blockedBecause: string }>(sql`
      update patron
      set blocked_because = ${checked.text}, blocked_at = ${occurredAt}, version = version + 1
      where card = ${scanned(card)} and deleted_at is null
      returning id as "patronId", card, version, blocked_because as "blockedBecause"
    `)
    return row ?? nobodyHas(tx, card)
  },
}

/** Lets a patron borrow again. Who is not blocked is left as they are. */
export const unblockPatron: Verb<
  { readonly card: string },
  Standing & { wasBlockedBecause: string | null },
  StandingRefused
> = {
  action: 'unblock-patron',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, { card }) => {
    const [was] = await tx.rows<Standing & { wasBlockedBecause: string | null }>(sql`
      select id as "patronId", card, version, blocked_because as "wasBlockedBecause"
      from patron
      where card = ${scanned(card)} and deleted_at is null
      for no key update
    `)
    if (!was) return nobodyHas(tx, card)
    if (was.wasBlockedBecause === null) return was
    await tx.rows(sql`
      update patron set blocked_because = null, blocked_at = null, version = version + 1 where id = ${was.patronId}
    `)
    return { ...was, version: was.version + 1 }
  },
}

/** Makes a card run until a day, today or later at the patron's branch. */
export const extendCard: Verb<
  { readonly card: string; readonly until: string },
  Standing & { expiresOn: string },
  StandingRefused
> = {
  action: 'extend-card',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, { card, until }, { occurredAt }) => {
    if (!isDay(until)) return untilWrong('day-unknown')
    const [row] = await tx.rows<{ id: number; timeZone: string }>(sql`
      select patron.id, branch.time_zone as "timeZone"
      from patron
      join branch on branch.id = patron.branch_id
      where patron.card = ${scanned(card)} and patron.deleted_at is null
      for no key update of patron
    `)
    if (!row) return nobodyHas(tx, card)
    if (until < localDay(occurredAt, row.timeZone)) return untilWrong('day-past')
    const [extended] = await tx.rows<Standing & { expiresOn: string }>(sql`
      update patron set expires_on = ${until}, version = version + 1
      where id = ${row.id}
      returning id as "patronId", card, version, expires_on as "expiresOn"
    `)
    return extended ?? nobodyHas(tx, card)
  },
}

/** Why no password was set. */
export type SetPatronPasswordRefused = StandingRefused

/**
 * Sets a password and ends the patron's sessions, but for the one whose token is `keepToken`. That a patron who
 * sets their own knows the old one is for the caller to ask; see `setOwnPassword`.
 */
export const setPatronPassword: Verb<
  { readonly card: string; readonly password: WantedPassword; readonly keepToken?: string | undefined },
  Standing & { sessionsEnded: number },
  SetPatronPasswordRefused
> = {
  action: 'set-patron-password',
  about: ({ patronId }) => ({ patronId }),
  recognisedBy: ({ card }) => ({ card }),
  work: async (tx, { card, password, keepToken }) => {
    if ('problem' in password) return { refused: 'fields-invalid', problems: { password: password.problem } }
    const [row] = await tx.rows<Standing>(sql`
      update patron set password_hash = ${password.hash}, version = version + 1
      where card = ${scanned(card)} and deleted_at is null
      returning id as "patronId", card, version
    `)
    if (!row) return nobodyHas(tx, card)
    return { ...row, sessionsEnded: await endSessions(tx, { patronId: row.patronId, keep: keepToken }) }
  },
}

/** Whether the library remembers what this patron borrowed. Said no, the next sweep forgets what was kept till then. */
export const setKeepsHistory: Verb<
  ({ readonly patronId: number } | { readonly card: string }) & { readonly keepsHistory: boolean },
  Standing & { keepsHistory: boolean },
  NobodyHasCard
> = {
  action: 'set-keeps-history',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, ask) => {
    const is = 'patronId' in ask ? sql`id = ${ask.patronId}` : sql`card = ${scanned(ask.card)}`
    const [row] = await tx.rows<Standing & { keepsHistory: boolean }>(sql`
      update patron set keeps_history = ${ask.keepsHistory}, version = version + 1
      where ${is} and deleted_at is null
      returning id as "patronId", card, version, keeps_history as "keepsHistory"
    `)
    return row ?? ('card' in ask ? nobodyHas(tx, ask.card) : { refused: 'patron-unknown' })
  },
}

function untilWrong(flaw: FlawId): FieldsInvalid {
  return { refused: 'fields-invalid', problems: { until: { flaw } } }
}
