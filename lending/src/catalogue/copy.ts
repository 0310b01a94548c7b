import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'

/** Where a copy is, for whoever wants to read it. The first that applies, in this order. */
export type CopyState =
  | 'withdrawn'
  | 'on-loan'
  | 'on-hold-shelf'
  | 'in-transit'
  | 'missing'
  | 'not-for-loan'
  | 'available'

/** One copy in the list of a title. */
export type CopyLine = {
  readonly copyId: number
  readonly barcode: string
  readonly branchId: number
  readonly branch: string
  readonly branchName: string
  readonly shelf: string
  readonly callNumber: string
  readonly itemType: string
  readonly itemTypeName: string
  readonly state: CopyState
  /** When the open loan is due, as ISO 8601. */
  readonly dueAt: string | null
  readonly version: number
}

/** One copy, as the desk sees it after a scan. */
export type Copy = CopyLine & {
  readonly titleId: number
  readonly title: string
  readonly authors: readonly string[]
  /** Of a missing copy: what it will be when it turns up. */
  readonly lendable: boolean
  readonly note: string
  readonly priceCents: number | null
  readonly withdrawnBecause: string | null
}

/** The copy with this barcode; undefined when there is none. */
export async function copyByBarcode(db: { rows: Rows }, barcode: string): Promise<Copy | undefined> {
  const [row] = await db.rows<CopyRow>(sql`${copyQuery} where copy.barcode = ${barcode}`)
  return row ? wholeCopy(row) : undefined
}

/** The copy with this identity; undefined when there is none. */
export async function copy(db: { rows: Rows }, copyId: number): Promise<Copy | undefined> {
  const [row] = await db.rows<CopyRow>(sql`${copyQuery} where copy.id = ${copyId}`)
  return row ? wholeCopy(row) : undefined
}

/** A copy as the query gives it. */
export type CopyRow = {
  readonly id: number
  readonly title_id: number
  readonly title: string
  readonly authors: readonly string[]
  readonly barcode: string
  readonly branch_id: number
  readonly branch: string
  readonly branch_name: string
  readonly item_type: string
  readonly item_type_name: string
  readonly shelf: string
  readonly call_number: string
  readonly lendable: boolean
  readonly note: string
  readonly price_cents: number | null
  readonly withdrawn_because: string | null
  readonly due_at: Date | null
  readonly state: CopyState
  readonly version: number
}

/** The first `limit` copies of a title, by branch and barcode. */
export function copiesOf(db: { rows: Rows }, titleId: number, limit: number): Promise<CopyRow[]> {
  return db.rows<CopyRow>(sql`
    ${copyQuery}
    where copy.title_id = ${titleId}
    order by branch.name, copy.barcode
    limit ${limit}
  `)
}

/** The row as a line in the list of its title. */
export function shownCopy(row: CopyRow): CopyLine {
  return {
    copyId: row.id,
    barcode: row.barcode,
    branchId: row.branch_id,
    branch: row.branch,
    branchName: row.branch_name,
    shelf: row.shelf,
    callNumber: row.call_number,
    itemType: row.item_type,
    itemTypeName: row.item_type_name,
    state: row.state,
    dueAt: row.due_at?.toISOString() ?? null,
    version: row.version,
  }
}

function wholeCopy(row: CopyRow): Copy {
  return {
    ...shownCopy(row),
    titleId: row.title_id,
    title: row.title,
    authors: row.authors,
    lendable: row.lendable,
    note: row.note,
    priceCents: row.price_cents,
    withdrawnBecause: row.withdrawn_because,
  }
}

/** A CopyState, of `copy` and what `copyStateJoins` joins to it. */
export const copyState: Sql = sql`case
  when copy.withdrawn_at is not null then 'withdrawn'
  when loan.id is not null then 'on-loan'
  when hold.state = 'on-shelf' then 'on-hold-shelf'
  when hold.state = 'in-transit' or copy.in_transit_to is not null then 'in-transit'
  when missing_copy.copy_id is not null then 'missing'
  when not copy.lendable then 'not-for-loan'
  else 'available'
end`

/** What tells the state of `copy`: its open loan, its hold under way, and that it is missed. */
export const copyStateJoins: Sql = sql`
  left join loan on loan.copy_id = copy.id and loan.returned_at is null
  left join hold on hold.copy_id = copy.id and hold.state in ('in-transit', 'on-shelf')
  left join missing_copy on missing_copy.copy_id = copy.id
`

const copyQuery: Sql = sql`
  select copy.id, copy.title_id, title.title, title.authors, copy.barcode, copy.branch_id, branch.code as branch,
    branch.name as branch_name, item_type.code as item_type, item_type.name as item_type_name, copy.shelf,
    copy.call_number, coalesce(missing_copy.was_lendable, copy.lendable) as lendable, copy.note, copy.price_cents, copy.withdrawn_because, loan.due_at, copy.version,
    ${copyState} as state
  from copy
  join title on title.id = copy.title_id
  join branch on branch.id = copy.branch_id
  join item_type on item_type.id = copy.item_type_id
  ${copyStateJoins}
`
