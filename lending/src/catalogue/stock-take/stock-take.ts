import type { Rows } from '../../postgres/pool.ts'
import { type Sql, sql } from '../../postgres/sql.ts'
import { isExpected } from './not-seen.ts'

/** Somebody looks through one shelf of a branch, copy by copy. */
export type StockTake = {
  readonly stockTakeId: number
  readonly branch: string
  readonly branchName: string
  /** '' is the copies that stand on no shelf with a name. */
  readonly shelf: string
  readonly startedBy: string
  /** As ISO 8601; `endedAt` is null while it goes on. */
  readonly startedAt: string
  readonly endedAt: string | null
}

/** How far a stock-take is. */
export type Progress = {
  /** Copies that belong to the shelf and were in somebody's hand. */
  readonly seen: number
  /** Copies that should stand there and were not seen yet; of more than `notSeenCounted` one more than that. */
  readonly notSeen: number
  /** Scans that need somebody: copies of another shelf, on loan, waited for, withdrawn, unknown. */
  readonly attention: number
  /** Copies that are marked as missing by it. */
  readonly missing: number
}

/** What the library knows of a copy that lies in somebody's hand before a shelf. */
export type Found = 'here' | 'elsewhere' | 'on-loan' | 'waited-for' | 'in-transit' | 'withdrawn' | 'unknown'

/** One scan, as a list shows it. */
export type Scan = {
  readonly barcode: string
  readonly found: Found
  readonly copyId: number | null
  readonly titleId: number | null
  readonly title: string | null
  readonly callNumber: string
  /** Where the copy belongs by now. */
  readonly branchName: string
  readonly shelf: string
  readonly isMissing: boolean
  readonly scannedAt: string
}

/** How far copies that were not seen are counted: behind each scan they are counted anew. */
export const notSeenCounted = 5_000
/** How many stock-takes or scans one list gives at most. */
export const listMax = 200

/** One stock-take; undefined when there is none. */
export async function stockTake(db: { rows: Rows }, stockTakeId: number): Promise<StockTake | undefined> {
  const [row] = await db.rows<Row>(sql`${query} where stock_take.id = ${stockTakeId}`)
  return row && shown(row)
}

/** Stock-takes, those that go on first, then the latest. */
export async function stockTakes(db: { rows: Rows }, { limit }: { limit: number }): Promise<StockTake[]> {
  const rows = await db.rows<Row>(sql`
    ${query}
    order by stock_take.ended_at is not null, stock_take.id desc
    limit ${Math.min(limit, listMax)}
  `)
  return rows.map(shown)
}

/** How far it is at this moment. */
export async function progressOf(db: { rows: Rows }, stockTakeId: number): Promise<Progress> {
  const [row] = await db.rows<Progress>(sql`
    select
      (select count(*) from stock_take_scan where stock_take_id = ${stockTakeId} and found = 'here') as seen,
      (
        select count(*)
        from (select from copy where ${isExpected(stockTakeId)} limit ${notSeenCounted + 1}) as expected
      ) as "notSeen",
      (select count(*) from stock_take_scan where stock_take_id = ${stockTakeId} and found <> 'here') as attention,
      (select count(*) from missing_copy where stock_take_id = ${stockTakeId}) as missing
  `)
  if (!row) throw new Error('A statement that always has one row had none.')
  return row
}

/** The latest scans, newest first; only those that need somebody where `needs` says so. */
export async function scansOf(
  db: { rows: Rows },
  stockTakeId: number,
  { limit, needs = false, barcode }: { limit: number; needs?: boolean; barcode?: string },
): Promise<Scan[]> {
  const rows = await db.rows<Omit<Scan, 'scannedAt'> & { scannedAt: Date }>(sql`
    select scan.barcode, scan.found, scan.copy_id as "copyId", copy.title_id as "titleId", title.title,
      coalesce(copy.call_number, '') as "callNumber", coalesce(branch.name, '') as "branchName",
      coalesce(copy.shelf, '') as shelf, missing_copy.copy_id is not null as "isMissing",
      scan.scanned_at as "scannedAt"
    from stock_take_scan as scan
    left join copy on copy.id = scan.copy_id
    left join title on title.id = copy.title_id
    left join branch on branch.id = copy.branch_id
    left join missing_copy on missing_copy.copy_id = copy.id
    where scan.stock_take_id = ${stockTakeId}
      and (not ${needs} or scan.found <> 'here')
      and (${barcode ?? null}::text is null or scan.barcode = ${barcode ?? null})
    order by scan.scanned_at desc, scan.barcode
    limit ${Math.min(limit, listMax)}
  `)
  return rows.map((row) => ({ ...row, scannedAt: row.scannedAt.toISOString() }))
}

/** The first names of shelves at a branch, in their order: each is found by a step of its own along the index. */
export async function shelvesOf(
  db: { rows: Rows },
  branchId: number,
  { limit }: { limit: number },
): Promise<string[]> {
  const rows = await db.rows<{ shelf: string }>(sql`
    with recursive named as (
      (select shelf, 1 as place from copy where branch_id = ${branchId} and shelf > '' order by shelf limit 1)
      union all
      select following.shelf, named.place + 1
      from named
      cross join lateral (
        select copy.shelf
        from copy
        where copy.branch_id = ${branchId} and copy.shelf > named.shelf
        order by copy.shelf
        limit 1
      ) as following
      where named.place < ${Math.min(limit, listMax)}
    )
    select shelf from named
  `)
  return rows.map(({ shelf }) => shelf)
}

type Row = Omit<StockTake, 'startedAt' | 'endedAt'> & { startedAt: Date; endedAt: Date | null }

const query: Sql = sql`
  select stock_take.id as "stockTakeId", branch.code as branch, branch.name as "branchName", stock_take.shelf,
    coalesce(staff.name, stock_take.started_by) as "startedBy", stock_take.started_at as "startedAt",
    stock_take.ended_at as "endedAt"
  from stock_take
  join branch on branch.id = stock_take.branch_id
  left join staff on 'staff:' || staff.id = stock_take.started_by
`

function shown(row: Row): StockTake {
  return { ...row, startedAt: row.startedAt.toISOString(), endedAt: row.endedAt?.toISOString() ?? null }
}
