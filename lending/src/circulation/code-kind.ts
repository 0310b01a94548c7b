import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { scanned } from './scanned.ts'

/** What a code is to the library. The barcode of a copy may be the number of a card, too. */
export type CodeKind = 'copy' | 'card' | 'both' | 'unknown'

/** Says what was scanned, before anything is done with it. */
export async function codeKind(db: { readonly rows: Rows }, code: string): Promise<CodeKind> {
  const [row] = await db.rows<{ isCopy: boolean; isCard: boolean }>(sql`
    select exists (select from copy where barcode = ${scanned(code)}) as "isCopy",
      exists (select from patron where card = ${scanned(code)} and deleted_at is null) as "isCard"
  `)
  if (row?.isCopy) return row.isCard ? 'both' : 'copy'
  return row?.isCard ? 'card' : 'unknown'
}
