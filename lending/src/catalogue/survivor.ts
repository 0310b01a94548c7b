import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** No title was merged on so often. */
const stepsMax = 20

/** The title that a merged one went into, through however many mergings; undefined for one that was not merged away. */
export async function survivorOf(db: { rows: Rows }, titleId: number): Promise<number | undefined> {
  const [row] = await db.rows<{ id: number }>(sql`
    with recursive way as (
      select merged_into as id, 1 as steps from title where id = ${titleId} and merged_into is not null
      union all
      select title.merged_into, way.steps + 1
      from way
      join title on title.id = way.id
      where title.merged_into is not null and way.steps < ${stepsMax}
    )
    select id from way order by steps desc limit 1
  `)
  return row?.id
}

/** A title in the catalogue into which one with this ISBN was merged, through however many mergings. */
export async function survivorWithIsbn(db: { rows: Rows }, isbn: string): Promise<number | undefined> {
  const [row] = await db.rows<{ id: number }>(sql`
    with recursive way as (
      select merged_into as id, 1 as steps
      from title
      where isbns @> array[${isbn}::text] and merged_into is not null
      union
      select title.merged_into, way.steps + 1
      from way
      join title on title.id = way.id
      where title.merged_into is not null and way.steps < ${stepsMax}
    )
    select title.id
    from way
    join title on title.id = way.id
    where title.deleted_at is null
    order by title.id
    limit 1
  `)
  return row?.id
}
