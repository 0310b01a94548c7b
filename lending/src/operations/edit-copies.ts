import { guarded, type Target } from '@bibby/guard/guarded.ts'
import { lendableNow } from '../catalogue/stock-take/missing.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { holdCopies, titlesLeftWithoutCopies } from './copies-in-the-way.ts'
import { copiesMeant, type Selection } from './copies-meant.ts'

/** Which copies to change, and to what. What is null stays as it is. */
export type EditCopies = Selection & {
  readonly toBranch: string | null
  readonly toShelf: string | null
  readonly toItemType: string | null
  readonly toLendable: boolean | null
}

/** Changes where many copies belong and whether they are lent. */
export const editCopies = guarded<Tx, EditCopies>({
  name: 'edit-copies',
  phrase: ({ branch }) => ({
    verb: 'EDIT',
    noun: 'COPIES',
    ...(branch === null ? {} : { where: `OF ${branch}` }),
  }),
  ceiling: { rows: 5_000, percent: 50 },
  find: async (tx, given, limit) => {
    const { toBranch, toShelf, toItemType, toLendable } = given
    const changesNothing = [toBranch, toShelf, toItemType, toLendable].every((each) => each === null)
    if (changesNothing) return { targets: [], total: 0 }
    const { targets, total } = await copiesMeant(tx, given, limit)
    const unknown = await unknownPlaces(tx, given)
    return { targets: [...unknown, ...targets].slice(0, limit.atMost), total: total + unknown.length }
  },
  hold: holdCopies,
  dependents: async (tx, { toLendable }, ids) =>
    toLendable === false ? titlesLeftWithoutCopies(tx, ids) : { parts: [], losing: {} },
  act: (tx, ids, { arguments: { toBranch, toShelf, toItemType, toLendable } }) =>
    tx.rows(sql`
      with before as (
        select copy.id, copy.version, copy.branch_id, copy.shelf, copy.item_type_id,
          coalesce(missing_copy.was_lendable, copy.lendable) as lendable
        from copy
        left join missing_copy on missing_copy.copy_id = copy.id
        where copy.id = any(${ids}::bigint[])
      ),
      when_found as (
        update missing_copy
        set was_lendable = ${toLendable}
        where copy_id = any(${ids}::bigint[]) and ${toLendable}::boolean is not null
      )
      update copy
      set branch_id = coalesce((select id from branch where code = ${toBranch}), copy.branch_id),
        shelf = coalesce(${toShelf}, copy.shelf),
        item_type_id = coalesce((select id from item_type where code = ${toItemType}), copy.item_type_id),
        lendable = ${lendableNow(sql`coalesce(${toLendable}::boolean, copy.lendable)`)},
        version = copy.version + 1
      from before
      where copy.id = before.id
      returning copy.id::text, copy.version::text as "versionAfter",
        json_build_object(
          'version', before.version, 'branchId', before.branch_id::text, 'shelf', before.shelf,
          'itemTypeId', before.item_type_id::text, 'lendable', before.lendable
        ) as before
    `),
  undo: {
    days: 30,
    restore: async (tx, rows) => {
      await tx.rows(sql`
        with was as (select jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as row),
        when_found as (
          update missing_copy
          set was_lendable = (was.row -> 'before' ->> 'lendable')::boolean
          from was
          where missing_copy.copy_id = (was.row ->> 'id')::bigint
        )
        update copy
        set branch_id = (was.row -> 'before' ->> 'branchId')::bigint, shelf = was.row -> 'before' ->> 'shelf',
          item_type_id = (was.row -> 'before' ->> 'itemTypeId')::bigint,
          lendable = ${lendableNow(sql`(was.row -> 'before' ->> 'lendable')::boolean`)},
          version = (was.row -> 'before' ->> 'version')::integer
        from was
        where copy.id = (was.row ->> 'id')::bigint
      `)
    },
  },
  batchRows: 200,
  pace: { rowsPerMinute: 12_000 },
  health: 'not-asked',
  people: { needed: 1, confirmMinutes: 60 },
})

/** A branch or an item type that nobody knows stands in the way of all. */
async function unknownPlaces(tx: Tx, { toBranch, toItemType }: EditCopies): Promise<readonly Target[]> {
  return tx.rows<Target>(sql`
    select 'branch ' || ${toBranch}::text as id, '0' as version, ${toBranch}::text as label, 'branch-unknown' as obstacle
    where ${toBranch}::text is not null and not exists (select from branch where code = ${toBranch})
    union all
    select 'item type ' || ${toItemType}::text, '0', ${toItemType}::text, 'item-type-unknown'
    where ${toItemType}::text is not null and not exists (select from item_type where code = ${toItemType})
  `)
}
