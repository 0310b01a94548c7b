import { scanned } from '../circulation/scanned.ts'
import { type NobodyHasCard, nobodyHas } from '../patrons/merged-card.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { Kind } from './kinds.ts'

/** What a patron may choose to be mailed about. Overdue is no choice: it is told to everybody. */
export type Choice = 'due-soon' | 'holds' | 'card-expiring' | 'receipts'

/** The kinds that are sent unless a patron does not want them. */
const kindsOf: Readonly<Record<Exclude<Choice, 'receipts'>, readonly Kind[]>> = {
  'due-soon': ['due-soon'],
  holds: ['hold-ready', 'hold-expired'],
  'card-expiring': ['card-expiring'],
}

/** The choices in the order in which they are shown. */
export const choices: readonly Choice[] = ['due-soon', 'holds', 'card-expiring', 'receipts']

/** Which of the choices a patron has made, from what is kept of them. */
export function wantedOf(patron: {
  readonly wantsReceipts: boolean
  readonly unwantedNotices: readonly string[]
}): readonly Choice[] {
  return choices.filter((choice) =>
    choice === 'receipts'
      ? patron.wantsReceipts
      : !kindsOf[choice].every((kind) => patron.unwantedNotices.includes(kind)),
  )
}

/** Whether the row `patron` wants notices of this kind. */
export function isWanted(kind: Kind): Sql {
  return sql`not ${kind} = any(patron.unwanted_notices)`
}

/** A patron, and all that they want to be mailed about; what is not named is not wanted. */
export type WantedNoticesAsk = { readonly card: string; readonly wanted: readonly Choice[] }

/** What holds now. */
export type NoticesWanted = {
  readonly patronId: number
  readonly card: string
  readonly version: number
  readonly wanted: readonly Choice[]
}

/** Says what a patron wants to be mailed about. What waits to be sent and is not wanted any more is not sent. */
export const setWantedNotices: Verb<WantedNoticesAsk, NoticesWanted, NobodyHasCard> = {
  action: 'set-wanted-notices',
  about: ({ patronId }) => ({ patronId }),
  work: async (tx, { card, wanted }) => {
    const unwanted = choices.flatMap((choice) =>
      choice === 'receipts' || wanted.includes(choice) ? [] : kindsOf[choice],
    )
    const [row] = await tx.rows<Omit<NoticesWanted, 'wanted'>>(sql`
      update patron
      set wants_receipts = ${wanted.includes('receipts')}, unwanted_notices = ${unwanted}, version = version + 1
      where card = ${scanned(card)} and deleted_at is null
      returning id as "patronId", card, version
    `)
    return row ? { ...row, wanted: choices.filter((choice) => wanted.includes(choice)) } : nobodyHas(tx, card)
  },
}
