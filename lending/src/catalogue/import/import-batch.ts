import type { Tx } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import type { Verb } from '../../postgres/write.ts'
import { identityOf } from './identity.ts'
import { batchRecordsMax, type ImportSetup, sortedInEvery } from './import-setup.ts'
import type { Incoming, IncomingReject } from './incoming.ts'
import { type Counts, type Numbered, type Plan, plan } from './plan.ts'
import { type SeenFrom, standingTitles } from './standing-titles.ts'
import { type Storing, storePlan } from './store-plan.ts'
import { type Warning, type WarningCounts, withWarnings } from './warning.ts'

/** A run of records that follow each other in the file, each made ready for the catalogue ahead of the write. */
export type Batch = {
  readonly records: readonly (Numbered | IncomingReject)[]
  /** How many bytes of the file are done with it. */
  readonly position: number
  readonly setup: ImportSetup
  readonly seenFrom: SeenFrom
}

/** Which records of which import: after `from` and through `to`. */
export type ImportBatchAsk = { readonly changeSetId: number; readonly from: number; readonly to: number }

/** What the batch came to. */
export type BatchImported = Counts & { readonly changeSetId: number }

/** The import is not where the batch begins: another process took it further, or ended it. */
export type BatchRefused = { readonly refused: 'import-moved-on' }

/**
 * Takes one batch into the catalogue: titles, records, words, changes, rejects and the place in the file, in one
 * transaction. The place is checked under a lock, so no batch can go in twice.
 */
export function importBatch(batch: Batch): Verb<ImportBatchAsk, BatchImported, BatchRefused> {
  return {
    action: 'import-batch',
    fanOut: {
      title: 4 * batchRecordsMax,
      copy: 200 * batchRecordsMax,
      because: 'A batch of the file goes in; a periodical may have hundreds of copies.',
    },
    about: ({ changeSetId }) => ({ changeSetId }),
    work: async (tx, { changeSetId, from, to }, { occurredAt }) => {
      const [set] = await tx.rows<{ state: string; records_read: number; warnings: WarningCounts }>(sql`
        select state, records_read, warnings from change_set where id = ${changeSetId} for no key update
      `)
      if (set?.state !== 'running' || set.records_read !== from) return { refused: 'import-moved-on' }
      const { records } = batch
      const identities = records.flatMap((each) => ('identity' in each ? each.identity : []))
      const standing = await standingTitles(tx, identities, { seenFrom: batch.seenFrom, lock: true })
      const planned = plan(records, standing)
      const { branch, itemType } = batch.setup
      const { counts, notMade } = await takeIn(tx, planned, {
        changeSetId,
        at: occurredAt,
        branch,
        itemType,
        sortsIn: Math.floor(to / sortedInEvery) > Math.floor(from / sortedInEvery),
      })
      await advance(tx, changeSetId, {
        counts,
        position: batch.position,
        warnings: records.reduce(
          (counts, each) => ('record' in each ? withWarnings(counts, each.record.warnings) : counts),
          withWarnings(set.warnings, notMade),
        ),
      })
      return { changeSetId, ...counts }
    },
  }
}

/** Stores what was planned, and counts it: a record that changes no title and makes a copy after all is an update. */
export async function takeIn(
  tx: Tx,
  planned: Plan,
  storing: Storing,
): Promise<{ readonly counts: Counts; readonly notMade: readonly Warning[] }> {
  const { copiesNotMade, copiesMadeAfterAll } = await storePlan(tx, planned, storing)
  const { unchanged, updated } = planned.counts
  return {
    counts: {
      ...planned.counts,
      unchanged: unchanged - copiesMadeAfterAll,
      updated: updated + copiesMadeAfterAll,
    },
    notMade: Array.from({ length: copiesNotMade }, () => 'copy-not-made' as const),
  }
}

/** The record with the number that it goes by; a reject passes as it is. */
export function numbered(record: Incoming, setup: ImportSetup): Numbered | IncomingReject {
  return record.ok ? { record, identity: identityOf(record.fields, setup) } : record
}

async function advance(
  tx: Tx,
  changeSetId: number,
  { counts, position, warnings }: { counts: Counts; position: number; warnings: WarningCounts },
): Promise<void> {
  await tx.rows(sql`
    update change_set
    set records_read = records_read + ${counts.read}::integer, imported = imported + ${counts.imported}::integer,
      updated = updated + ${counts.updated}::integer, unchanged = unchanged + ${counts.unchanged}::integer,
      rejected = rejected + ${counts.rejected}::integer, position_bytes = ${position},
      warnings = ${JSON.stringify(warnings)}
    where id = ${changeSetId}
  `)
}
