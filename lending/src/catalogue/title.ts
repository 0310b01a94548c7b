import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type CopyLine, type CopyRow, copiesOf, shownCopy } from './copy.ts'
import { fieldsOf, type StoredTitle, titleColumns } from './stored-title.ts'
import type { TitleFields } from './title-fields.ts'

/** One title as a page shows it, with its copies. */
export type Title = TitleFields & {
  readonly titleId: number
  readonly version: number
  /** By branch and barcode, at most `copiesShownMax` of them. */
  readonly copies: readonly CopyLine[]
  /** Whether there are more copies than are shown. */
  readonly hasMoreCopies: boolean
  readonly holdsWaiting: number
  /** When it was taken out of the catalogue, as ISO 8601; null while it is in it. */
  readonly deletedAt: string | null
}

/** How many copies of one title are shown. */
export const copiesShownMax = 500

/** The title with its copies and holds, deleted or not; undefined when there is none. */
export async function title(db: { rows: Rows }, titleId: number): Promise<Title | undefined> {
  const [row] = await db.rows<StoredTitle & { holds_waiting: number }>(sql`
    select ${titleColumns},
      (select count(*) from hold where hold.title_id = title.id and hold.closed_at is null) as holds_waiting
    from title
    where title.id = ${titleId}
  `)
  if (!row) return undefined
  const copies: CopyRow[] = await copiesOf(db, titleId, copiesShownMax + 1)
  return {
    ...fieldsOf(row),
    titleId: row.id,
    version: row.version,
    copies: copies.slice(0, copiesShownMax).map(shownCopy),
    hasMoreCopies: copies.length > copiesShownMax,
    holdsWaiting: row.holds_waiting,
    deletedAt: row.deleted_at?.toISOString() ?? null,
  }
}
