import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { CardJudged } from './judged-card.ts'
import { cardTaken, editPatron, type RegisterPatronRefused, registerPatron } from './patron.ts'
import type { PatronFields } from './patron-fields.ts'

/** One row of a file of patrons. What is absent stays as it is, or is empty for a new patron. */
export type ImportPatronAsk = PatronFields &
  Pick<CardJudged, 'cardJudged'> & {
    readonly card: string
    readonly categoryCode?: string
    readonly branchId?: number
    /** What a new patron has where the row does not say. */
    readonly forNew?: { readonly categoryCode?: string; readonly branchId?: number }
  }

/** Why a row was not taken. */
export type ImportPatronRefused = RegisterPatronRefused | { readonly refused: 'patron-protected' }

/** Registers the patron with this card, or changes the one who has it. A protected patron is passed by. */
export const importPatron: Verb<
  ImportPatronAsk,
  { patronId: number; card: string; version: number; was: 'registered' | 'updated' },
  ImportPatronRefused
> = {
  action: 'import-patron',
  about: ({ patronId }) => ({ patronId }),
  recognisedBy: ({ cardJudged: _, ...rest }) => rest,
  work: async (tx, ask, by) => {
    const [found] = await tx.rows<{ id: number; version: number; protected: boolean; isGone: boolean }>(sql`
      select id, version, protected, deleted_at is not null as "isGone"
      from patron
      where card = ${ask.card}
      for no key update
    `)
    if (!found) {
      const { categoryCode = ask.forNew?.categoryCode ?? '', branchId = ask.forNew?.branchId ?? 0 } = ask
      const told = await registerPatron.work(tx, { ...ask, categoryCode, branchId }, by)
      return 'refused' in told ? told : { ...short(told), was: 'registered' }
    }
    if (found.isGone) return cardTaken(tx, ask.card)
    if (found.protected) return { refused: 'patron-protected' }
    const told = await editPatron.work(tx, { ...ask, patronId: found.id, version: found.version }, by)
    if (!('refused' in told)) return { ...told, was: 'updated' }
    if (told.refused === 'patron-unknown' || told.refused === 'version-stale') {
      throw new Error(`Patron ${found.id} is under lock and changed.`)
    }
    return told
  },
}

function short({ patronId, card, version }: { patronId: number; card: string; version: number }) {
  return { patronId, card, version }
}
