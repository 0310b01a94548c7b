import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { done, neverTwice, refusal } from '../../../test/every-cut.ts'
import { aBranch, aCopy, aPatron, aSmallLibrary, by, monday } from '../../../test/library-fixtures.ts'
import { copiesOn } from '../../../test/operation-fixtures.ts'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import { placeHold } from '../../circulation/hold.ts'
import { lend } from '../../circulation/lend.ts'
import { takeBack } from '../../circulation/take-back.ts'
import type { Database } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { write } from '../../postgres/write.ts'
import { copy } from '../copy.ts'
import { editCopy } from '../edit-copy.ts'
import { endStockTake, scanShelf, startStockTake } from './look-through.ts'
import { markFound, markMissing, missingSince } from './missing.ts'
import { notSeen, notSeenCsv, notSeenMax } from './not-seen.ts'
import { progressOf, scansOf, shelvesOf } from './stock-take.ts'

async function aShelf(db: Database, { shelf = 'Novels', count = 3 } = {}) {
  const small = await aSmallLibrary(db)
  const place = { branchId: small.branchId, itemTypeId: small.itemTypeId }
  const copies = await copiesOn(db, shelf, count, place)
  await db.rows(sql`update copy set created_at = ${monday} where shelf = ${shelf}`)
  const { stockTakeId } = done(await write(db, by(), startStockTake, { branch: small.branchCode, shelf }))
  const scan = async (barcode: string, actor = 'staff:1') =>
    done(await write(db, by({ actor }), scanShelf, { stockTakeId, barcode }))
  return { ...small, ...place, copies, stockTakeId, scan }
}

const idsOf = (copies: readonly { readonly copyId: number }[]) => copies.map(({ copyId }) => copyId)
const barcodeOf = (copies: readonly { readonly barcode: string }[], at: number) => copies[at]?.barcode ?? ''

test('each copy in hand is told for what it is, and what was expected and not seen is listed along the shelf', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db, { count: 4 })
  const { branchId } = await aBranch(db, { name: 'Hill' })
  const { itemTypeId } = at
  const elsewhere = await aCopy(db, { branchId, itemTypeId })
  const withdrawn = await aCopy(db, { branchId: at.branchId, itemTypeId, withdrawnBecause: 'Worn' })
  const onItsWay = await aCopy(db, { branchId: at.branchId, itemTypeId, inTransitTo: branchId })
  const lent = barcodeOf(at.copies, 2)
  for (const barcode of [lent, barcodeOf(at.copies, 3)])
    done(await write(db, by(), lend, { card: at.card, barcode, branchId: at.branchId }))
  const found = []
  for (const barcode of [
    barcodeOf(at.copies, 0),
    elsewhere.barcode,
    lent,
    onItsWay.barcode,
    withdrawn.barcode,
    'nobody',
  ])
    found.push((await at.scan(barcode)).found)
  assert.deepEqual(found, ['here', 'elsewhere', 'on-loan', 'in-transit', 'withdrawn', 'unknown'])
  assert.deepEqual(idsOf(await notSeen(db, at.stockTakeId)), idsOf(at.copies.slice(1, 2)))
  assert.deepEqual(await progressOf(db, at.stockTakeId), { seen: 1, notSeen: 1, attention: 5, missing: 0 })
  const [open] = await db.rows<{ n: number }>(sql`select count(*) as n from loan where returned_at is null`)
  assert.equal(open?.n, 2, 'nothing is changed by looking')
})

test('two people look through one shelf, the same copy twice is once, and another day goes on where they left', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db)
  const again = { branch: at.branchCode, shelf: 'Novels' }
  const joined = done(await write(db, by({ actor: 'staff:2' }), startStockTake, again))
  assert.deepEqual([joined.stockTakeId, joined.isJoined], [at.stockTakeId, true])
  const barcode = barcodeOf(at.copies, 0)
  const both = await Promise.all([at.scan(barcode), at.scan(` ${barcode} `, 'staff:2')])
  assert.deepEqual(both.map(({ isAgain }) => isAgain).toSorted(), [false, true])
  assert.equal((await scansOf(db, at.stockTakeId, { limit: 10 })).length, 1)
  done(await write(db, by(), endStockTake, { stockTakeId: at.stockTakeId }))
  const late = await write(db, by(), scanShelf, { stockTakeId: at.stockTakeId, barcode })
  assert.equal(refusal(late).refused, 'stock-take-ended')
  assert.equal(done(await write(db, by(), startStockTake, again)).isJoined, false)
})

test('what was not seen is marked as missing as it was listed or not at all, and comes back as it was', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db)
  const { stockTakeId } = at
  await db.rows(sql`update copy set lendable = false where id = ${at.copies[1]?.copyId ?? 0}`)
  const lendable = () =>
    db.rows<{ lendable: boolean }>(
      sql`select lendable from copy where id = any(${idsOf(at.copies)}::bigint[]) order by id`,
    )
  const before = await lendable()
  const copyIds = idsOf(at.copies)
  const mark = () => write(db, by(), markMissing, { stockTakeId, copyIds })
  assert.equal(refusal(await mark()).refused, 'stock-take-open')
  done(await write(db, by(), endStockTake, { stockTakeId }))
  const lent = { card: at.card, barcode: barcodeOf(at.copies, 0), branchId: at.branchId }
  done(await write(db, by(), lend, lent))
  assert.equal(refusal(await mark()).refused, 'list-changed')
  assert.deepEqual(await lendable(), before)

  const left = idsOf(at.copies.slice(1))
  assert.equal(done(await write(db, by(), markMissing, { stockTakeId, copyIds: left })).copies, 2)
  assert.deepEqual(await notSeen(db, stockTakeId), [])
  const { card } = await aPatron(db, { branchId: at.branchId, categoryId: at.categoryId })
  const wanted = { card, barcode: barcodeOf(at.copies, 2), branchId: at.branchId }
  assert.equal(refusal(await write(db, by(), lend, wanted)).refused, 'copy-not-for-loan')
  assert.equal((await missingSince(db, left[0] ?? 0))?.stockTakeId, stockTakeId)
  assert.equal((await copy(db, left[1] ?? 0))?.state, 'missing')

  done(await write(db, by(), markFound, { copyIds: left }))
  assert.deepEqual(await lendable(), before, 'one that was read here only is so again')
  assert.equal(refusal(await write(db, by(), markFound, { copyIds: left })).refused, 'nothing-found')
})

test('a missing copy that is handed in is missing no longer, and goes to who waits for it', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db, { count: 2 })
  const { stockTakeId, branchId } = at
  done(await write(db, by(), endStockTake, { stockTakeId }))
  await db.rows(sql`update copy set lendable = false where id = ${at.copies[1]?.copyId ?? 0}`)
  done(await write(db, by(), markMissing, { stockTakeId, copyIds: idsOf(at.copies) }))
  const titleId = (await copy(db, at.copies[0]?.copyId ?? 0))?.titleId ?? 0
  const away = await aCopy(db, { titleId, branchId, itemTypeId: at.itemTypeId })
  const reader = await aPatron(db, { branchId, categoryId: at.categoryId })
  done(await write(db, by(), lend, { card: reader.card, barcode: away.barcode, branchId }))
  const { holdId } = done(
    await write(db, by(), placeHold, { titleId, card: at.card, pickupBranchId: branchId }),
  )
  const handIn = async (nth: number) =>
    done(await write(db, by(), takeBack, { barcode: barcodeOf(at.copies, nth), branchId }))
  assert.deepEqual((await handIn(1)).next, { to: 'shelf' }, 'one that was read here only is so again')
  const { next, wasMissing } = await handIn(0)
  assert.ok(wasMissing, 'the desk is told')
  assert.equal((await handIn(0)).wasMissing, undefined, 'once')
  assert.equal('holdId' in next && next.holdId, holdId)
  const states = at.copies.map(async ({ copyId }) => (await copy(db, copyId))?.state)
  assert.deepEqual(await Promise.all(states), ['on-hold-shelf', 'not-for-loan'])
  for (const { copyId } of at.copies) assert.equal(await missingSince(db, copyId), undefined)
})

test('a copy that is made not for loan while it is missing stays so when it turns up, and is not lent before', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db, { count: 2 })
  const { stockTakeId } = at
  const [one = 0, other = 0] = idsOf(at.copies)
  await db.rows(sql`update copy set lendable = false where id = ${other}`)
  done(await write(db, by(), endStockTake, { stockTakeId }))
  done(await write(db, by(), markMissing, { stockTakeId, copyIds: [one, other] }))
  const lendable = async () => [(await copy(db, one))?.lendable, (await copy(db, other))?.lendable]
  assert.deepEqual(await lendable(), [true, false], 'what it will be again')
  done(await write(db, by(), editCopy, { copyId: one, version: 2, lendable: false }))
  done(await write(db, by(), editCopy, { copyId: other, version: 2, lendable: true }))
  const lentBefore = sql`select id from copy where lendable and id in (${one}, ${other})`
  assert.deepEqual(await db.rows(lentBefore), [])
  assert.deepEqual(await lendable(), [false, true])
  done(await write(db, by(), markFound, { copyIds: [one, other] }))
  assert.deepEqual(await lendable(), [false, true])
})

test('all marks of a stock-take are taken back at once, and sent twice they are so once', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db, { count: notSeenMax + 2 })
  const { stockTakeId } = at
  done(await write(db, by(), endStockTake, { stockTakeId }))
  const ids = idsOf(at.copies)
  for (const copyIds of [ids.slice(0, notSeenMax), ids.slice(notSeenMax)])
    done(await write(db, by(), markMissing, { stockTakeId, copyIds }))
  const who = by()
  for (const repeated of [false, true]) {
    const outcome = await write(db, who, markFound, { stockTakeId })
    assert.deepEqual(
      [done(outcome).copies, 'repeated' in outcome && outcome.repeated],
      [notSeenMax + 2, repeated],
    )
  }
  assert.equal((await progressOf(db, stockTakeId)).missing, 0)
})

test('losing the connection at any statement starts, scans, ends, marks and finds at most once', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db, { count: 1 })
  const one = async (query: ReturnType<typeof sql>) => (await db.rows<{ n: number }>(query))[0]?.n ?? -1
  const fresh = async () => {
    const shelf = randomUUID()
    const copies = await copiesOn(db, shelf, 1, { branchId: at.branchId, itemTypeId: at.itemTypeId })
    await db.rows(sql`update copy set created_at = ${monday} where shelf = ${shelf}`)
    const begun = done(await write(db, by(), startStockTake, { branch: at.branchCode, shelf }))
    return { shelf, stockTakeId: begun.stockTakeId, copy: copies[0] ?? { copyId: 0, barcode: '' } }
  }
  await neverTwice(db, startStockTake, async () => {
    const shelf = randomUUID()
    const times = () => one(sql`select count(*) as n from stock_take where shelf = ${shelf}`)
    return { ask: { branch: at.branchCode, shelf }, times }
  })
  await neverTwice(db, scanShelf, async () => {
    const { stockTakeId, copy } = await fresh()
    const times = () =>
      one(sql`select count(*) as n from stock_take_scan where stock_take_id = ${stockTakeId}`)
    return { ask: { stockTakeId, barcode: copy.barcode }, times }
  })
  await neverTwice(db, endStockTake, async () => {
    const { stockTakeId } = await fresh()
    const times = () =>
      one(sql`select count(*) as n from stock_take where id = ${stockTakeId} and ended_at is not null`)
    return { ask: { stockTakeId }, times }
  })
  const version = (copyId: number) => one(sql`select version as n from copy where id = ${copyId}`)
  const ended = async () => {
    const { stockTakeId, copy } = await fresh()
    done(await write(db, by(), endStockTake, { stockTakeId }))
    return { stockTakeId, copyIds: [copy.copyId] }
  }
  await neverTwice(db, markMissing, async () => {
    const ask = await ended()
    return { ask, times: async () => (await version(ask.copyIds[0] ?? 0)) - 1 }
  })
  await neverTwice(db, markFound, async () => {
    const ask = await ended()
    done(await write(db, by(), markMissing, ask))
    return { ask: { copyIds: ask.copyIds }, times: async () => (await version(ask.copyIds[0] ?? 0)) - 2 }
  })
})

test('the list goes out as CSV whole, in which nothing is a formula; shelves are named once each', async () => {
  await using db = await scratchDatabase()
  const at = await aShelf(db, { count: 2 })
  await db.rows(sql`update copy set call_number = '=1+1' where id = ${at.copies[0]?.copyId ?? 0}`)
  const whole = async (rowsMax?: number) => {
    const words = { columns: ['Call number', 'Barcode'], overText: 'There are more.' }
    let text = ''
    for await (const part of notSeenCsv(db, at.stockTakeId, { ...words, ...(rowsMax && { rowsMax }) }))
      text += part
    return text
  }
  const csv = await whole()
  assert.equal(await whole(2), csv)
  assert.match(await whole(1), /^\uFEFFCall number,Barcode\n[^\n]*,[^\n]*\nThere are more\.\n$/)
  assert.match(csv, /^\uFEFFCall number,Barcode\n/)
  assert.match(csv, /^'=1\+1,/m)
  assert.equal(csv.trim().split('\n').length, 3)
  await copiesOn(db, 'Atlases', 2, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  assert.deepEqual(await shelvesOf(db, at.branchId, { limit: 10 }), ['Atlases', 'Novels'])
  assert.deepEqual(await shelvesOf(db, at.branchId, { limit: 1 }), ['Atlases'])
})
