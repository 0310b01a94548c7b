import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neverTwice } from '../../test/every-cut.ts'
import { aBranch, aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { forgetReturnedLoans } from '../patrons/forget.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { keepScan, keptScans, keptScansCount, settleScan } from './kept-scan.ts'
import { lend } from './lend.ts'
import { takeBack } from './take-back.ts'

const hours = (n: number): Date => new Date(monday.getTime() + n * 3_600_000)

test('losing the connection at any statement never lists a kept scan twice, nor settles it twice', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const kept = (barcode: string) => ({
    branchId: library.branchId,
    meant: 'lend' as const,
    card: library.card,
    code: barcode,
    scannedAt: monday.toISOString(),
    refused: 'loan-limit',
  })
  await neverTwice(db, keepScan, async () => {
    const { barcode, copyId } = await aCopy(db, besides(library))
    const times = async () => (await db.rows(sql`select from kept_scan where copy_id = ${copyId}`)).length
    return { ask: kept(barcode), times }
  })
  await neverTwice(db, settleScan, async () => {
    const { barcode } = await aCopy(db, besides(library))
    const listed = await write(db, by(), keepScan, kept(barcode))
    assert.equal(listed.outcome, 'done')
    const { keptScanId } = listed.outcome === 'done' ? listed.answer : { keptScanId: 0 }
    const times = async () =>
      (await db.rows(sql`select from kept_scan where id = ${keptScanId} and settled_at is not null`)).length
    return { ask: { keptScanId, note: 'Rang them up' }, times }
  })
})

test('a kept scan tells what was scanned, at whose card, and who has the copy now', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const other = await aPatron(db, { ...besides(library), givenName: 'Ben', familyName: 'Other' })
  const { branchId, barcode } = library
  await write(db, by(), lend, { card: other.card, barcode, branchId })
  const scan = {
    branchId,
    meant: 'lend' as const,
    scannedAt: hours(1).toISOString(),
    refused: 'copy-on-loan',
  }
  await write(db, by({ occurredAt: hours(2) }), keepScan, { ...scan, card: library.card, code: barcode })
  await write(db, by({ occurredAt: hours(2) }), keepScan, { ...scan, card: 'nobody', code: 'nothing' })
  const elsewhere = await aBranch(db)
  assert.equal(await keptScansCount(db, { branchId: branchId }), 2)
  assert.equal(await keptScansCount(db, { branchId: elsewhere.branchId }), 0)

  const [known, unknown] = await keptScans(db, { branchId })
  assert.equal(known?.copy?.barcode, barcode)
  assert.equal(known?.patron?.card, library.card)
  assert.equal(known?.loan?.name, 'Ben Other')
  assert.deepEqual(
    [unknown?.copy, unknown?.patron, unknown?.unknownCode, unknown?.unknownCard],
    [null, null, 'nothing', 'nobody'],
  )

  const settle = (note?: string) =>
    write(db, by(), settleScan, { keptScanId: known?.keptScanId ?? 0, ...(note && { note }) })
  assert.equal((await settle('x'.repeat(501))).outcome, 'refused')
  assert.equal((await settle()).outcome, 'done')
  const again = await settle()
  assert.equal(again.outcome === 'refused' && again.refusal.refused, 'scan-settled')
  assert.equal(await keptScansCount(db, { branchId: branchId }), 1)
})

test('a return that a desk had kept ends no loan that began after it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { barcode, branchId } = library
  await write(db, by({ occurredAt: hours(3) }), lend, library)
  const kept = by({ occurredAt: hours(1) })
  const late = await write(db, kept, takeBack, { barcode, branchId, wasKept: true })
  assert.equal(late.outcome === 'refused' && late.refusal.refused, 'lent-since')
  // The clocks of two servers may differ: a desk that is there takes back what lies before it.
  const there = await write(db, by({ occurredAt: hours(1) }), takeBack, { barcode, branchId })
  assert.equal(there.outcome, 'done')
})

test('a kept scan undoes nothing that was done with the copy after it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const other = await aPatron(db, besides(library))
  const { barcode, branchId, card } = library
  await write(db, by({ occurredAt: hours(2) }), lend, { card: other.card, barcode, branchId })
  await write(db, by({ occurredAt: hours(3) }), takeBack, { barcode, branchId })
  const kept = by({ occurredAt: hours(1) })
  const late = await write(db, kept, lend, { card, barcode, branchId, wasKept: true })
  assert.equal(late.outcome === 'refused' && late.refusal.refused, 'moved-since')
  const back = await write(db, by({ occurredAt: hours(1) }), takeBack, { barcode, branchId, wasKept: true })
  assert.equal(back.outcome === 'refused' && back.refusal.refused, 'moved-since')
  // What was kept after all that goes in.
  const next = by({ occurredAt: hours(4) })
  assert.equal((await write(db, next, lend, { card, barcode, branchId, wasKept: true })).outcome, 'done')
})

test('sent at once and then handed in under its key, a scan is one', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { barcode, branchId } = library
  await write(db, by(), lend, library)
  const who = by({ occurredAt: hours(1) })
  const first = await write(db, who, takeBack, { barcode, branchId })
  const second = await write(db, { ...who, occurredAt: hours(2) }, takeBack, {
    barcode,
    branchId,
    wasKept: true,
  })
  assert.ok(first.outcome === 'done' && second.outcome === 'done' && second.repeated)
  assert.deepEqual(second.answer, first.answer)
})

test('what was settled of kept scans goes when returned loans are forgotten; the rest waits', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId, card, barcode } = library
  const scan = {
    branchId,
    meant: 'lend' as const,
    card,
    scannedAt: monday.toISOString(),
    refused: 'loan-limit',
  }
  const other = await aCopy(db, besides(library))
  for (const code of [barcode, other.barcode]) await write(db, by(), keepScan, { ...scan, code })
  const [first] = await keptScans(db, { branchId })
  await write(db, by(), settleScan, { keptScanId: first?.keptScanId ?? 0, note: 'Told Ada' })
  await forgetReturnedLoans(db, hours(24 * 29))
  assert.equal((await db.rows(sql`select from kept_scan`)).length, 2)
  await forgetReturnedLoans(db, hours(24 * 32))
  const left = await db.rows<{ note: string | null }>(sql`select note from kept_scan`)
  assert.deepEqual(left, [{ note: null }])
})
