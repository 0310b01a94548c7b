import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** A copy as an export gives it and an import takes it back: places and kinds by their codes. */
export type ExportedCopy = {
  readonly titleId: number
  readonly barcode: string
  readonly branch: string
  readonly itemType: string
  readonly shelf: string
  readonly callNumber: string
  readonly lendable: boolean
  readonly priceCents: number | null
  readonly note: string
  readonly withdrawnBecause: string | null
  readonly withdrawnAt: Date | null
}

/** All copies of these titles, withdrawn ones too, by title and then barcode. */
export async function exportedCopies(
  db: { readonly rows: Rows },
  titleIds: readonly number[],
): Promise<ReadonlyMap<number, readonly ExportedCopy[]>> {
  const copies = await db.rows<ExportedCopy>(sql`
    select copy.title_id as "titleId", copy.barcode, branch.code as branch, item_type.code as "itemType", copy.shelf,
      copy.call_number as "callNumber", copy.lendable, copy.price_cents as "priceCents", copy.note,
      copy.withdrawn_because as "withdrawnBecause", copy.withdrawn_at as "withdrawnAt"
    from copy
    join branch on branch.id = copy.branch_id
    join item_type on item_type.id = copy.item_type_id
    where copy.title_id = any(${titleIds}::bigint[])
    order by copy.title_id, copy.barcode
  `)
  return Map.groupBy(copies, ({ titleId }) => titleId)
}
