import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditHead } from '../src/journal/audit-heads.ts'
import type { AuditProgress, AuditVerdict } from '../src/journal/audit-report.ts'
import { type AuditKeeper, openAuditKeeper } from '../src/journal/keep-audit.ts'
import { verifyAudit } from '../src/journal/verify-audit.ts'
import { nextJournalId } from '../src/postgres/journal-id.ts'
import type { Database } from '../src/postgres/pool.ts'
import { type Sql, sql } from '../src/postgres/sql.ts'
import { monday } from './library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

/** A database whose journal is linked, with a data folder beside it. */
export type AuditedLibrary = AsyncDisposable & {
  readonly db: ScratchDatabase
  readonly dataFolder: string
  readonly keeper: AuditKeeper
  /** What the keeper warned of, and the heads it told. */
  readonly warned: string[]
  readonly told: AuditHead[]
  /** Links until all that is committed here has its link: writers in other databases of the server hold a round up. */
  readonly link: () => Promise<void>
  readonly verify: () => Promise<AuditVerdict>
}

/** Makes an empty one: `await using at = await anAuditedLibrary()`. */
export async function anAuditedLibrary(): Promise<AuditedLibrary> {
  const db = await scratchDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'bibby-audit-'))
  const warned: string[] = []
  const told: AuditHead[] = []
  const keeper = openAuditKeeper(
    { db, dataFolder, instance: 'test', clock: () => monday },
    { head: (head) => told.push(head), warn: (text) => warned.push(text) },
  )
  return {
    db,
    dataFolder,
    keeper,
    warned,
    told,
    link: async () => {
      while ((await waiting(db)) > 0) await keeper.link()
    },
    verify: () => verdictOf({ db, dataFolder }),
    [Symbol.asyncDispose]: async () => {
      await keeper[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

/** How many entries that came in order wait for a link, or to be linked anew. */
async function waiting(db: ScratchDatabase): Promise<number> {
  const [row] = await db.rows<{ count: number }>(sql`
    with tip as (
      select coalesce((select written_in from audit_link order by position desc limit 1), 0) as written_in
    )
    select
      (select count(*) from audit_forgotten)
      + (
        select count(*) from journal
        where not exists (select from audit_link where journal_id = journal.id and forgotten_by is null)
          and (
            journal.written_in >= tip.written_in
            or tip.written_in >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          )
      ) as count
    from tip
  `)
  return row?.count ?? 0
}

/** What verifying came to in the end. */
export async function verdictOf(library: {
  readonly db: Pick<Database, 'connectAlone'>
  readonly dataFolder: string
}): Promise<AuditVerdict> {
  let last: AuditProgress | AuditVerdict | undefined
  const telling = await verifyAudit(library)
  if ('refused' in telling) throw new Error(telling.refused)
  for await (const told of telling) last = told
  if (!last || !('verdict' in last)) throw new Error('Verifying came to no end.')
  return last
}

/** An entry of the journal as a patron's checkout leaves it, every column filled. */
export async function anEntry(
  db: Pick<Database, 'rows'>,
  over: { id?: string; recordedAt?: string; writtenIn?: number } = {},
): Promise<string> {
  const id = over.id ?? nextJournalId()
  await db.rows(entryRow({ ...over, id }))
  return id
}

/** The statement that writes it. */
export function entryRow(over: { id: string; recordedAt?: string; writtenIn?: number }): Sql {
  return sql`
    insert into journal (
      id, epoch, instance, actor, action, idempotency_key, request_sha256, outcome, title_id, copy_id, patron_id,
      loan_id, hold_id, change_set_id, believed, answer, occurred_at, recorded_at, written_in
    )
    values (
      ${over.id}, 1, 'test', 'patron:7', 'lend', ${randomUUID()}, ${Buffer.alloc(32, 1)}, 'done', 1, 2, 7, 4, 5, 6,
      '{"title": 1}', '{"patronName": "Ada Reader"}', ${monday},
      coalesce(${over.recordedAt ?? null}::timestamptz, clock_timestamp()),
      coalesce(${over.writtenIn ?? null}::bigint, pg_current_xact_id()::text::bigint)
    )
  `
}

/** Does what the database forbids, as somebody who owns it can. */
export async function tamper(db: Database, ...statements: readonly Sql[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.rows(sql`set local session_replication_role = replica`)
    for (const statement of statements) await tx.rows(statement)
  })
}
