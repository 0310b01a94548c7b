import { worded } from '../../language/worded.ts'
import type { Tx } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import type { Verb } from '../../postgres/write.ts'
import { titleWithNumber } from '../add-title.ts'
import { readIso2709, writeIso2709 } from '../marc/iso2709.ts'
import { readMarcxml, writeMarcxml } from '../marc/marcxml.ts'
import type { MarcRecord } from '../marc/record.ts'
import type { ChangeSet } from './change-set.ts'
import { numbered, takeIn } from './import-batch.ts'
import type { ImportSetup } from './import-setup.ts'
import type { Incoming, IncomingReject } from './incoming.ts'
import { incomingMarc } from './marc-records.ts'
import { onPlannedShelves, type Shelving } from './on-planned-shelves.ts'
import { type Fate, type Numbered, plan } from './plan.ts'
import { csvRecordsIn } from './records-of.ts'
import type { RejectToMend } from './reject-to-mend.ts'
import { standingTitles } from './standing-titles.ts'
import { type WarningCounts, withWarnings } from './warning.ts'

/** A record as it was mended: the cells of a row, or a record of MARC. */
export type Mended = readonly string[] | MarcRecord

/** Which record of which import, and what stands in it now: what tells one mending from another. */
export type MendRejectAsk = {
  readonly changeSetId: number
  readonly recordNumber: number
  readonly record: string
}

/** What became of the record. */
export type RejectMended = {
  readonly changeSetId: number
  readonly recordNumber: number
  readonly fate: Exclude<Fate, 'rejected'>
  readonly titleId: number | null
}

/** Why it was not taken in. */
export type MendRejectRefused =
  | { readonly refused: 'import-unknown' }
  | { readonly refused: 'import-running' }
  | { readonly refused: 'import-undone' }
  | { readonly refused: 'reject-unknown' }
  | { readonly refused: 'record-unfit'; readonly because: string }

/** Reads a mended record as the import reads its records, in its place; it may be one to be set aside again. */
export async function readMended(
  at: Shelving,
  { setup }: Pick<ChangeSet, 'setup'>,
  { reject, mended }: { readonly reject: RejectToMend; readonly mended: Mended },
): Promise<Numbered | IncomingReject> {
  const from = { position: reject.positionBytes, number: reject.recordNumber - 1 }
  const read =
    'leader' in mended
      ? await firstOf(marcRead(mended, setup, from))
      : await firstOf(csvRecordsIn(once(rowOf(mended, setup)), { setup, patterns: at.patterns }, from))
  const record = read ?? nothing(reject)
  const [shelved] = await onPlannedShelves(at, [numbered(record, setup)], setup)
  return shelved ?? nothing(reject)
}

/**
 * Takes a mended record into the catalogue under its import, so that undoing the import takes it back too. A record is
 * mended once: it is no longer set aside, and counts as new, as an update or as nothing new.
 */
export function mendReject(
  record: Numbered | IncomingReject,
): Verb<MendRejectAsk, RejectMended, MendRejectRefused> {
  return {
    action: 'mend-reject',
    about: ({ changeSetId, titleId }) => ({ changeSetId, titleId }),
    work: async (tx, { changeSetId, recordNumber }, { occurredAt: at }) => {
      const set = await openSet(tx, changeSetId)
      if ('refused' in set) return set
      const [taken] = await tx.rows(sql`
        update reject
        set mended_at = ${at}
        where change_set_id = ${changeSetId} and record_number = ${recordNumber} and mended_at is null
        returning record_number
      `)
      if (!taken) return { refused: 'reject-unknown' }
      if (!('record' in record)) return { refused: 'record-unfit', because: record.reason }
      const { identity } = record
      const { fileSha256, setup } = set
      const seenFrom = { changeSetId, fileSha256, options: JSON.stringify(setup) }
      const standing = await standingTitles(tx, [identity], { seenFrom, lock: true })
      const planned = plan([record], standing)
      const [again] = planned.rejected
      if (again) return { refused: 'record-unfit', because: again.reason }
      const { branch, itemType } = setup
      const { counts, notMade } = await takeIn(tx, planned, {
        changeSetId,
        at,
        branch,
        itemType,
        sortsIn: true,
      })
      await tx.rows(sql`
        update change_set
        set rejected = rejected - 1, mended = mended + 1, imported = imported + ${counts.imported}::integer,
          updated = updated + ${counts.updated}::integer, unchanged = unchanged + ${counts.unchanged}::integer,
          warnings = ${JSON.stringify(withWarnings(withWarnings(set.warnings, notMade), record.record.warnings))}
        where id = ${changeSetId}
      `)
      const titleId = (await titleWithNumber(tx, identity)) ?? null
      const fate = counts.imported > 0 ? 'imported' : counts.updated > 0 ? 'updated' : 'unchanged'
      return { changeSetId, recordNumber, fate, titleId }
    },
  }
}

type OpenSet = {
  readonly state: ChangeSet['state']
  readonly warnings: WarningCounts
  readonly fileSha256: Buffer
  readonly setup: ImportSetup
}

/** Locked first, as by a batch and by undoing: who mends waits for them, or goes before. */
async function openSet(tx: Tx, changeSetId: number): Promise<OpenSet | MendRejectRefused> {
  const [set] = await tx.rows<OpenSet>(sql`
    select state, warnings, file_sha256 as "fileSha256", options as setup
    from change_set
    where id = ${changeSetId} and kind = 'import'
    for no key update
  `)
  if (!set) return { refused: 'import-unknown' }
  if (set.state === 'running' || set.state === 'waiting') return { refused: 'import-running' }
  return set.state === 'undone' ? { refused: 'import-undone' } : set
}

async function* marcRead(
  record: MarcRecord,
  { format }: ImportSetup,
  from: { readonly position: number; readonly number: number },
): AsyncGenerator<Incoming> {
  if (format === 'marcxml') {
    for await (const read of readMarcxml(once(Buffer.from(writeMarcxml(record)))))
      yield incomingMarc(read, 'marcxml', from)
    return
  }
  const raw = writeIso2709(record, { overlong: 'saturate' })
  for await (const read of readIso2709(once(raw))) yield incomingMarc(read, 'marc', from)
}

/** A row as the import reads it. */
function rowOf(cells: readonly string[], { csv }: ImportSetup): Buffer {
  const { delimiter = ',' } = csv?.shape ?? {}
  return Buffer.from(
    cells
      .map((cell) =>
        cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
      )
      .join(delimiter),
  )
}

function nothing({ recordNumber: number, positionBytes: position, raw }: RejectToMend): IncomingReject {
  const reason = worded('reject.nothing-left')
  return { ok: false, number, position, end: position + raw.length, raw, code: 'title-missing', reason }
}

async function firstOf(records: AsyncIterable<Incoming>): Promise<Incoming | undefined> {
  for await (const record of records) return record
  return undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
