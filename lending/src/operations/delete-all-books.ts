import type { Acted, Declaration, Guarded, Held } from '@bibby/guard/guarded.ts'
import { guarded } from '@bibby/guard/guarded.ts'
import { countWords, noteWords, type WordCounts } from '../catalogue/title-words.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { copiesInTheWay } from './copies-in-the-way.ts'

/** Why the catalogue is emptied. */
export type DeleteAllBooks = { readonly because: string }

const oneDayMinutes = 24 * 60

/** Deletes every title and withdraws every copy: what a library does once, before it begins anew. */
export function deleteAllBooks({ people }: { readonly people: 1 | 2 }): Guarded<Tx, DeleteAllBooks> {
  return guarded<Tx, DeleteAllBooks>({
    name: 'delete-all-books',
    phrase: () => ({ verb: 'DELETE ALL', noun: 'BOOKS' }),
    // More than this is done in parts, or by whoever looks after the database.
    ceiling: { rows: 100_000, percent: 100 },
    find: async (tx, _, { atMost }) => {
      const titles = await tx.rows<{ id: number; label: string }>(sql`
        select id, title as label from title where deleted_at is null order by id limit ${atMost}
      `)
      const [all] = await tx.rows<{ total: number }>(sql`
        select count(*)::integer as total from title where deleted_at is null
      `)
      const labels = new Map(titles.map(({ id, label }) => [String(id), label]))
      const stand = await standing(
        tx,
        titles.map(({ id }) => String(id)),
      )
      return {
        targets: stand.map((title) => ({ ...title, label: labels.get(title.id) ?? title.id })),
        total: all?.total ?? 0,
      }
    },
    hold: async (tx, ids) => {
      // Copies before titles, as everywhere.
      await tx.rows(sql`select id from copy where title_id = any(${ids}::bigint[]) order by id for update`)
      await tx.rows(sql`select id from title where id = any(${ids}::bigint[]) order by id for update`)
      return standing(tx, ids)
    },
    dependents: 'none',
    act: (tx, ids, { arguments: { because } }) => remove(tx, ids, because),
    undo: { days: 30, restore: putBack },
    batchRows: 200,
    pace: { rowsPerMinute: 30_000 },
    health: 'not-asked',
    people: needed(people),
  })
}

function needed(people: 1 | 2): Declaration<Tx, DeleteAllBooks>['people'] {
  return people === 1
    ? { needed: 1, confirmMinutes: 60 }
    : { needed: 2, approveMinutes: oneDayMinutes, confirmMinutes: 60 }
}

/**
 * How titles stand, by identity. The version speaks for the copies too, and of a deleted title says whether its number
 * is somebody else's by now: then it cannot come back.
 */
async function standing(tx: Tx, ids: readonly string[]): Promise<readonly Held[]> {
  const titles = await tx.rows<Held & { readonly copies: readonly string[] | null }>(sql`
    select title.id::text, copies.ids as copies,
      case when title.deleted_at is null and title.waiting then 'waited-for' end as obstacle,
      concat_ws('/', title.version, copies.versions, case when taken.id is not null then 'number taken' end) as version
    from (
      select id, version, deleted_at, control_source, control_number,
        exists (select from hold where hold.title_id = title.id and hold.closed_at is null) as waiting
      from title
      where id = any(${ids}::bigint[])
    ) as title
    left join lateral (
      select array_agg(copy.id::text) as ids, string_agg(copy.id || '.' || copy.version, ',' order by copy.id) as versions
      from copy
      where copy.title_id = title.id
    ) as copies on true
    left join title as taken on title.deleted_at is not null and taken.deleted_at is null
      and taken.control_source = title.control_source and taken.control_number = title.control_number
    order by title.id
  `)
  const inTheWay = await copiesInTheWay(
    tx,
    titles.flatMap(({ copies }) => copies ?? []),
  )
  return titles.map(({ copies, obstacle, ...title }) => ({
    ...title,
    obstacle:
      obstacle ?? (copies ?? []).map((copy) => inTheWay.get(copy)).find((each) => each !== undefined) ?? null,
  }))
}

async function remove(tx: Tx, ids: readonly string[], because: string): Promise<readonly Acted[]> {
  const copies = await tx.rows<{ title: string; id: string; version: number }>(sql`
    update copy
    set withdrawn_because = ${because}, withdrawn_at = clock_timestamp(), version = version + 1
    where title_id = any(${ids}::bigint[]) and withdrawn_at is null
    returning title_id::text as title, id::text, version - 1 as version
  `)
  const titles = await tx.rows<{ id: string; version: number; words: string[] }>(sql`
    update title
    set deleted_at = clock_timestamp(), version = version + 1
    where id = any(${ids}::bigint[]) and deleted_at is null
    returning id::text, version - 1 as version, tsvector_to_array(words) as words
  `)
  await count(tx, titles, -1)
  const after = new Map((await standing(tx, ids)).map(({ id, version }) => [id, version]))
  const withdrawn = Map.groupBy(copies, ({ title }) => title)
  return titles.map(({ id, version }) => ({
    id,
    versionAfter: after.get(id) ?? '',
    before: {
      version,
      copies: (withdrawn.get(id) ?? []).map((copy) => ({ id: copy.id, version: copy.version })),
    },
  }))
}

async function putBack(
  tx: Tx,
  rows: readonly { readonly id: string; readonly before: unknown }[],
): Promise<void> {
  const json = JSON.stringify(rows)
  const titles = await tx.rows<{ words: string[] }>(sql`
    update title
    set deleted_at = null, version = (was.row -> 'before' ->> 'version')::integer
    from jsonb_array_elements(${json}::jsonb) as was (row)
    where title.id = (was.row ->> 'id')::bigint
    returning tsvector_to_array(title.words) as words
  `)
  await tx.rows(sql`
    update copy
    set withdrawn_because = null, withdrawn_at = null, version = (was.copy ->> 'version')::integer
    from jsonb_array_elements(${json}::jsonb) as title (row)
    cross join lateral jsonb_array_elements(title.row -> 'before' -> 'copies') as was (copy)
    where copy.id = (was.copy ->> 'id')::bigint
  `)
  await count(tx, titles, 1)
}

/** The vocabulary knows how many titles have each word. */
async function count(
  tx: Tx,
  titles: readonly { readonly words: readonly string[] }[],
  by: 1 | -1,
): Promise<void> {
  const counts: WordCounts = new Map()
  for (const { words } of titles) noteWords(counts, words, by)
  await countWords(tx, counts)
}
