import type { Dependents, Held } from '@bibby/guard/guarded.ts'
import { worded } from '../language/worded.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** Why these copies cannot leave the collection now, by identity. A copy that can has no entry. */
export async function copiesInTheWay(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await tx.rows<{ id: string; obstacle: string | null }>(sql`
    select copy.id::text,
      case
        when exists (select from loan where loan.copy_id = copy.id and loan.returned_at is null) then 'on-loan'
        when exists (
          select from hold where hold.copy_id = copy.id and hold.state in ('in-transit', 'on-shelf')
        ) then 'on-hold-shelf'
        when copy.in_transit_to is not null then 'in-transit'
        when exists (
          select from loan
          join fine_line as charge on charge.loan_id = loan.id and charge.kind = 'charge'
          where loan.copy_id = copy.id
            and (select sum(line.cents) from fine_line as line where line.patron_id = charge.patron_id) > 0
        ) then 'unpaid-fine'
      end as obstacle
    from copy
    where copy.id = any(${ids}::bigint[])
  `)
  return new Map(found.flatMap(({ id, obstacle }) => (obstacle === null ? [] : [[id, obstacle] as const])))
}

/**
 * Locks copies, and only then looks at them: what was lent while we waited for the lock is seen. The version says too
 * whether the title is deleted by now: to such a one no copy comes back.
 */
export async function holdCopies(tx: Tx, ids: readonly string[]): Promise<readonly Held[]> {
  const held = await tx.rows<{ id: string; version: string; label: string; isWithdrawn: boolean }>(sql`
    select id::text, version::text, barcode as label, withdrawn_at is not null as "isWithdrawn"
    from copy
    where id = any(${ids}::bigint[])
    order by id
    for update
  `)
  const obstacles = await copiesInTheWay(tx, ids)
  const orphans = await tx.rows<{ id: string }>(sql`
    select copy.id::text
    from copy
    join title on title.id = copy.title_id
    where copy.id = any(${ids}::bigint[]) and title.deleted_at is not null
  `)
  const hasNoTitle = new Set(orphans.map(({ id }) => id))
  return held.map(({ id, version, label, isWithdrawn }) => ({
    id,
    version: hasNoTitle.has(id) ? `${version}/title deleted` : version,
    label,
    obstacle: isWithdrawn ? null : (obstacles.get(id) ?? null),
  }))
}

/** Somebody waits for a title: then one copy of it that can be lent must be left. */
export async function titlesLeftWithoutCopies(tx: Tx, ids: readonly string[]): Promise<Dependents> {
  const titles = await tx.rows<{
    id: string
    title: string
    holds: number
    copies: number
    losing: number
  }>(sql`
    select title.id::text, title.title, waiting.holds, coalesce(lendable.copies, 0) as copies,
      coalesce(lendable.losing, 0) as losing
    from (
      select hold.title_id, count(*)::integer as holds
      from hold
      where hold.closed_at is null and hold.title_id in (select title_id from copy where id = any(${ids}::bigint[]))
      group by hold.title_id
    ) as waiting
    join title on title.id = waiting.title_id
    left join lateral (
      select count(*)::integer as copies,
        (count(*) filter (where copy.id = any(${ids}::bigint[])))::integer as losing
      from copy
      where copy.title_id = title.id and copy.lendable and copy.withdrawn_at is null
    ) as lendable on true
    order by title.id
  `)
  return {
    parts: titles.flatMap(({ id, title, holds, copies }) => [
      { name: copiesOf(id), units: copies, floor: 0, needs: [] },
      {
        name: worded('plan-part.waiting', { count: holds, title, id }),
        units: holds,
        floor: 0,
        needs: [{ part: copiesOf(id), atLeast: 1 }],
      },
    ]),
    losing: Object.fromEntries(titles.map(({ id, losing }) => [copiesOf(id), losing])),
  }
}

const copiesOf = (titleId: string) => worded('plan-part.copies', { id: titleId })
