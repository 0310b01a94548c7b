import type { Rows } from '../../postgres/pool.ts'
import { type Sql, sql } from '../../postgres/sql.ts'
import { csvText } from '../our-csv.ts'

/** A copy that should stand on the shelf and was not seen there. */
export type NotSeen = {
  readonly copyId: number
  readonly barcode: string
  readonly callNumber: string
  readonly titleId: number
  readonly title: string
  readonly authors: readonly string[]
  readonly itemType: string
}

/** Where the next part of a list begins. */
export type After = { readonly callNumber: string; readonly copyId: number }

/** How many copies one part of the list holds, and are marked as missing at once. */
export const notSeenMax = 500

/** How many copies its file holds, at most. */
export const notSeenFileMax = 50_000

/**
 * What a stock-take expects and has not seen, as it stands now, along the shelf: not what is on loan, waited for or on its
 * way, withdrawn, missing already, or newer than the end of the stock-take.
 */
export async function notSeen(
  db: { rows: Rows },
  stockTakeId: number,
  { after, limit = notSeenMax }: { after?: After | undefined; limit?: number } = {},
): Promise<NotSeen[]> {
  return db.rows<NotSeen>(sql`
    select copy.id as "copyId", copy.barcode, copy.call_number as "callNumber", title.id as "titleId", title.title,
      title.authors, item_type.name as "itemType"
    from copy
    join title on title.id = copy.title_id
    join item_type on item_type.id = copy.item_type_id
    where ${isExpected(stockTakeId)}
      and (${after?.callNumber ?? null}::text is null
        or (copy.call_number, copy.id) > (${after?.callNumber ?? ''}::text, ${after?.copyId ?? 0}::bigint))
    order by copy.call_number, copy.id
    limit ${Math.min(limit, notSeenMax)}
  `)
}

/** The whole list as CSV, read in parts; where it is longer than a file may be, the last line says so. */
export async function* notSeenCsv(
  db: { rows: Rows },
  stockTakeId: number,
  {
    columns,
    overText,
    rowsMax = notSeenFileMax,
  }: { readonly columns: readonly string[]; readonly overText: string; readonly rowsMax?: number },
): AsyncGenerator<string> {
  // Spreadsheets take a file for UTF-8 by this mark.
  yield `\uFEFF${csvText([columns])}`
  let after: After | undefined
  for (let told = 0; told < rowsMax; ) {
    const limit = Math.min(notSeenMax, rowsMax - told)
    const rows = await notSeen(db, stockTakeId, { after, limit })
    const last = rows.at(-1)
    if (!last) return
    told += rows.length
    yield csvText(
      rows.map(({ callNumber, barcode, title, authors, itemType }) => [
        callNumber,
        barcode,
        title,
        authors.join('; '),
        itemType,
      ]),
    )
    after = last
  }
  if ((await notSeen(db, stockTakeId, { after, limit: 1 })).length > 0) yield csvText([[overText]])
}

/** Whether a copy stands where a stock-take looks and was not seen there; of the table `copy` of a query. */
export function isExpected(stockTakeId: number): Sql {
  // As values of their own, and not a join: then the index gives the copies in the order of the shelf.
  return sql`
    copy.branch_id = (select branch_id from stock_take where id = ${stockTakeId})
    and copy.shelf = (select shelf from stock_take where id = ${stockTakeId})
    and copy.withdrawn_at is null and copy.in_transit_to is null
    and copy.created_at <= (select coalesce(ended_at, 'infinity') from stock_take where id = ${stockTakeId})
    and not exists (
      select from stock_take_scan as scan where scan.stock_take_id = ${stockTakeId} and scan.barcode = copy.barcode
    )
    and not exists (select from loan where loan.copy_id = copy.id and loan.returned_at is null)
    and not exists (
      select from hold where hold.copy_id = copy.id and hold.state in ('in-transit', 'on-shelf')
    )
    and not exists (select from missing_copy where missing_copy.copy_id = copy.id)
  `
}
