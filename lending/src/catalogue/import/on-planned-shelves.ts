import type { Patterns } from '@bibby/patterns/patterns.ts'
import type { Rows } from '../../postgres/pool.ts'
import { plannedShelves } from '../planned-shelf.ts'
import type { ImportSetup } from './import-setup.ts'
import type { IncomingReject } from './incoming.ts'
import type { Numbered } from './plan.ts'

/** Where patterns run, and where the plans are. */
export type Shelving = { readonly db: { readonly rows: Rows }; readonly patterns: () => Promise<Patterns> }

/**
 * The records, with the shelf of each copy whose row names a call number and no shelf, by the plan of its branch. Where
 * there is no such copy nothing is asked, and where no branch has a plan no pattern is run.
 */
export async function onPlannedShelves(
  at: Shelving,
  records: readonly (Numbered | IncomingReject)[],
  setup: Pick<ImportSetup, 'branch'>,
): Promise<readonly (Numbered | IncomingReject)[]> {
  const toShelve = records.flatMap((each, index) => {
    const copy = 'record' in each ? each.record.copy : undefined
    if (!copy || copy.shelf !== undefined || copy.callNumber === '') return []
    return [
      { index, callNumber: copy.callNumber, branch: (copy.branch || (setup.branch ?? '')).toLowerCase() },
    ]
  })
  if (toShelve.length === 0) return records
  const shelves = await plannedShelves(at, toShelve)
  const placed = [...records]
  for (const [nth, { index }] of toShelve.entries()) {
    const [each, shelf] = [placed[index], shelves[nth]]
    if (shelf === undefined || !each || !('record' in each) || !each.record.copy) continue
    placed[index] = { ...each, record: { ...each.record, copy: { ...each.record.copy, shelf } } }
  }
  return placed
}
