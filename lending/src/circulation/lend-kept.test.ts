import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neverTwice } from '../../test/every-cut.ts'
import {
  aCopy,
  aPatron,
  aSmallLibrary,
  besides,
  by,
  monday,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { keepScan, settleScan } from './kept-scan.ts'
import { lendKept } from './lend-kept.ts'

const dayLater = new Date(monday.getTime() + 86_400_000)

/** A book whose scan is kept, and what lends it. */
async function aKeptBook(db: ScratchDatabase, library: SmallLibrary) {
  const { branchId, card } = library
  const { barcode } = await aCopy(db, besides(library))
  const scannedAt = monday.toISOString()
  const scan = { branchId, meant: 'lend' as const, card, code: barcode, scannedAt, refused: 'loan-limit' }
  const kept = await write(db, by(), keepScan, scan)
  assert.ok(kept.outcome === 'done')
  const { keptScanId } = kept.answer
  return { keptScanId, card, barcode, branchId, settledAt: dayLater }
}

async function loansOf(db: ScratchDatabase, { barcode }: { barcode: string }): Promise<number> {
  const loans = await db.rows(sql`
    select from loan join copy on copy.id = loan.copy_id where copy.barcode = ${barcode}
  `)
  return loans.length
}

async function settledOf(db: ScratchDatabase, { keptScanId }: { keptScanId: number }) {
  const [scan] = await db.rows<{ settledAt: Date | null }>(sql`
    select settled_at as "settledAt" from kept_scan where id = ${keptScanId}
  `)
  return scan?.settledAt ?? null
}

test('losing the connection at any statement never lends a kept book without settling its scan, nor twice', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await db.rows(sql`update loan_rule set loans_max = 100`)
  await neverTwice(db, lendKept, async () => {
    const ask = await aKeptBook(db, library)
    const times = async () => {
      const loans = await loansOf(db, ask)
      assert.equal((await settledOf(db, ask)) !== null, loans > 0)
      return loans
    }
    return { ask, times }
  })
})

test('a kept book is lent as of when it was scanned, and its scan is settled now', async () => {
  await using db = await scratchDatabase()
  const ask = await aKeptBook(db, await aSmallLibrary(db))
  const done = await write(db, by(), lendKept, ask)
  assert.equal(done.outcome === 'done' && done.answer.lentAt, monday.toISOString())
  assert.deepEqual(await settledOf(db, ask), dayLater)
})

test('what is seen to already is not lent, also where the two meet', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const ask = await aKeptBook(db, library)
  const other = await aPatron(db, besides(library))
  const outcomes = await Promise.all([
    write(db, by(), settleScan, { keptScanId: ask.keptScanId }),
    write(db, by(), lendKept, ask),
    write(db, by(), lendKept, { ...ask, card: other.card }),
  ])
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'done').length, 1)
  assert.equal(await loansOf(db, ask), outcomes[0].outcome === 'done' ? 0 : 1)
  const late = await write(db, by(), lendKept, ask)
  assert.equal(late.outcome === 'refused' && late.refusal.refused, 'scan-settled')
})

test('what is not lent leaves its scan for somebody to look at', async () => {
  await using db = await scratchDatabase()
  const ask = await aKeptBook(db, await aSmallLibrary(db))
  const outcome = await write(db, by(), lendKept, { ...ask, card: 'nobody' })
  assert.equal(outcome.outcome === 'refused' && outcome.refusal.refused, 'patron-unknown')
  assert.equal(await settledOf(db, ask), null)
})
