import pg from 'pg'
import { nextJournalId } from './journal-id.ts'
import { type Sql, sql } from './sql.ts'
import type { About, By } from './write.ts'

/** What the journal says of a write besides who asked. */
export type Entry = {
  readonly outcome: 'done' | 'refused'
  readonly answer: object
  readonly about: About
  readonly verb: { readonly action: string; readonly passesFence?: true }
  readonly digest: Buffer
  readonly epoch: number
}

/**
 * The last statement of every write transaction. It looks at the fence once more: a row without an epoch is refused by
 * the table, so that what was opened before a halt and comes here after it is rolled back.
 */
export function journalRow(by: By, { about, ...entry }: Entry): Sql {
  const { action, passesFence = false } = entry.verb
  return sql`
    insert into journal (
      id, epoch, instance, actor, action, idempotency_key, request_sha256, outcome, title_id, copy_id, patron_id,
      loan_id, hold_id, change_set_id, believed, answer, occurred_at
    )
    values (
      ${nextJournalId()},
      case when ${passesFence}::boolean then ${entry.epoch}::bigint else (
        select epoch from fence
        where epoch = ${entry.epoch} and mode = 'normal' and not halted_verbs ? ${action}::text
      ) end,
      ${by.instance}, ${by.actor}, ${action}, ${by.key}, ${entry.digest},
      ${entry.outcome}, ${about.titleId ?? null}, ${about.copyId ?? null}, ${about.patronId ?? null},
      ${about.loanId ?? null}, ${about.holdId ?? null}, ${about.changeSetId ?? null},
      ${by.believed ? JSON.stringify(by.believed) : null}, ${JSON.stringify(entry.answer)}, ${by.occurredAt}
    )
  `
}

/** Whether the journal row found the fence closed, or another epoch. */
export function isFencedOff(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.table === 'journal' && error.column === 'epoch'
}
