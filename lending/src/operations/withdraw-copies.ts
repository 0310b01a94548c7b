import { guarded } from '@bibby/guard/guarded.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { copiesInTheWay, holdCopies, titlesLeftWithoutCopies } from './copies-in-the-way.ts'

/** Which copies to withdraw, and why. What is null is not asked for. */
export type WithdrawCopies = {
  readonly branch: string | null
  readonly shelf: string | null
  readonly itemType: string | null
  /** Each of them must be there and not withdrawn: a mistyped one refuses the plan. */
  readonly barcodes: readonly string[] | null
  readonly because: string
}

/** Takes copies out of the collection. They keep their history, and come back by undo. */
export const withdrawCopies = guarded<Tx, WithdrawCopies>({
  name: 'withdraw-copies',
  phrase: ({ branch }) => ({
    verb: 'WITHDRAW',
    noun: 'COPIES',
    ...(branch === null ? {} : { where: `FROM ${branch}` }),
  }),
  ceiling: { rows: 5_000, percent: 20 },
  find: async (tx, given, { atMost }) => {
    const { branch, shelf, itemType, barcodes } = given
    // Nothing named is nothing meant, and not everything.
    const isNamed = [branch, shelf, itemType, barcodes].some((each) => each !== null)
    const targets = await tx.rows<{ id: string; version: string; label: string }>(sql`
      select copy.id::text, copy.version::text, copy.barcode || ' ' || title.title as label
      from copy
      join title on title.id = copy.title_id
      where copy.withdrawn_at is null and ${isNamed}
        and (${branch}::text is null or copy.branch_id = (select id from branch where code = ${branch}))
        and (${shelf}::text is null or copy.shelf = ${shelf})
        and (
          ${itemType}::text is null
          or copy.item_type_id = (select id from item_type where code = ${itemType})
        )
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
    return {
      targets: [...found, ...(await missing(tx, given, room))],
      total: all?.total ?? 0,
    }
  },
  hold: holdCopies,
  dependents: (tx, _, ids) => titlesLeftWithoutCopies(tx, ids),
  act: (tx, ids, { arguments: { because } }) =>
    tx.rows(sql`
      with before as (
        select id, version from copy where id = any(${ids}::bigint[])
      )
      update copy
      set withdrawn_because = ${because}, withdrawn_at = clock_timestamp(), version = copy.version + 1
      from before
      where copy.id = before.id
      returning copy.id::text, copy.version::text as "versionAfter",
        json_build_object('version', before.version) as before
    `),
  undo: {
    days: 30,
    restore: async (tx, rows) => {
      await tx.rows(sql`
        update copy
        set withdrawn_because = null, withdrawn_at = null, version = (was.row -> 'before' ->> 'version')::integer
        from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as was (row)
        where copy.id = (was.row ->> 'id')::bigint
      `)
    },
  },
  batchRows: 200,
  pace: { rowsPerMinute: 12_000 },
  health: 'not-asked',
  people: { needed: 1, confirmMinutes: 60 },
})

/** Barcodes that were named and cannot be withdrawn: nobody has them, they are gone already, or they stand elsewhere. */
async function missing(tx: Tx, { branch, shelf, itemType, barcodes }: WithdrawCopies, atMost: number) {
  if (barcodes === null) return []
  return tx.rows<{ id: string; version: string; label: string; obstacle: string }>(sql`
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
