import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { isbn13 } from './isbn.ts'

/** A title beside another that may be the same: what tells them apart, and what hangs on each. */
export type Twin = {
  readonly titleId: number
  readonly title: string
  readonly subtitle: string
  readonly authors: readonly string[]
  readonly publisher: string
  readonly publishedYear: number | null
  readonly language: string
  readonly material: string
  readonly isbns: readonly string[]
  /** Copies in the collection, open holds, loans so far. */
  readonly copies: number
  readonly holds: number
  readonly loans: number
  readonly hasRecord: boolean
}

/** More titles of one name are not told. */
const twinsMax = 20

/** Titles that share an ISBN with this one, or all of its title. */
export async function twinsOf(db: { rows: Rows }, titleId: number): Promise<readonly Twin[]> {
  const rows = await db.rows<{ id: number }>(sql`
    (
      select other.id
      from title as this
      join title as other on other.isbns && this.isbns
      where this.id = ${titleId} and this.isbns <> '{}' and other.id <> this.id and other.deleted_at is null
      order by other.id
      limit ${twinsMax}
    )
    union
    (
      select other.id
      from title as this
      join title as other on split_part(other.folded, ' /', 1) = split_part(this.folded, ' /', 1)
      where this.id = ${titleId} and other.id <> this.id and other.deleted_at is null
      order by other.id
      limit ${twinsMax}
    )
  `)
  return twins(
    db,
    rows.map(({ id }) => id),
  )
}

/** These titles, as far as the catalogue has them, in the order of their numbers. */
export async function twins(db: { rows: Rows }, titleIds: readonly number[]): Promise<readonly Twin[]> {
  if (titleIds.length === 0) return []
  return db.rows<Twin>(sql`
    select title.id as "titleId", title.title, title.subtitle, title.authors, title.publisher,
      title.published_year as "publishedYear", title.language, title.material, title.isbns,
      title.loans_count as loans,
      (select count(*) from copy where copy.title_id = title.id and copy.withdrawn_at is null) as copies,
      (select count(*) from hold where hold.title_id = title.id and hold.closed_at is null) as holds,
      exists (select from title_record where title_record.title_id = title.id) as "hasRecord"
    from title
    where title.id = any(${titleIds}::bigint[]) and title.deleted_at is null
    order by title.id
    limit ${twinsMax}
  `)
}

/**
 * The titles that somebody means by a number, the address of a title, an ISBN, or the barcode of a copy. A number may be any of
 * these; what has an ISBN or a copy goes before a title’s own number.
 */
export async function titlesNamed(db: { rows: Rows }, named: string): Promise<readonly number[]> {
  const text = named.trim()
  const number = /(?:^|\/titles\/)(\d{1,15})\/?$/.exec(text)?.[1]
  const isAddress = text.includes('/titles/')
  const isbn = isAddress ? undefined : isbn13(text)
  const rows = await db.rows<{ id: number }>(sql`
    select id from title where isbns @> array[${isbn ?? null}::text] and deleted_at is null
    union
    select title_id from copy where barcode = ${isAddress ? '' : text}
    limit ${twinsMax}
  `)
  if (rows.length > 0) return rows.map(({ id }) => id)
  return number === undefined ? [] : [Number(number)]
}
