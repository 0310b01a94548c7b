import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { scanned, scannedMax } from './scanned.ts'

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

/** What is shorter, in a longer text, is a number like any other. */
const partMin = 6

/**
 * What of a text somebody has scanned into it, where that is known here: all of it, its end, or its beginning where a word is
 * glued to that; a barcode, or a card, that of a merged record too. A part has at least six characters, and is no part of a longer number.
 */
export async function scannedInto(db: { readonly rows: Rows }, text: string): Promise<string | undefined> {
  const parts = new Set([text, ...endsOf(text), ...beginningsOf(text)])
  const known = new Map([...parts].map((part) => [scanned(part), part]))
  const [row] = await db.rows<{ code: string }>(sql`
    select code from unnest(${[...known.keys()]}::text[]) as code
    where exists (select from copy where barcode = code)
      or exists (select from patron where card = code and (deleted_at is null or merged_into is not null))
    order by length(code) desc limit 1
  `)
  return row && known.get(row.code)
}

function endsOf(text: string): readonly string[] {
  const last = text.slice(-scannedMax)
  return Array.from({ length: last.length }, (_, nth) => nth)
    .filter((nth) => !isWithinNumber(last, nth))
    .map((nth) => last.slice(nth))
    .filter(isLong)
}

function beginningsOf(text: string): readonly string[] {
  const first = text.slice(0, scannedMax)
  return Array.from({ length: first.length }, (_, nth) => nth)
    .filter((nth) => /^\p{L}/u.test(first.slice(nth)) && !/\s/.test(first[nth - 1] ?? ''))
    .map((nth) => first.slice(0, nth))
    .filter(isLong)
}

function isLong(part: string): boolean {
  return scanned(part).length >= partMin
}

function isWithinNumber(text: string, at: number): boolean {
  return /\d/.test(text[at - 1] ?? '') && /\d/.test(text[at] ?? '')
}
