import type { Target } from '@bibby/guard/guarded.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { copiesInTheWay } from './copies-in-the-way.ts'

/** Which copies are meant. What is null is not asked for. */
export type Selection = {
  readonly branch: string | null
  readonly shelf: string | null
  readonly itemType: string | null
  /** Each of them must be there and not withdrawn: a mistyped one refuses the plan. */
  readonly barcodes: readonly string[] | null
}

/** The copies in the collection that are meant, with what stands in the way of each, and how many there are in all. */
export async function copiesMeant(
  tx: Tx,
  { branch, shelf, itemType, barcodes }: Selection,
  { atMost }: { readonly atMost: number },
): Promise<{ readonly targets: readonly Target[]; readonly total: number }> {
  // Nothing named is nothing meant, and not everything.
  const isNamed = [branch, shelf, itemType, barcodes].some((each) => each !== null)
  const targets = await tx.rows<{ id: string; version: string; label: string }>(sql`
    select copy.id::text, copy.version::text, copy.barcode || ' ' || title.title as label
    from copy
    join title on title.id = copy.title_id
    where copy.withdrawn_at is null and ${isNamed}
      and (${branch}::text is null or copy.branch_id = (select id from branch where code = ${branch}))
      and (${shelf}::text is null or copy.shelf = ${shelf})
      and (${itemType}::text is null or copy.item_type_id = (select id from item_type where code = ${itemType}))
      and (${barcodes}::text[] is null or copy.barcode = any(${barcodes}::text[]))
    order by copy.id
    limit ${atMost}
  `)
  const [all] = await tx.rows<{ total: number }>(sql`
    select count(*)::integer as total from copy where withdrawn_at is null
  `)
  const obstacles = await copiesInTheWay(
    tx,
    targets.map(({ id }) => id),
  )
  const found = targets.map((target) => ({ ...target, obstacle: obstacles.get(target.id) ?? null }))
  const room = Math.max(0, atMost - found.length)
  const missing = await missingOf(tx, { branch, shelf, itemType, barcodes }, room)
  return { targets: [...found, ...missing], total: all?.total ?? 0 }
}

/** Barcodes that were named and are not among them: nobody has them, they are gone already, or they stand elsewhere. */
async function missingOf(
  tx: Tx,
  { branch, shelf, itemType, barcodes }: Selection,
  atMost: number,
): Promise<readonly Target[]> {
  if (barcodes === null) return []
  return tx.rows<Target>(sql`
    select 'barcode ' || asked.barcode as id, '0' as version, asked.barcode as label,
      case
        when copy.id is null then 'copy-unknown'
        when copy.withdrawn_at is not null then 'withdrawn-already'
        else 'copy-elsewhere'
      end as obstacle
    from (select distinct barcode from unnest(${barcodes}::text[]) as asked (barcode)) as asked
    left join copy on copy.barcode = asked.barcode
    left join branch on branch.id = copy.branch_id
    left join item_type on item_type.id = copy.item_type_id
    where copy.id is null
      or copy.withdrawn_at is not null
      or branch.code <> coalesce(${branch}, branch.code)
      or copy.shelf <> coalesce(${shelf}, copy.shelf)
      or item_type.code <> coalesce(${itemType}, item_type.code)
    order by asked.barcode
    limit ${atMost}
  `)
}
