import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** Whether a copy was lent, taken back or captured after a moment, by what the journal says of it. */
export async function wasMovedSince(
  db: { readonly rows: Rows },
  { copyId, since }: { readonly copyId: number; readonly since: Date },
): Promise<boolean> {
  const found = await db.rows(sql`
    select from journal
    where copy_id = ${copyId} and outcome = 'done' and action in ('lend', 'take-back') and occurred_at > ${since}
    limit 1
  `)
  return found.length > 0
}
