import type { Rows } from '../postgres/pool.ts'
import { plannedAnew, type Sql, sql } from '../postgres/sql.ts'
import {
  barsMax,
  type Cell,
  fileRowsMax,
  type Place,
  type Report,
  type ReportAsk,
  type ReportBar,
} from './report.ts'

type Row = {
  readonly copyId: number
  readonly branchId: number
  readonly branch: string
  readonly shelf: string
  readonly callNumber: string
  readonly title: string
  readonly barcode: string
  readonly itemType: string
  readonly lastLent: string | null
  readonly added: string
}

/** Copies that have stood for years and nobody borrowed, in the order in which they stand. What is lent, not for loan, or new is none. */
export const deadStock: Report = {
  name: 'dead-stock',
  needs: 'reports',
  asks: ['years', 'branch'],
  groupings: [],
  picture: 'lying',
  rowsMax: fileRowsMax,
  columns: () => [
    { name: 'branch', kind: 'text' },
    { name: 'shelf', kind: 'text' },
    { name: 'call-number', kind: 'text' },
    { name: 'title', kind: 'text' },
    { name: 'barcode', kind: 'text' },
    { name: 'item-type', kind: 'text' },
    { name: 'last-lent', kind: 'day' },
    { name: 'added', kind: 'day' },
  ],
  table: async (db, ask, rowsMax) => {
    const [rows, branches] = await Promise.all([
      standing(db, ask, { after: undefined, rowsMax }),
      byBranch(db, ask),
    ])
    return {
      rows: rows.map(cells),
      count: branches.reduce((sum, { value }) => sum + value, 0),
      bars: branches.slice(0, barsMax),
    }
  },
  page: async (db, ask, at) => {
    const rows = await standing(db, ask, at)
    const last = rows.at(-1)
    const place = last && [last.branch, last.branchId, last.shelf, last.callNumber, last.copyId]
    return { rows: rows.map(cells), last: place }
  },
}

function cells({
  branch,
  shelf,
  callNumber,
  title,
  barcode,
  itemType,
  lastLent,
  added,
}: Row): readonly Cell[] {
  return [branch, shelf, callNumber, title, barcode, itemType, lastLent, added]
}

function isDead({ branchId, years, now }: ReportAsk): Sql {
  const cutoff = sql`${now}::timestamptz - make_interval(years => ${years})`
  return sql`
    copy.withdrawn_at is null
    and copy.lendable
    and copy.created_at < ${cutoff}
    and (${branchId ?? null}::bigint is null or copy.branch_id = ${branchId ?? null}::bigint)
    and not exists (select from missing_copy where missing_copy.copy_id = copy.id)
    and not exists (
      select from loan
      where loan.copy_id = copy.id and (loan.returned_at is null or loan.lent_at >= ${cutoff})
    )
  `
}

async function standing(
  db: { readonly rows: Rows },
  ask: ReportAsk,
  { after, rowsMax }: { readonly after: Place | undefined; readonly rowsMax: number },
): Promise<readonly Row[]> {
  const [branch = '', branchId = 0, shelf = '', callNumber = '', copyId = 0] = after ?? []
  return db.rows<Row>(
    plannedAnew(sql`
    select copy.id as "copyId", branch.id as "branchId", branch.name as branch, copy.shelf,
      copy.call_number as "callNumber", title.title, copy.barcode, item_type.name as "itemType",
      (copy.created_at at time zone branch.time_zone)::date::text as added,
      (
        select (max(loan.lent_at) at time zone branch.time_zone)::date::text
        from loan
        where loan.copy_id = copy.id
      ) as "lastLent"
    from copy
    join branch on branch.id = copy.branch_id
    join title on title.id = copy.title_id
    join item_type on item_type.id = copy.item_type_id
    where ${isDead(ask)}
      and (branch.name, branch.id, copy.shelf, copy.call_number, copy.id)
        > (${branch}, ${branchId}::bigint, ${shelf}, ${callNumber}, ${copyId}::bigint)
    order by branch.name, branch.id, copy.shelf, copy.call_number, copy.id
    limit ${rowsMax}
  `),
  )
}

async function byBranch(db: { readonly rows: Rows }, ask: ReportAsk): Promise<readonly ReportBar[]> {
  return db.rows<ReportBar>(
    plannedAnew(sql`
    select branch.name, count(*)::integer as value
    from copy
    join branch on branch.id = copy.branch_id
    where ${isDead(ask)}
    group by branch.id
    order by value desc, branch.name
  `),
  )
}
