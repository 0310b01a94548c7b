import type { Rows, Tx } from '../../postgres/pool.ts'
import { type Sql, sql } from '../../postgres/sql.ts'
import { copyLimits } from '../checked-copy.ts'
import type { RowCopy } from './csv-title.ts'
import type { Storing } from './store-plan.ts'

/** The copies that records name for a title; a preview has no number yet for one that would be new. */
export type CopiesNamed = { readonly titleId: number | undefined; readonly copies: readonly RowCopy[] }

/** For copies whose row names none. */
type Codes = Pick<Storing, 'branch' | 'itemType'>

/** A title and its record as they stand, all but the bytes of the record, for `change.before`. */
export const titleImage: Sql = sql`
  to_jsonb(title.*) || jsonb_build_object('record', to_jsonb(title_record.*) - 'raw')
`

/**
 * Makes the copies that are not there yet under their title. One that cannot be made (its barcode is taken, or its
 * branch or item type is none of ours) is counted, and kept in mind: when its record comes `again` and says
 * nothing new, it is tried once more. Other copies of such records are left alone, for people may have given them
 * another barcode since.
 */
export async function makeCopies(
  tx: Tx,
  { fresh, again }: { readonly fresh: readonly CopiesNamed[]; readonly again: readonly CopiesNamed[] },
  storing: Storing,
): Promise<{ notMade: number; madeAfterAll: number }> {
  const asked = [...rows(fresh, false, storing), ...rows(again, true, storing)]
  if (asked.length === 0) return { notMade: 0, madeAfterAll: 0 }
  const tried = await tx.rows<Tried>(sql`
    with ${wanted(asked)},
    made as (
      insert into copy (
        title_id, barcode, branch_id, item_type_id, shelf, call_number, lendable, note, price_cents, withdrawn_at,
        withdrawn_because, created_at
      )
      select wanted.title_id, wanted.barcode, branch.id, item_type.id, wanted.shelf, wanted.call_number,
        wanted.lendable, wanted.note, wanted.price_cents, wanted.withdrawn_at, wanted.withdrawn_because,
        ${storing.at}::timestamptz
      ${withCodes}
      on conflict (barcode) do nothing
      returning id, barcode
    )
    select wanted.title_id, wanted.barcode, wanted.is_again, made.id as copy_id,
      exists (select from copy where copy.barcode = wanted.barcode and copy.title_id = wanted.title_id) as is_known
    from wanted
    left join made on made.barcode = wanted.barcode
  `)
  await note(tx, tried, storing)
  const isThere = (copy: Tried) => copy.copy_id !== null || copy.is_known
  const [repeated, first] = [tried.filter((copy) => copy.is_again), tried.filter((copy) => !copy.is_again)]
  return {
    notMade:
      fresh.reduce((sum, { copies }) => sum + copies.length, 0) -
      first.filter(isThere).length +
      repeated.filter((copy) => !isThere(copy)).length,
    madeAfterAll: repeated.filter(({ copy_id }) => copy_id !== null).length,
  }
}

/** Which copies of records that say nothing new `makeCopies` would make, by barcode. Nothing is written. */
export async function copiesToMakeAfterAll(
  db: { readonly rows: Rows },
  { fresh, again }: { readonly fresh: readonly CopiesNamed[]; readonly again: readonly CopiesNamed[] },
  codes: Codes,
): Promise<readonly string[]> {
  if (again.length === 0) return []
  const found = await db.rows<{ barcode: string }>(sql`
    with ${wanted([...rows(fresh, false, codes), ...rows(again, true, codes)])}
    select wanted.barcode
    ${withCodes}
    where wanted.is_again and not exists (select from copy where copy.barcode = wanted.barcode)
  `)
  return found.map(({ barcode }) => barcode)
}

/** The tables `given` and `wanted`: the copies that are asked for, and those of them that are to be tried. */
function wanted(asked: readonly object[]): Sql {
  return sql`
    given as (
      select distinct on (barcode) *
      from json_to_recordset(${JSON.stringify(asked)}::json) as given (
        title_id bigint, barcode text, branch text, item_type text, shelf text, call_number text, lendable boolean,
        note text, price_cents integer, withdrawn_at timestamptz, withdrawn_because text, is_again boolean
      )
      where char_length(barcode) <= ${copyLimits.barcode}
      order by barcode, is_again
    ),
    wanted as (
      select *
      from given
      where not is_again
        or exists (
          select from change
          where change.title_id = given.title_id and change.undone_at is null
            and given.barcode = any (change.copies_left_out)
        )
    )
  `
}

/** Those of them whose branch and item type the library has. */
const withCodes = sql`
  from wanted
  join branch on branch.code = wanted.branch
  join item_type on item_type.code = wanted.item_type
`

type Tried = {
  title_id: number
  barcode: string
  is_again: boolean
  /** Null when it was not made now. */
  copy_id: number | null
  /** It was there already, under this title. */
  is_known: boolean
}

function rows(
  named: readonly CopiesNamed[],
  isAgain: boolean,
  { branch = '', itemType = '' }: Codes,
): readonly object[] {
  return named.flatMap(({ titleId, copies }) =>
    copies.map((copy) => ({
      title_id: titleId,
      barcode: copy.barcode,
      branch: (copy.branch || branch).toLowerCase(),
      item_type: (copy.itemType || itemType).toLowerCase(),
      shelf: (copy.shelf ?? '').slice(0, copyLimits.shelf).toWellFormed(),
      call_number: copy.callNumber.slice(0, copyLimits.callNumber).toWellFormed(),
      lendable: copy.lendable ?? true,
      note: (copy.note ?? '').slice(0, copyLimits.note).toWellFormed(),
      price_cents: copy.priceCents ?? null,
      withdrawn_at: copy.withdrawnAt ?? null,
      withdrawn_because: copy.withdrawnAt === undefined ? null : (copy.withdrawnBecause ?? ''),
      is_again: isAgain,
    })),
  )
}

/** Writes into the import's changes which copies it made and which it left out. */
async function note(tx: Tx, tried: readonly Tried[], { changeSetId }: Storing): Promise<void> {
  const made = tried.filter((copy) => copy.copy_id !== null)
  const leftOut = tried.filter((copy) => copy.copy_id === null && !copy.is_known && !copy.is_again)
  const afterAll = made.filter((copy) => copy.is_again)
  if (afterAll.length > 0) await noteUntouched(tx, afterAll, changeSetId)
  if (made.length + leftOut.length > 0) {
    const noted = [...made, ...leftOut]
    await tx.rows(sql`
      update change
      set copies_made = copies_made || noted.made, copies_left_out = copies_left_out || noted.left_out
      from (
        select title_id, coalesce(array_agg(copy_id) filter (where copy_id is not null), '{}') as made,
          coalesce(array_agg(barcode) filter (where copy_id is null), '{}') as left_out
        from unnest(
          ${noted.map(({ title_id }) => title_id)}::bigint[], ${noted.map(({ copy_id }) => copy_id)}::bigint[],
          ${noted.map(({ barcode }) => barcode)}::text[]
        ) as tried (title_id, copy_id, barcode)
        group by title_id
      ) as noted
      where change.change_set_id = ${changeSetId} and change.title_id = noted.title_id
    `)
  }
}

/** The title itself does not change, but taking the import back must find its copies, and no later one make them again. */
async function noteUntouched(tx: Tx, made: readonly Tried[], changeSetId: number): Promise<void> {
  const titleIds = made.map(({ title_id }) => title_id)
  const barcodes = made.map(({ barcode }) => barcode)
  await tx.rows(sql`
    insert into change (change_set_id, title_id, kind, record_number, before, before_raw, version_after)
    select ${changeSetId}, title.id, 'updated', coalesce(last.record_number, 0), ${titleImage}, title_record.raw,
      title.version
    from title
    left join title_record on title_record.title_id = title.id
    left join lateral (
      select change.record_number
      from change
      where change.title_id = title.id and change.undone_at is null
      order by change.change_set_id desc
      limit 1
    ) as last on true
    where title.id = any(${titleIds}::bigint[])
    on conflict (change_set_id, title_id) do nothing
  `)
  await tx.rows(sql`
    update change
    set copies_left_out = array(select unnest(copies_left_out) except select unnest(${barcodes}::text[]))
    where title_id = any(${titleIds}::bigint[]) and copies_left_out && ${barcodes}::text[]
  `)
}
