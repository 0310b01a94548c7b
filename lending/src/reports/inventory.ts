import { copyState, copyStateJoins } from '../catalogue/copy.ts'
import { plannedAnew, type Sql, sql } from '../postgres/sql.ts'
import { barsMax, type Column, type Grouping, type Report, wholly } from './report.ts'

const states = [
  'on-shelf',
  'on-loan',
  'on-hold-shelf',
  'in-transit',
  'not-for-loan',
  'missing',
  'withdrawn',
  'all',
] as const

type Row = Readonly<Record<(typeof states)[number], number>> & {
  readonly branch: string
  readonly place: string
  readonly count: number
}

const groupsMax = 10_000

/** Every copy that the library has or had, by where it belongs and what has become of it: each stands in one column. */
export const inventory: Report = {
  name: 'inventory',
  needs: 'reports',
  asks: ['branch'],
  groupings: ['branch', 'shelf', 'item-type'],
  picture: 'lying',
  rowsMax: groupsMax,
  columns: ({ by }) => [
    { name: 'branch', kind: 'text' },
    ...second(by),
    ...states.map((name) => ({ name, kind: 'number' }) as const),
  ],
  table: async (db, { by, branchId }, rowsMax) => {
    const places: Readonly<Partial<Record<Grouping, Sql>>> = {
      shelf: sql`copy.shelf`,
      'item-type': sql`item_type.name`,
    }
    const found = await db.rows<Row>(
      plannedAnew(sql`
      with standing as (
        select branch.name as branch, ${places[by] ?? sql`''`} as place,
          ${copyState} as state
        from copy
        join branch on branch.id = copy.branch_id
        join item_type on item_type.id = copy.item_type_id
        ${copyStateJoins}
        where ${branchId ?? null}::bigint is null or copy.branch_id = ${branchId ?? null}::bigint
      )
      select branch, place, ${counts}, count(*)::integer as "all", count(*) over ()::integer as count
      from standing
      group by branch, place
      order by branch, place
      limit ${Math.min(rowsMax, groupsMax)}
    `),
    )
    return {
      rows: found.map((row) => [
        row.branch,
        ...(second(by).length > 0 ? [row.place] : []),
        ...states.map((state) => row[state]),
      ]),
      count: found[0]?.count ?? 0,
      bars: found
        .map((row) => ({ name: [row.branch, row.place].filter(Boolean).join(', '), value: row.all }))
        .toSorted((one, other) => other.value - one.value)
        .slice(0, barsMax),
    }
  },
  page: wholly(async (db, ask, rowsMax) => inventory.table(db, ask, rowsMax), groupsMax),
}

const counts = sql`
  count(*) filter (where state = 'available')::integer as "on-shelf",
  count(*) filter (where state = 'on-loan')::integer as "on-loan",
  count(*) filter (where state = 'on-hold-shelf')::integer as "on-hold-shelf",
  count(*) filter (where state = 'in-transit')::integer as "in-transit",
  count(*) filter (where state = 'not-for-loan')::integer as "not-for-loan",
  count(*) filter (where state = 'missing')::integer as missing,
  count(*) filter (where state = 'withdrawn')::integer as withdrawn
`

function second(by: Grouping): readonly Column[] {
  return by === 'shelf' || by === 'item-type' ? [{ name: by, kind: 'text' }] : []
}
