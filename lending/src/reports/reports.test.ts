import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { aBranch, aCopy, aPatron, aSmallLibrary, aTitle } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { csvHead, csvRows } from './csv.ts'
import { deadStock } from './dead-stock.ts'
import { holds } from './holds.ts'
import { inventory } from './inventory.ts'
import { loans } from './loans.ts'
import { overdue } from './overdue.ts'
import { type Cell, type Report, type ReportAsk, rowsOf } from './report.ts'
import { topTitles } from './top-titles.ts'

const now = new Date('2026-03-31T12:00:00Z')
const march: ReportAsk = {
  from: '2026-03-01',
  to: '2026-03-31',
  by: 'day',
  branchId: undefined,
  years: 3,
  now,
}

/** Two branches on different clocks, and copies in each. */
async function aLibrary(db: ScratchDatabase) {
  const small = await aSmallLibrary(db)
  const east = await aBranch(db)
  await db.rows(
    sql`update branch set name = 'West', time_zone = 'America/Los_Angeles' where id = ${small.branchId}`,
  )
  await db.rows(sql`update branch set name = 'East', time_zone = 'Asia/Tokyo' where id = ${east.branchId}`)
  const { titleId } = await aTitle(db, { title: 'Emma' })
  const copies = []
  for (const branchId of [small.branchId, small.branchId, east.branchId, east.branchId]) {
    copies.push(await aCopy(db, { titleId, branchId, itemTypeId: small.itemTypeId }))
  }
  await db.rows(sql`update copy set created_at = '2019-01-01'`)
  const lent = async (
    copyId: number,
    at: string,
    { returned = true, due = '2026-04-30' }: { returned?: boolean; due?: string } = {},
  ) => {
    await db.rows(sql`
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at)
      select ${copyId}, ${returned ? null : small.patronId}, ${small.categoryId}, branch_id, ${small.ruleId}, ${at}, ${due},
        ${returned ? at : null}
      from copy
      where id = ${copyId}
    `)
  }
  return { ...small, east: east.branchId, title: titleId, copies: copies.map(({ copyId }) => copyId), lent }
}

async function allOf(
  db: ScratchDatabase,
  report: Report,
  ask: ReportAsk,
): Promise<readonly (readonly Cell[])[]> {
  const all: (readonly Cell[])[] = []
  for await (const rows of rowsOf(db, report, ask)) all.push(...rows)
  return all
}

test('a loan counts on the day of the branch that lent it, also when its patron is forgotten', async () => {
  await using db = await scratchDatabase()
  const { copies, lent, branchId, east } = await aLibrary(db)
  const [west1 = 0, west2 = 0, east1 = 0, east2 = 0] = copies
  // One instant: the evening of the 9th in the west, the 10th in the east.
  await lent(west1, '2026-03-10T03:00:00Z')
  await lent(east1, '2026-03-10T03:00:00Z')
  await lent(west2, '2026-03-20T18:00:00Z')
  // Just before and just after March: the day is over in the east first.
  await lent(east2, '2026-02-28T14:59:00Z')
  await lent(east2, '2026-02-28T15:00:00Z')
  await lent(west2, '2026-04-01T06:59:00Z')
  await lent(west2, '2026-04-01T07:00:00Z')

  const { rows, bars, sum } = await loans.table(db, march, 100)
  assert.deepEqual(rows, [
    ['2026-03-01', 1],
    ['2026-03-09', 1],
    ['2026-03-10', 1],
    ['2026-03-20', 1],
    ['2026-03-31', 1],
  ])
  assert.equal(sum, 5)
  assert.equal(bars.length, 31)
  assert.deepEqual(bars[1], { name: '2026-03-02', value: 0 })
  const by = async (grouping: ReportAsk['by'], over: Partial<ReportAsk> = {}) =>
    (await loans.table(db, { ...march, ...over, by: grouping }, 100)).rows
  assert.deepEqual(await by('branch'), [
    ['West', 3],
    ['East', 2],
  ])
  assert.deepEqual(await by('branch', { branchId: east }), [['East', 2]])
  assert.deepEqual(await by('day', { branchId, from: '2026-03-09', to: '2026-03-09' }), [['2026-03-09', 1]])
  assert.deepEqual(await by('month'), [['2026-03-01', 5]])
  for (const grouping of loans.groupings) {
    const counted = (await by(grouping)).reduce((all, [, count]) => all + Number(count), 0)
    assert.equal(counted, 5, grouping)
  }
  const shown = await loans.table(db, march, 2)
  assert.deepEqual([shown.rows.length, shown.count, shown.sum], [2, 5, 5])
})

test('the titles that were lent most come first, and how many more there are is told', async () => {
  await using db = await scratchDatabase()
  const { copies, lent, titleId, copyId } = await aLibrary(db)
  await lent(copies[0] ?? 0, '2026-03-05T12:00:00Z')
  await lent(copies[2] ?? 0, '2026-03-06T12:00:00Z')
  await lent(copyId, '2026-03-07T12:00:00Z')
  await db.rows(sql`update title set authors = '{Austen, Jane}' where title = 'Emma'`)
  const [other] = await db.rows<{ title: string }>(sql`select title from title where id = ${titleId}`)
  const { rows, count } = await topTitles.table(db, march, 1)
  assert.deepEqual([rows, count], [[['Emma', 'Austen; Jane', 2]], 2])
  assert.equal((await allOf(db, topTitles, march)).at(-1)?.[0], other?.title)
})

test('every overdue loan is listed once, the longest first, however many stand on a page', async () => {
  await using db = await scratchDatabase()
  const { copies, lent, east, card } = await aLibrary(db)
  const dues = [
    '2026-03-30T06:00:00Z',
    '2026-03-10T06:00:00Z',
    '2026-01-01T06:00:00Z',
    '2026-05-01T06:00:00Z',
  ]
  for (const [at, due] of dues.entries())
    await lent(copies[at] ?? 0, '2025-12-01T12:00:00Z', { returned: false, due })
  const { rows, count, bars } = await overdue.table(db, march, 2)
  assert.deepEqual(
    rows.map(([due, days]) => [due, days]),
    [
      ['2026-01-01', 89],
      ['2026-03-09', 22],
    ],
  )
  assert.equal(rows[0]?.[6], card)
  assert.equal(count, 3)
  assert.deepEqual(
    bars.map(({ value }) => value),
    [1, 0, 1, 1, 0],
  )
  assert.equal((await overdue.table(db, { ...march, branchId: east }, 9)).count, 1)
  const paged: unknown[] = []
  for (let after: readonly (string | number)[] | undefined; ; ) {
    const { rows: some, last } = await overdue.page(db, march, { after, rowsMax: 1 })
    if (!last) break
    paged.push(...some)
    after = last
  }
  assert.deepEqual(paged, await allOf(db, overdue, march))
})

test('what readers wait for is told with the copies that could come', async () => {
  await using db = await scratchDatabase()
  const { title, titleId, branchId, categoryId, copies } = await aLibrary(db)
  const waits = async (on: number, state: 'waiting' | 'cancelled' = 'waiting') => {
    const { patronId } = await aPatron(db, { branchId, categoryId })
    await db.rows(sql`
      insert into hold (title_id, patron_id, pickup_branch_id, placed_at, state, closed_at)
      values (${on}, ${patronId}, ${branchId}, '2026-03-10T03:00:00Z', ${state}, ${state === 'waiting' ? null : now})
    `)
  }
  await waits(title)
  await waits(title)
  await waits(title, 'cancelled')
  await waits(titleId)
  await waits(title)
  await db.rows(sql`
    update hold set state = 'on-shelf', copy_id = ${copies[1]}, captured_at = ${now}, shelf_until = '2026-04-07'
    where id = (select max(id) from hold)
  `)
  await db.rows(sql`update copy set lendable = false where id = ${copies[0]}`)
  const { rows, count } = await holds.table(db, march, 10)
  assert.deepEqual([rows[0], count], [['Emma', 2, 3, '2026-03-09'], 2])
})

test('nobody’s copies are those that stand, may be lent, are old, and were not lent in so many years', async () => {
  await using db = await scratchDatabase()
  const { copies, lent, copyId, east, itemTypeId, title } = await aLibrary(db)
  const [never = 0, long = 0, lately = 0, out = 0] = copies
  await lent(long, '2022-06-01T12:00:00Z')
  await lent(lately, '2025-06-01T12:00:00Z')
  await lent(out, '2021-06-01T12:00:00Z', { returned: false })
  const fresh = await aCopy(db, { titleId: title, branchId: east, itemTypeId })
  await db.rows(sql`update copy set created_at = ${now} where id = ${fresh.copyId}`)
  await db.rows(sql`update copy set withdrawn_at = ${now}, withdrawn_because = 'worn' where id = ${copyId}`)
  const reference = await aCopy(db, { titleId: title, branchId: east, itemTypeId })
  await db.rows(
    sql`update copy set created_at = '2019-01-01', lendable = false where id = ${reference.copyId}`,
  )
  await db.rows(sql`update copy set shelf = 'B', call_number = '2' where id = ${never}`)
  await db.rows(sql`update copy set shelf = 'A', call_number = '9' where id = ${long}`)
  const { rows, count, bars } = await deadStock.table(db, march, 10)
  assert.deepEqual(
    rows.map(([branch, shelf, callNumber, , , , lastLent]) => [branch, shelf, callNumber, lastLent]),
    [
      ['West', 'A', '9', '2022-06-01'],
      ['West', 'B', '2', null],
    ],
  )
  assert.deepEqual([count, bars], [2, [{ name: 'West', value: 2 }]])
  assert.equal((await deadStock.table(db, { ...march, years: 4 }, 10)).count, 1)
  const first = await deadStock.page(db, march, { after: undefined, rowsMax: 1 })
  const second = await deadStock.page(db, march, { after: first.last, rowsMax: 1 })
  assert.deepEqual([...first.rows, ...second.rows], rows)
})

test('each copy stands in one column of the inventory', async () => {
  await using db = await scratchDatabase()
  const { copies, lent, copyId, titleId, patronId, branchId, east, itemTypeId } = await aLibrary(db)
  const [lentOut = 0, held = 0, moving = 0, reading = 0] = copies
  await lent(lentOut, '2026-03-05T12:00:00Z', { returned: false })
  await db.rows(sql`
    insert into hold (title_id, patron_id, pickup_branch_id, placed_at, state, copy_id, captured_at, shelf_until)
    values (${titleId}, ${patronId}, ${branchId}, ${now}, 'on-shelf', ${held}, ${now}, '2026-04-07')
  `)
  await db.rows(sql`update copy set in_transit_to = ${branchId} where id = ${moving}`)
  await db.rows(sql`update copy set lendable = false where id = ${reading}`)
  await db.rows(sql`update copy set withdrawn_at = ${now}, withdrawn_because = 'worn' where id = ${copyId}`)
  const lost = await aCopy(db, { titleId, branchId, itemTypeId })
  await db.rows(sql`
    with looked as (
      insert into stock_take (branch_id, shelf, started_by, started_at) values (${branchId}, '', 'staff:1', ${now}) returning id
    )
    insert into missing_copy (copy_id, stock_take_id, was_lendable, since)
    select ${lost.copyId}, id, true, ${now} from looked
  `)
  const { rows } = await inventory.table(db, { ...march, by: 'branch' }, 10)
  assert.deepEqual(rows, [
    ['East', 0, 0, 0, 1, 1, 0, 0, 2],
    ['West', 0, 1, 1, 0, 0, 1, 1, 4],
  ])
  for (const by of inventory.groupings) {
    const all = (await inventory.table(db, { ...march, by }, 10)).rows
    const sum = all.reduce((copiesInAll, row) => copiesInAll + Number(row.at(-1)), 0)
    assert.equal(sum, 6, by)
    for (const row of all) {
      const states = row.slice(-8, -1).reduce<number>((one, other) => one + Number(other), 0)
      assert.equal(states, row.at(-1))
    }
  }
  assert.equal((await inventory.table(db, { ...march, by: 'shelf', branchId: east }, 10)).rows.length, 1)
})

test('a file says what the rows say, and no spreadsheet runs any of it', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('=1+1', '+1', '-1', '@x', '\t=1', '\r=1', '"', 'a,b', 'a\nb'),
    fc.nat(),
    fc.constant(null),
  )
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      const text = csvHead(['Title', 'Loans']) + csvRows(rows)
      assert.ok(text.startsWith('\uFEFFTitle,Loans\r\n'))
      const read = parse(text, {
        bom: true,
        from: 2,
        relax_column_count: true,
        skip_empty_lines: false,
      }) as string[][]
      assert.equal(read.length, rows.length)
      for (const [at, row] of read.entries()) {
        for (const [place, value] of row.entries()) {
          assert.doesNotMatch(value, /^[=+\-@\t\r]/)
          const was = String(rows[at]?.[place] ?? '')
          assert.ok(value === was || value === `'${was}`, JSON.stringify([value, was]))
        }
      }
    }),
    { numRuns: 40 },
  )
})
