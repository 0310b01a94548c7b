import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** A copy on the shelf that somebody waits for. */
export type PullRow = {
  readonly holdId: number
  readonly titleId: number
  readonly title: string
  readonly authors: readonly string[]
  readonly copyId: number
  readonly barcode: string
  readonly shelf: string
  readonly callNumber: string
  readonly pickupBranchId: number
  readonly pickupBranchName: string
  /** Since when it is waited for, ISO 8601. */
  readonly placedAt: string
}

/** No list of a desk's walk is longer; what was fetched is gone from the next one. */
const listMax = 200

/**
 * The copies to fetch from the shelves of a branch, in the order of the shelves: as many of a title as wait for
 * it. Fetching is checking in: who the copy is for is decided then. Two branches that have the same title on
 * their shelves are both asked, and the first one's copy counts.
 */
export async function pullList(
  db: { readonly rows: Rows },
  branchId: number,
  now?: Date,
): Promise<readonly PullRow[]> {
  const rows = await db.rows<Omit<PullRow, 'placedAt'> & { placedAt: Date }>(sql`
    with waiting as (
      select hold.id, hold.title_id, hold.placed_at, pickup.id as branch_id, pickup.name as branch_name,
        row_number() over (partition by hold.title_id order by hold.placed_at, hold.id) as place
      from hold
      join branch as pickup on pickup.id = hold.pickup_branch_id
      where hold.closed_at is null
        and hold.state = 'waiting'
        and (
          hold.suspended_until is null
          or hold.suspended_until
            <= (coalesce(${now ?? null}::timestamptz, now()) at time zone pickup.time_zone)::date
        )
    ),
    free as (
      select copy.*,
        row_number() over (partition by copy.title_id order by copy.shelf, copy.call_number, copy.id) as place
      from copy
      where copy.branch_id = ${branchId}
        and copy.title_id in (select title_id from waiting)
        and copy.lendable
        and copy.withdrawn_because is null
        and copy.in_transit_to is null
        and not exists (select from loan where loan.copy_id = copy.id and loan.returned_at is null)
        and not exists (
          select from hold where hold.copy_id = copy.id and hold.state in ('in-transit', 'on-shelf')
        )
    )
    select waiting.id as "holdId", title.id as "titleId", title.title, title.authors, free.id as "copyId",
      free.barcode, free.shelf, free.call_number as "callNumber", waiting.branch_id as "pickupBranchId",
      waiting.branch_name as "pickupBranchName", waiting.placed_at as "placedAt"
    from free
    join waiting on waiting.title_id = free.title_id and waiting.place = free.place
    join title on title.id = free.title_id
    order by free.shelf, free.call_number, free.barcode
    limit ${listMax}
  `)
  return rows.map((row) => ({ ...row, placedAt: row.placedAt.toISOString() }))
}

/** A copy on the hold shelf. */
export type ShelfRow = {
  readonly holdId: number
  readonly titleId: number
  readonly title: string
  readonly copyId: number
  readonly barcode: string
  readonly patronId: number
  readonly card: string
  readonly patronName: string
  /** The last day on which it can be fetched. */
  readonly shelfUntil: string | null
}

/** What lies on the hold shelf of a branch, first to expire first; at most 200. For staff: it names people. */
export async function holdShelf(db: { readonly rows: Rows }, branchId: number): Promise<readonly ShelfRow[]> {
  return db.rows<ShelfRow>(sql`
    select hold.id as "holdId", title.id as "titleId", title.title, copy.id as "copyId", copy.barcode,
      patron.id as "patronId", patron.card,
      concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as "patronName",
      hold.shelf_until as "shelfUntil"
    from hold
    join title on title.id = hold.title_id
    join copy on copy.id = hold.copy_id
    join patron on patron.id = hold.patron_id
    where hold.state = 'on-shelf' and hold.pickup_branch_id = ${branchId}
    order by hold.shelf_until, hold.id
    limit ${listMax}
  `)
}
