import type { Rows } from '../../postgres/pool.ts'
import { type Sql, sql } from '../../postgres/sql.ts'
import type { ImportSetup } from './import-setup.ts'
import type { WarningCounts } from './warning.ts'

/** An import (or one bulk edit): what it is, how far it is, and what it came to. */
export type ChangeSet = {
  readonly changeSetId: number
  readonly kind: 'import' | 'edit'
  readonly name: string
  readonly actor: string
  readonly state: ChangeSetState
  /** A sentence, when it failed. */
  readonly failedBecause: string | null
  readonly format: string
  readonly fileName: string
  /** Bytes of the file as it lies there, packed or not. */
  readonly fileBytes: number
  /** Bytes of the unpacked text that are done. */
  readonly positionBytes: number
  readonly read: number
  readonly imported: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
  /** How many records were set aside, mended by hand, and are counted among the others now. */
  readonly mended: number
  readonly warnings: WarningCounts
  readonly setup: ImportSetup
  readonly startedAt: string
  readonly endedAt: string | null
  readonly undoneAt: string | null
}

/** Where an import stands in its life. */
export type ChangeSetState = 'waiting' | 'running' | 'done' | 'failed' | 'undone' | 'partly-undone'

/** How many change sets or rejects one list gives at most. */
export const listMax = 200

/** One import; undefined when there is none. */
export async function changeSet(db: { rows: Rows }, changeSetId: number): Promise<ChangeSet | undefined> {
  const [row] = await db.rows<Row>(sql`${query} where id = ${changeSetId}`)
  return row ? shown(row) : undefined
}

/** The latest imports, newest first. */
export async function changeSets(db: { rows: Rows }, { limit }: { limit: number }): Promise<ChangeSet[]> {
  const rows = await db.rows<Row>(sql`${query} order by id desc limit ${Math.min(limit, listMax)}`)
  return rows.map(shown)
}

/** A record that was set aside, as a list shows it. */
export type Reject = {
  readonly recordNumber: number
  readonly positionBytes: number
  readonly code: string
  readonly reason: string
  readonly rawBytes: number
}

/** The records of an import that are still set aside, in the order of the file, after record number `after`. */
export function rejects(
  db: { rows: Rows },
  changeSetId: number,
  { after = 0, limit }: { after?: number; limit: number },
): Promise<Reject[]> {
  return db.rows<Reject>(sql`
    select record_number as "recordNumber", position_bytes as "positionBytes", code, reason,
      length(raw) as "rawBytes"
    from reject
    where change_set_id = ${changeSetId} and record_number > ${after} and mended_at is null
    order by record_number
    limit ${Math.min(limit, listMax)}
  `)
}

type Row = {
  id: number
  kind: 'import' | 'edit'
  name: string
  actor: string
  state: ChangeSetState
  failed_because: string | null
  format: string
  file_name: string
  file_bytes: number
  position_bytes: number
  records_read: number
  imported: number
  updated: number
  unchanged: number
  rejected: number
  mended: number
  warnings: WarningCounts
  options: ImportSetup
  started_at: Date
  ended_at: Date | null
  undone_at: Date | null
}

const query: Sql = sql`
  select id, kind, name, actor, state, failed_because, format, file_name, file_bytes, position_bytes, records_read,
    imported, updated, unchanged, rejected, mended, warnings, options, started_at, ended_at, undone_at
  from change_set
`

function shown(row: Row): ChangeSet {
  return {
    changeSetId: row.id,
    kind: row.kind,
    name: row.name,
    actor: row.actor,
    state: row.state,
    failedBecause: row.failed_because,
    format: row.format,
    fileName: row.file_name,
    fileBytes: row.file_bytes,
    positionBytes: row.position_bytes,
    read: row.records_read,
    imported: row.imported,
    updated: row.updated,
    unchanged: row.unchanged,
    rejected: row.rejected,
    mended: row.mended,
    warnings: row.warnings,
    setup: row.options,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    undoneAt: row.undone_at?.toISOString() ?? null,
  }
}
