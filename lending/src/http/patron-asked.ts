import type { Library } from '../library.ts'
import { nobodyHas } from '../patrons/merged-card.ts'
import { type Patron, patron } from '../patrons/patron.ts'
import { RefusedAtTheDoorError } from './errors.ts'

/** The patron with this card. Refuses a card that nobody has, and tells where one leads that was merged. */
export async function patronAsked({ db }: Library, card: string): Promise<Patron> {
  const found = await patron(db, { card })
  if (found) return found
  const { refused, ...facts } = await nobodyHas(db, card)
  throw new RefusedAtTheDoorError(refused, facts)
}
