import { scanned } from '../circulation/scanned.ts'
import type { Rows } from '../postgres/pool.ts'
import { joined, type Sql, sql } from '../postgres/sql.ts'

/** A patron, and how they stand. */
export type Patron = {
  readonly patronId: number
  readonly card: string
  readonly categoryId: number
  readonly categoryCode: string
  readonly categoryName: string
  readonly branchId: number
  readonly branchCode: string
  readonly branchName: string
  readonly givenName: string
  readonly familyName: string
  readonly email: string
  readonly phone: string
  readonly address: string
  readonly note: string
  /** The last day of the card, `YYYY-MM-DD`. */
  readonly expiresOn: string
  readonly blockedBecause: string | null
  /** ISO 8601. */
  readonly blockedAt: string | null
  readonly protected: boolean
  readonly keepsHistory: boolean
  /** Whether each loan and return is confirmed by mail. */
  readonly wantsReceipts: boolean
  /** The kinds of notices that they do not want. */
  readonly unwantedNotices: readonly string[]
  readonly hasPassword: boolean
  /** ISO 8601. */
  readonly registeredAt: string
  readonly version: number
  readonly openLoans: number
  readonly openHolds: number
  readonly owesCents: number
}

/** One patron, by identity or card; undefined when there is none, or not any more. */
export async function patron(
  db: { readonly rows: Rows },
  which: { readonly patronId: number } | { readonly card: string },
): Promise<Patron | undefined> {
  const is =
    'patronId' in which ? sql`patron.id = ${which.patronId}` : sql`patron.card = ${scanned(which.card)}`
  const [row] = await db.rows<Row>(sql`
    select
      patron.id as "patronId", patron.card,
      patron_category.id as "categoryId", patron_category.code as "categoryCode",
      patron_category.name as "categoryName",
      branch.id as "branchId", branch.code as "branchCode", branch.name as "branchName",
      patron.given_name as "givenName", patron.family_name as "familyName",
      patron.email, patron.phone, patron.address, patron.note,
      patron.expires_on as "expiresOn", patron.blocked_because as "blockedBecause",
      patron.blocked_at as "blockedAt", patron.protected, patron.keeps_history as "keepsHistory",
      patron.wants_receipts as "wantsReceipts", patron.unwanted_notices as "unwantedNotices",
      patron.password_hash is not null as "hasPassword",
      patron.registered_at as "registeredAt", patron.version,
      (
        select count(*)::integer from loan where loan.patron_id = patron.id and loan.returned_at is null
      ) as "openLoans",
      (
        select count(*)::integer from hold where hold.patron_id = patron.id and hold.closed_at is null
      ) as "openHolds",
      (
        select coalesce(sum(fine_line.cents), 0)::bigint from fine_line where fine_line.patron_id = patron.id
      ) as "owesCents"
    from patron
    join patron_category on patron_category.id = patron.category_id
    join branch on branch.id = patron.branch_id
    where ${is} and patron.deleted_at is null
  `)
  if (!row) return undefined
  return {
    ...row,
    blockedAt: row.blockedAt?.toISOString() ?? null,
    registeredAt: row.registeredAt.toISOString(),
  }
}

type Row = Omit<Patron, 'blockedAt' | 'registeredAt'> & {
  readonly blockedAt: Date | null
  readonly registeredAt: Date
}

/** A patron as a list shows them. */
export type FoundPatron = Pick<
  Patron,
  | 'patronId'
  | 'card'
  | 'givenName'
  | 'familyName'
  | 'categoryName'
  | 'branchName'
  | 'expiresOn'
  | 'blockedBecause'
>

/** No list of patrons is longer. */
export const foundMax = 100
const queryMax = 100
const wordsMax = 8

/**
 * Patrons whose card begins with the query, or whose names hold each of its words, in any order and case. The
 * words are letters, never a pattern. An empty query, or one that no name could hold, finds nobody.
 */
export async function findPatrons(
  db: { readonly rows: Rows },
  { query, limit = 20 }: { readonly query: string; readonly limit?: number },
): Promise<readonly FoundPatron[]> {
  if (query.length > queryMax) return []
  const typed = scanned(query)
  if (typed === '') return []
  const words = typed.split(/\s/u).filter(Boolean).slice(0, wordsMax)
  const name = sql`lower(patron.family_name || ' ' || patron.given_name)`
  const named = joined(
    words.map((word) => sql`${name} like lower(${`%${asLetters(word)}%`})`),
    ' and ',
  )
  return db.rows<FoundPatron>(sql`
    select patron.id as "patronId", patron.card, patron.given_name as "givenName",
      patron.family_name as "familyName", patron_category.name as "categoryName",
      branch.name as "branchName", patron.expires_on as "expiresOn",
      patron.blocked_because as "blockedBecause"
    from patron
    join patron_category on patron_category.id = patron.category_id
    join branch on branch.id = patron.branch_id
    where patron.deleted_at is null and (${cardBegins(typed)} or (${named}))
    order by (patron.card = ${typed}) desc, patron.family_name, patron.given_name, patron.id
    limit ${Math.min(Math.max(1, Math.trunc(limit)), foundMax)}
  `)
}

/** A range that the index on the card serves (in C.UTF-8, the collation that we set up), and then the exact test. */
function cardBegins(typed: string): Sql {
  return sql`(patron.card between ${typed} and ${`${typed}\u{10ffff}`} and starts_with(patron.card, ${typed}))`
}

/** `%`, `_` and `\` stand for themselves. */
function asLetters(word: string): string {
  return word.replaceAll(/[\\%_]/g, '\\$&')
}
