import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { isAvailable } from './search-candidates.ts'

/** Where a copy of a title stands, free for anybody. */
export type StandsAt = {
  readonly titleId: number
  readonly branchId: number
  readonly branchName: string
  readonly shelf: string
  readonly callNumber: string
}

/** Where these titles stand now, one copy a branch, in the order in which one walks: by branch, shelf and call number. */
export async function whereTheyStand(
  db: { readonly rows: Rows },
  { titleIds, branchId }: { readonly titleIds: readonly number[]; readonly branchId: number | undefined },
): Promise<readonly StandsAt[]> {
  const found = await db.rows<StandsAt>(sql`
    select distinct on (copy.title_id, copy.branch_id)
      copy.title_id as "titleId", copy.branch_id as "branchId", branch.name as "branchName", copy.shelf,
      copy.call_number as "callNumber"
    from copy
    join branch on branch.id = copy.branch_id
    where copy.title_id = any (${titleIds}::bigint[]) and ${isAvailable}
      ${branchId === undefined ? sql`` : sql`and copy.branch_id = ${branchId}`}
    order by copy.title_id, copy.branch_id, copy.shelf, copy.call_number
  `)
  return found.toSorted(
    (one, other) =>
      inOrder.compare(one.branchName, other.branchName) ||
      one.branchId - other.branchId ||
      inOrder.compare(one.shelf, other.shelf) ||
      inOrder.compare(one.callNumber, other.callNumber),
  )
}

/** 9 stands before 10. */
const inOrder = new Intl.Collator('en', { numeric: true })
