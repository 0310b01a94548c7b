import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { isbn13 } from './isbn.ts'
import { survivorWithIsbn } from './survivor.ts'

/** What a written ISBN leads to. */
export type WithIsbn =
  | { readonly found: 'one'; readonly titleId: number }
  | { readonly found: 'several'; readonly isbn: string }
  | { readonly found: 'none' }

/** The title with this ISBN, of ten digits or thirteen, dashes or none; else the one that a title with it was merged into. */
export async function titleWithIsbn(db: { readonly rows: Rows }, written: string): Promise<WithIsbn> {
  const isbn = isbn13(written)
  if (isbn === undefined) return { found: 'none' }
  const [first, second] = await db.rows<{ id: number }>(sql`
    select id from title where isbns @> array[${isbn}::text] and deleted_at is null order by id limit 2
  `)
  if (!first) {
    const titleId = await survivorWithIsbn(db, isbn)
    return titleId === undefined ? { found: 'none' } : { found: 'one', titleId }
  }
  return second ? { found: 'several', isbn } : { found: 'one', titleId: first.id }
}
