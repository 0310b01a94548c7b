import { boundsOf, type FanOut } from './fan-out.ts'
import { VerbHaltedError, WritesStoppedError } from './faults.ts'
import type { HaltedVerb } from './fence.ts'
import type { Tx } from './pool.ts'
import { type Sql, sql } from './sql.ts'
import type { By } from './write.ts'

/** What the same key was answered before. */
export type Earlier = {
  readonly outcome: 'done' | 'refused'
  readonly answer: object
  readonly request_sha256: Buffer
}

/** A write that may go on, or has its answer already; and what the verb's `reads` asked for. */
export type Opened = {
  readonly epoch: number
  readonly earlier: Earlier | undefined
  readonly read: object
}

type Row = Partial<Earlier> & {
  readonly epoch: number
  readonly mode: string
  readonly halted: HaltedVerb | null
  readonly read: object
}

/** What opens: the verb as the fence sees it, and what it reads on the way. */
export type Opens = {
  readonly verb: { readonly action: string; readonly passesFence?: true; readonly fanOut?: FanOut }
  readonly reading: Sql | undefined
}

/**
 * The first statement of every write transaction. Here stands the fence: it learns the epoch that the journal
 * row will carry, refuses when writes are stopped, and finds an earlier answer to the same key.
 */
export async function openWrite(tx: Tx, by: By, { verb, reading }: Opens): Promise<Opened> {
  const [row] = await tx.rows<Row>(sql`
    select may_change(${boundsOf(verb.fanOut)}::bigint[]), fence.epoch, fence.mode, fence.halted_verbs -> ${verb.action}::text as halted,
      journal.outcome, journal.answer, journal.request_sha256
      ${
        reading
          ? sql`, case
              when fence.mode = 'normal' and not fence.halted_verbs ? ${verb.action}::text and journal.outcome is null
              then ${reading}
            end as read`
          : sql``
      }
    from fence
    left join journal on journal.actor = ${by.actor} and journal.idempotency_key = ${by.key}
  `)
  if (!row) throw new WritesStoppedError('without a fence')
  by.onOpened?.(row.epoch)
  const { epoch, mode, halted, read } = row
  if (row.outcome) return { epoch, earlier: row as Earlier, read: row }
  if (!verb.passesFence) {
    if (mode !== 'normal') throw new WritesStoppedError(mode)
    if (halted) throw new VerbHaltedError(verb.action, halted)
  }
  return { epoch, earlier: undefined, read }
}
