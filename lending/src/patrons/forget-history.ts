import { allowForgetting } from '../journal/forgetting.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { type Forgotten, forgetOver, forgettingFanOut, limitsAt } from './forget.ts'

/** Whose returned loans are to be forgotten. */
export type ForgetHistoryAsk = { readonly patronId: number }

/** What was forgotten, and whether a full batch was: then there may be more. */
export type HistoryForgotten = Forgotten & { readonly isMore: boolean }

/**
 * Forgets now what a patron returned and had kept, a batch of it, but for the last days, which the library remembers of
 * everybody. Whether it is kept from now on is another question, and stays as it was.
 */
export const forgetHistory: Verb<ForgetHistoryAsk, HistoryForgotten, { readonly refused: 'patron-unknown' }> =
  {
    action: 'forget-history',
    fanOut: forgettingFanOut,
    // The entry must not say again whose loans they were.
    about: () => ({}),
    work: async (tx, { patronId }, by) => {
      await allowForgetting(tx, by)
      const [found] = await tx.rows<{ id: number }>(sql`
        select id from patron where id = ${patronId} and deleted_at is null for no key update
      `)
      if (!found) return { refused: 'patron-unknown' }
      return forgetOver(tx, [found.id], await limitsAt(tx, by.occurredAt))
    },
  }
