import type { Rows, Tx } from './pool.ts'
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

/** What is halted now. Times are ISO, by the database's clock. */
export type Halted = {
  readonly verb: string | null
  readonly epoch: number
  readonly since: string
  readonly reason: string
  /** It was halted before: since and reason are those of then. */
  readonly already: boolean
}

/** Halts one verb within a transaction; where it is halted already, that stays. */
export async function haltVerb(
  tx: Tx,
  { verb, because }: { readonly verb: string; readonly because: string },
): Promise<Halted> {
  const [before] = await tx.rows<{ already: boolean }>(sql`
    select halted_verbs ? ${verb}::text as already from fence for update
  `)
  const [now] = await tx.rows<{ epoch: number; halted: { since: string; because: string } }>(sql`
    update fence
    set halted_verbs = jsonb_build_object(
        ${verb}::text,
        jsonb_build_object(
          'since', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'because', ${because}::text
        )
      ) || halted_verbs
    returning epoch, halted_verbs -> ${verb}::text as halted
  `)
  if (!now) throw new Error('There is no fence to close. Start Bibby once, which founds the library.')
  const { since, because: reason } = now.halted
  return { verb, epoch: now.epoch, since, reason, already: before?.already ?? false }
}
