import type { Rows } from './pool.ts'
import { sql } from './sql.ts'

/** Under which epoch writes go on, and whether they do. */
export type Fence = {
  readonly epoch: number
  readonly mode: 'normal' | 'read-only' | 'halted'
  /** When the mode came about, by the database's clock. */
  readonly since: Date
  readonly reason: string
  /** Verbs that are halted by themselves, by action. */
  readonly haltedVerbs: Readonly<Record<string, HaltedVerb>>
}

/** Since when a verb is halted, as ISO 8601, and why. */
export type HaltedVerb = { readonly since: string; readonly because: string }

/** Reads the fence as it stands, without taking part in it. */
export async function fence(db: { readonly rows: Rows }): Promise<Fence> {
  const [row] = await db.rows<Fence>(sql`
    select epoch, mode, since, reason, halted_verbs as "haltedVerbs" from fence
  `)
  return (
    row ?? { epoch: 0, mode: 'halted', since: new Date(0), reason: 'There is no fence.', haltedVerbs: {} }
  )
}
