import { scanned } from '../circulation/scanned.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** Nobody has this card; or it was that of a record that was merged into another, whose card is named. */
export type NobodyHasCard =
  | { readonly refused: 'patron-unknown' }
  | { readonly refused: 'patron-merged'; readonly mergedInto: string }

/** Why a card leads to no patron. To be asked once none was found. */
export async function nobodyHas(db: { readonly rows: Rows }, card: string): Promise<NobodyHasCard> {
  const into = await mergedInto(db, { card })
  return into ? { refused: 'patron-merged', mergedInto: into.card } : { refused: 'patron-unknown' }
}

/** Into whom this record was merged; undefined when it was not, or when that patron is gone too. */
export async function mergedInto(
  db: { readonly rows: Rows },
  which: { readonly patronId: number } | { readonly card: string },
): Promise<{ readonly patronId: number; readonly card: string } | undefined> {
  const is = 'patronId' in which ? sql`gone.id = ${which.patronId}` : sql`gone.card = ${scanned(which.card)}`
  const [row] = await db.rows<{ patronId: number; card: string }>(sql`
    select kept.id as "patronId", kept.card
    from patron as gone
    join patron as kept on kept.id = gone.merged_into and kept.deleted_at is null
    where ${is}
  `)
  return row
}
