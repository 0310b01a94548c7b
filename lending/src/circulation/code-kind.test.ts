import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCopy, aPatron, aSmallLibrary, besides } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { scannedInto } from './code-kind.ts'

test('what was scanned into a text is found at its end, glued to its beginning, or alone, and nowhere else', async () => {
  await using db = await scratchDatabase()
  const small = await aSmallLibrary(db)
  const library = besides(small)
  for (const barcode of ['39000000000013', '231145', '10115', '🂡2345'])
    await aCopy(db, { ...library, barcode })
  const { patronId } = await aPatron(db, { ...library, card: 'CARD-77' })
  await aPatron(db, { ...library, card: 'GONE-77' })
  await db.rows(sql`update patron set deleted_at = now(), merged_into = ${patronId} where card = 'GONE-77'`)
  for (const [text, code] of [
    ['39000000000013', '39000000000013'],
    ['Her mother asked39000000000013', '39000000000013'],
    ['Her mother asked 39000000000013', '39000000000013'],
    ['39000000000013Her mother asked', '39000000000013'],
    ['Her mother asked CARD-77', 'CARD-77'],
    ['Her mother askedGONE-77', 'GONE-77'],
    ['GONE-77', 'GONE-77'],
    ['10115', '10115'],
    ['🂡 2345 🂡2345', '🂡2345'],
    // A longer number, a postcode, and what names a book and goes on.
    ['Beleg Nr. 20231145', undefined],
    ['Telefon 030 7231145', undefined],
    ['moved to 10115', undefined],
    ['39000000000013 is damaged', undefined],
    ['', undefined],
    ['x'.repeat(500), undefined],
  ] as const)
    assert.equal((await scannedInto(db, text))?.trim(), code, text)
})
