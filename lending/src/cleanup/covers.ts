import { readdir } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { Choose } from '@bibby/cleanup/host.ts'
import { titleOfKey } from '../catalogue/covers/cover-names.ts'
import { isbn13 } from '../catalogue/isbn.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { systemCode } from '../start-error.ts'

/** Covers come before the titles that they belong to, when a collection is taken over: so long they wait. */
const waitDays = 30
const dayMs = 24 * 60 * 60_000
const chunk = 1_000
const pictures = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif'])

/** The ISBN-13 that a cover is named by, as `9780141439518.jpg`; undefined where the name says none. */
export function isbnOfCover(name: string): string | undefined {
  const end = extname(name)
  return pictures.has(end.toLowerCase()) ? isbn13(basename(name, end)) : undefined
}

/** The title that a cover was brought for, as `title-123.jpg`; undefined where the name says none. */
function titleOfCover(name: string): number | undefined {
  const end = extname(name)
  return pictures.has(end.toLowerCase()) ? titleOfKey(basename(name, end)) : undefined
}

/**
 * Chooses covers that no title owns. A title that was deleted and can be brought back owns its cover still; what is named
 * by no ISBN and no title, or came while we asked, is kept.
 */
export async function coversWithoutTitle(
  db: Pick<Database, 'rows'>,
  { folder, now }: { readonly folder: string; readonly now: Date },
): Promise<Choose> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  const isbns = [...new Set(names.flatMap((name) => isbnOfCover(basename(name)) ?? []))]
  const titleIds = [...new Set(names.flatMap((name) => titleOfCover(basename(name)) ?? []))]
  const unowned = new Set<string | number>()
  for (let at = 0; at < isbns.length; at += chunk) {
    const found = await db.rows<{ isbn: string }>(sql`
      select asked.isbn
      from unnest(${isbns.slice(at, at + chunk)}::text[]) as asked (isbn)
      where not exists (select from title where title.isbns @> array[asked.isbn])
    `)
    for (const { isbn } of found) unowned.add(isbn)
  }
  for (let at = 0; at < titleIds.length; at += chunk) {
    const found = await db.rows<{ titleId: number }>(sql`
      select asked.id as "titleId"
      from unnest(${titleIds.slice(at, at + chunk)}::bigint[]) as asked (id)
      where not exists (select from title where title.id = asked.id)
    `)
    for (const { titleId } of found) unowned.add(titleId)
  }
  return ({ name, modifiedAt }) => {
    const owner = isbnOfCover(name) ?? titleOfCover(name)
    if (owner === undefined || !unowned.has(owner)) return undefined
    if (now.getTime() - modifiedAt.getTime() <= waitDays * dayMs) return undefined
    return typeof owner === 'number' ? 'there is no such title' : 'no title has this ISBN'
  }
}
