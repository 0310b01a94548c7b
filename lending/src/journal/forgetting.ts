import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { By } from '../postgres/write.ts'

/**
 * Lets the rest of this write take people out of entries of the journal: `patron_id`, `answer`, `idempotency_key`,
 * `request_sha256`, and the number of a patron who was the actor. The audit chain keeps that this write did so, and
 * asks its answer how many: it counts the entries in `journalRows`, and old refusals in `refusals`.
 */
export async function allowForgetting(tx: Tx, by: By): Promise<void> {
  await tx.rows(sql`select set_config('bibby.forgetting', ${`${by.actor} ${by.key}`}, true)`)
}
