import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** Whether what this person asked under this key was done. Keys are forgotten with what was done, after a day at the earliest. */
export async function wasDoneUnder(
  db: { readonly rows: Rows },
  { actor, key }: { readonly actor: string; readonly key: string },
): Promise<boolean> {
  const found = await db.rows(sql`
    select from journal where actor = ${actor} and idempotency_key = ${key} and outcome = 'done' limit 1
  `)
  return found.length > 0
}
