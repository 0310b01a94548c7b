import { randomInt } from 'node:crypto'
import { scanned } from '../circulation/scanned.ts'
import { judgedNumber, judgedNumbers, type NumberJudged } from '../formats/number-format.ts'
import type { Library } from '../library.ts'
import { sql } from '../postgres/sql.ts'
import { cardNumber, serialDigits } from './card.ts'
import type { EditPatronAsk, RegisterPatronAsk } from './patron.ts'

type Judging = Pick<Library, 'db' | 'patterns'>

/** What the card format of the branch says of the card of a new patron, or of those that could be made for them. */
export type CardJudged = {
  readonly cardJudged?: NumberJudged | undefined
  /** Where no card is given and the branch has a format: cards of our own, held to it. */
  readonly cardsMade?: readonly NumberJudged[]
}

/** How many cards are made before a made one is given up: it meets one that exists once in a hundred thousand. */
export const cardTriesMax = 5

/** A card of our own that nobody may have yet. */
export function madeCard(): string {
  return cardNumber(randomInt(10 ** serialDigits))
}

/** The same ask, with what the format of the branch says of its card. */
export async function registerJudged(library: Judging, ask: RegisterPatronAsk): Promise<RegisterPatronAsk> {
  const branch = ask.branchId
  if (ask.card !== undefined)
    return { ...ask, cardJudged: await judgedNumber(library, 'card', { branch, number: ask.card }) }
  const made = Array.from({ length: cardTriesMax }, () => ({ branch, number: madeCard() }))
  const judged = await judgedNumbers(library, 'card', made)
  return { ...ask, cardsMade: judged.flatMap((each) => each ?? []) }
}

/** The same ask, with what the format of the branch says of a card that is given anew. */
export async function editPatronJudged(library: Judging, ask: EditPatronAsk): Promise<EditPatronAsk> {
  const { card } = ask
  if (card === undefined) return ask
  const is =
    ask.patronId === undefined ? sql`card = ${scanned(ask.cardNow ?? '')}` : sql`id = ${ask.patronId}`
  const [found] = await library.db.rows<{ branchId: number }>(sql`
    select branch_id as "branchId" from patron where ${is} and deleted_at is null
  `)
  const branch = ask.branchId ?? found?.branchId
  if (branch === undefined) return ask
  return { ...ask, cardJudged: await judgedNumber(library, 'card', { branch, number: card }) }
}
