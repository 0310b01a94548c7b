import type { Held, Target } from '@bibby/guard/guarded.ts'
import { worded } from '../language/worded.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { counted } from './counted.ts'

type Pair = { readonly from: number; readonly into: number }

/** A title with more copies or more people waiting is merged by whoever looks after the database. */
const hangingMax = 2_000

/** Two titles as one row of an operation: the first goes, the second stays. */
export function pairId({ from, into }: Pair): string {
  return `${from}/${into}`
}

/** The two titles of a row. */
export function pairOf(id: string): Pair {
  const [from = 0, into = 0] = id.split('/').map(Number)
  return { from, into }
}

/** Finds both titles. One that is not in the catalogue stands in the way by its number. */
export async function titlesMeant(
  tx: Tx,
  given: Pair,
): Promise<{ readonly pair: Target | undefined; readonly missing: readonly Target[] }> {
  const found = await tx.rows<{ id: number; title: string }>(sql`
    select id, title from title where id in (${given.from}, ${given.into}) and deleted_at is null
  `)
  const titleOf = (id: number) => found.find((title) => title.id === id)?.title
  const obstacle = (id: number, why: string): Target => ({
    id: `title ${id}`,
    version: '0',
    label: worded('plan-line.title-number', { id: String(id) }),
    obstacle: why,
  })
  const missing = [...new Set([given.from, given.into])]
    .filter((id) => titleOf(id) === undefined)
    .map((id) => obstacle(id, 'title-unknown'))
  if (missing.length > 0) return { pair: undefined, missing }
  if (given.from === given.into) return { pair: undefined, missing: [obstacle(given.from, 'title-same')] }
  const [held] = await pairsStanding(tx, [pairId(given)])
  const label = worded('plan-line.title-into', {
    title: titleOf(given.from) ?? '',
    id: String(given.from),
    otherTitle: titleOf(given.into) ?? '',
    otherId: String(given.into),
  })
  return { pair: held && { ...held, label }, missing: [] }
}

/**
 * How pairs stand. The version speaks for both titles, for the copies of the one that goes and for those who wait; once it is
 * gone only for itself, and for what keeps it from coming back: its number is somebody else's by now, or another title was
 * merged later into the same one, whose holds may have met its own. That merging is undone first.
 */
export async function pairsStanding(tx: Tx, ids: readonly string[]): Promise<readonly Held[]> {
  const pairs = ids.map((id) => ({ id, ...pairOf(id) }))
  return tx.rows<Held>(sql`
    select given.id,
      chr(31) || json_build_object('say', 'plan-line.title', 'title', gone.title, 'id', gone.id::text) as label,
      case
        when gone.deleted_at is not null then concat_ws(
          '/', gone.version, 'into ' || coalesce(gone.merged_into::text, 'nowhere'),
          case when kept.deleted_at is not null then 'title deleted' end,
          case when exists (
            select from title as later
            where later.merged_into = gone.merged_into and later.deleted_at > gone.deleted_at
          ) then 'another merged later' end,
          case when exists (
            select from title as taken
            where taken.deleted_at is null and taken.control_source = gone.control_source
              and taken.control_number = gone.control_number
          ) then 'number taken' end
        )
        else concat_ws(
          '/', gone.version, kept.version, case when kept.deleted_at is not null then 'title deleted' end,
          (
            select string_agg(copy.id || '.' || copy.version, ',' order by copy.id)
            from copy
            where copy.title_id = gone.id
          ),
          (
            select string_agg(hold.id || '.' || hold.version, ',' order by hold.id)
            from hold
            where hold.title_id in (gone.id, kept.id) and hold.closed_at is null
          )
        )
      end as version
    from json_to_recordset(${JSON.stringify(pairs)}::json) as given (id text, "from" bigint, "into" bigint)
    join title as gone on gone.id = given.from
    join title as kept on kept.id = given.into
    order by given.id
  `)
}

/** Nobody can have two copies of one title on their way: each such patron keeps the titles apart for now. */
export async function inTheWay(tx: Tx, { from, into }: Pair, atMost: number): Promise<readonly Target[]> {
  const twice = await tx.rows<Target>(sql`
    select 'copy ' || copy.barcode as id, '0' as version, copy.barcode as label, 'waits-for-both' as obstacle
    from hold
    join hold as other on other.patron_id = hold.patron_id and other.title_id = ${into}
      and other.state in ('in-transit', 'on-shelf')
    join copy on copy.id = hold.copy_id
    where hold.title_id = ${from} and hold.state in ('in-transit', 'on-shelf')
    order by copy.barcode
    limit ${Math.max(0, atMost - 1)}
  `)
  const [hanging] = await tx.rows<{ most: number }>(sql`
    select greatest(
      (select count(*) from (select from copy where title_id = ${from} limit ${hangingMax + 1}) as copies),
      (select count(*) from (select from hold where title_id in (${from}, ${into}) and closed_at is null limit ${hangingMax + 1}) as holds)
    ) as most
  `)
  const isMany = (hanging?.most ?? 0) > hangingMax
  const many: Target = {
    id: 'many',
    version: '0',
    label: worded('plan-line.title-number', { id: String(from) }),
    obstacle: 'too-much-on-title',
  }
  return isMany ? [...twice, many] : twice
}

/** What would move, line by line. */
export async function hangingOn(tx: Tx, { from, into }: Pair): Promise<readonly string[]> {
  const [row] = await tx.rows<{
    copies: number
    openLoans: number
    loans: number
    holds: number
    twice: number
    record: string
  }>(sql`
    select
      (select count(*) from copy where title_id = ${from}) as copies,
      (
        select count(*) from loan
        join copy on copy.id = loan.copy_id
        where copy.title_id = ${from} and loan.returned_at is null
      ) as "openLoans",
      (select loans_count from title where id = ${from}) as loans,
      (select count(*) from hold where title_id = ${from} and closed_at is null) as holds,
      (
        select count(*) from hold
        join hold as other on other.patron_id = hold.patron_id and other.title_id = ${into} and other.closed_at is null
        where hold.title_id = ${from} and hold.closed_at is null
      ) as twice,
      case
        when not exists (select from title_record where title_id = ${from}) then 'none'
        when exists (select from title_record where title_id = ${into}) then 'stays'
        else 'moves'
      end as record
  `)
  if (!row) throw new Error('A statement that always has one row had none.')
  return [
    ...counted('plan-line.copies', row.copies),
    ...counted('plan-line.open-loans', row.openLoans),
    ...counted('plan-line.loans-so-far', row.loans),
    ...counted('plan-line.holds', row.holds),
    ...counted('plan-line.wait-for-both', row.twice),
    ...(row.record === 'moves' ? [worded('plan-line.record-moves')] : []),
    ...(row.record === 'stays' ? [worded('plan-line.record-stays')] : []),
  ]
}
