import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

type Pair = { readonly from: number; readonly into: number }

/** An open hold as it was before two titles became one. */
export type HoldBefore = {
  readonly id: number
  readonly titleId: number
  readonly version: number
  readonly placedAt: string
  /** It gave way to the patron's other one. */
  readonly isClosed: boolean
}

/**
 * Gives the open holds on one title to another. Who waits for both keeps one: that for which a copy is on its way or lies
 * ready, else one that is not suspended, else the one that was placed earlier; and with it the earlier place.
 */
export async function moveHolds(tx: Tx, { from, into }: Pair): Promise<readonly HoldBefore[]> {
  const before = await tx.rows<HoldBefore>(sql`
    with open as (
      select hold.id, hold.title_id, hold.patron_id, hold.version, hold.placed_at,
        row_number() over (
          partition by hold.patron_id
          order by hold.state in ('in-transit', 'on-shelf') desc,
            hold.suspended_until is not null
              and hold.suspended_until > (clock_timestamp() at time zone pickup.time_zone)::date,
            hold.placed_at, hold.id
        ) as rank,
        count(*) over (partition by hold.patron_id) as held
      from hold
      join branch as pickup on pickup.id = hold.pickup_branch_id
      where hold.title_id in (${from}, ${into}) and hold.closed_at is null
    )
    select id, title_id as "titleId", version, placed_at::text as "placedAt", rank > 1 as "isClosed"
    from open
    where title_id = ${from} or held > 1
    order by id
  `)
  const closed = before.filter(({ isClosed }) => isClosed).map(({ id }) => id)
  const kept = before.filter(({ isClosed }) => !isClosed).map(({ id }) => id)
  await tx.rows(sql`
    update hold
    set placed_at = least(
      placed_at, (
        select min(other.placed_at)
        from hold as other
        where other.id = any(${closed}::bigint[]) and other.patron_id = hold.patron_id
      )
    )
    where id = any(${kept}::bigint[])
  `)
  // First: of one patron and one title there is one open hold.
  await tx.rows(sql`
    update hold
    set state = 'cancelled', closed_at = clock_timestamp(), version = version + 1
    where id = any(${closed}::bigint[])
  `)
  await tx.rows(sql`
    update hold set title_id = ${into}, version = version + 1 where id = any(${kept}::bigint[])
  `)
  return before
}

/**
 * Gives them back, at the places that they had. What was closed since stays closed; one that gave way waits again as long
 * as the one that was kept for it is open: who got the book or gave up does not wait again.
 */
export async function bringBack(tx: Tx, { into }: Pair, holds: readonly HoldBefore[]): Promise<void> {
  const rows = JSON.stringify(
    holds.map(({ id, titleId, version, placedAt, isClosed }) => ({
      id,
      title_id: titleId,
      version,
      placed_at: placedAt,
      is_closed: isClosed,
    })),
  )
  const was = sql`
    json_to_recordset(${rows}::json) as was (
      id bigint, title_id bigint, version integer, placed_at timestamptz, is_closed boolean
    )
  `
  const kept = holds.filter(({ isClosed }) => !isClosed).map(({ id }) => id)
  await tx.rows(sql`
    update hold
    set title_id = was.title_id, placed_at = was.placed_at,
      version = case when hold.version = was.version + 1 then was.version else hold.version + 1 end
    from ${was}
    where hold.id = was.id and not was.is_closed and hold.title_id = ${into}
  `)
  // Two patrons may have become one since: of what gave way on one title, one waits again.
  await tx.rows(sql`
    with again as (
      select distinct on (hold.title_id, hold.patron_id) hold.id, was.version
      from hold
      join ${was} on was.id = hold.id
      where was.is_closed and hold.state = 'cancelled' and hold.version = was.version + 1
        and exists (
          select from hold as kept
          where kept.id = any(${kept}::bigint[]) and kept.patron_id = hold.patron_id and kept.closed_at is null
        )
        and not exists (
          select from hold as other
          where other.title_id = hold.title_id and other.patron_id = hold.patron_id and other.closed_at is null
        )
      order by hold.title_id, hold.patron_id, hold.placed_at, hold.id
    )
    update hold
    set state = 'waiting', closed_at = null, version = again.version
    from again
    where hold.id = again.id
  `)
}
