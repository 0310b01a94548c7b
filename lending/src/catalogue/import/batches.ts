import { setImmediate as turn } from 'node:timers/promises'
import { searchText } from '../stored-title.ts'
import { type Batch, numbered } from './import-batch.ts'
import { batchBytesMax, batchRecordsFirst, batchRecordsMax, type ImportSetup } from './import-setup.ts'
import type { Incoming, IncomingReject } from './incoming.ts'
import { onPlannedShelves, type Shelving } from './on-planned-shelves.ts'
import { digestsOf, type Numbered } from './plan.ts'

/** The records, ready to be written, as many together as one transaction takes. */
export async function* batches(
  at: Shelving,
  records: AsyncIterable<Incoming>,
  setup: ImportSetup,
): AsyncGenerator<Pick<Batch, 'records' | 'position'>> {
  let batch: (Numbered | IncomingReject)[] = []
  let position = 0
  let bytes = 0
  let recordsMax = batchRecordsFirst
  try {
    for await (const record of records) {
      batch.push(ready(record, setup))
      position = record.end
      bytes += record.raw.length
      // Reading waits for nothing while a piece of the file lasts, and the write before this one must go on.
      if (batch.length % recordsPerTurn === 0) await turn()
      if (batch.length < recordsMax && bytes < batchBytesMax) continue
      const full = batch
      batch = []
      bytes = 0
      recordsMax = Math.min(recordsMax * 2, batchRecordsMax)
      yield { records: await onPlannedShelves(at, full, setup), position }
    }
  } catch (error) {
    // The file broke off: what came before is good.
    if (batch.length > 0) yield { records: await onPlannedShelves(at, batch, setup), position }
    throw error
  }
  if (batch.length > 0) yield { records: await onPlannedShelves(at, batch, setup), position }
}

/** After this many records the database is given what it waits for: they are about a millisecond of work. */
const recordsPerTurn = 5

/** With its words and digests, which are most of the work: made here, they are made while the batch before is written. */
function ready(record: Incoming, setup: ImportSetup): Numbered | IncomingReject {
  const each = numbered(record, setup)
  if (!('record' in each)) return each
  return { ...each, text: searchText(each.record.fields), digests: digestsOf(each) }
}
