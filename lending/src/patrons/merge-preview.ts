import { type HoldOf, holdsOf, type LoanOf, loansOf } from '../circulation/accounts.ts'
import { scanned } from '../circulation/scanned.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type Patron, patron } from './find.ts'
import type { MergePatronsRefused } from './merge-patrons.ts'
import { doubledHolds, type MergedFields, mergedFields } from './merge-rule.ts'
import { nobodyHas } from './merged-card.ts'

/** What a merge would do, before anybody asks for it. */
export type MergePreview = {
  readonly kept: Patron
  readonly merged: Patron
  /** The kept record as it would be. */
  readonly after: MergedFields
  /** What moves. Of returned loans only how many: whose they were is not for staff to browse. */
  readonly loans: readonly LoanOf[]
  readonly returnedLoans: number
  readonly holds: readonly HoldOf[]
  /** Holds of either record that end, because the other has one on the same title that stays. */
  readonly givenUp: readonly {
    readonly title: string
    readonly card: string
    readonly state: HoldOf['state']
  }[]
}

/** No preview lists more open loans. */
const loansMax = 500

/** Reads what merging one record into another would do; it changes nothing. */
export async function mergePreview(
  db: { readonly rows: Rows },
  { card, mergedCard, now }: { readonly card: string; readonly mergedCard: string; readonly now: Date },
): Promise<MergePreview | MergePatronsRefused> {
  if (scanned(card) === scanned(mergedCard)) return { refused: 'patron-same' }
  const kept = await patron(db, { card })
  if (!kept) return { ...(await nobodyHas(db, card)), card }
  const merged = await patron(db, { card: mergedCard })
  if (!merged) return { ...(await nobodyHas(db, mergedCard)), card: mergedCard }
  const [loans, keptHolds, mergedHolds, [returned]] = await Promise.all([
    loansOf(db, { patronId: merged.patronId, now, limit: loansMax }),
    holdsOf(db, { patronId: kept.patronId, now }),
    holdsOf(db, { patronId: merged.patronId, now }),
    db.rows<{ count: number }>(sql`
      select count(*)::integer as count from loan where patron_id = ${merged.patronId} and returned_at is not null
    `),
  ])
  const ending = doubledHolds([...keptHolds, ...mergedHolds]).map(({ givenUp }) => givenUp)
  return {
    kept,
    merged,
    after: mergedFields(kept, merged),
    loans,
    returnedLoans: returned?.count ?? 0,
    holds: mergedHolds.filter((hold) => !ending.includes(hold)),
    givenUp: ending.map((hold) => ({
      title: hold.title,
      card: mergedHolds.includes(hold) ? merged.card : kept.card,
      state: hold.state,
    })),
  }
}
