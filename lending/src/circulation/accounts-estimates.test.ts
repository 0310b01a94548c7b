import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { estimatesOf } from './accounts-estimates.ts'
import { placeHold, suspendHold } from './hold.ts'
import { handoverDays } from './hold-estimate.ts'
import { lend } from './lend.ts'
import { takeBack } from './take-back.ts'

test('an estimate goes by what is due when, who waits before, and what the rule lends', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 28 })
  const { titleId, barcode, branchId, patronId } = library
  const waits = async (patron: { card: string }) =>
    done(await write(db, by(), placeHold, { titleId, card: patron.card, pickupBranchId: branchId })).holdId
  const at = async (patronId: number, days = 0) =>
    [
      ...(await estimatesOf(db, { patronId, now: new Date(monday.getTime() + days * 86_400_000) })).values(),
    ].at(0)

  const reader = await aPatron(db, besides(library))
  done(await write(db, by(), lend, { card: reader.card, barcode, branchId }))
  const before = await aPatron(db, besides(library))
  const holdBefore = await waits(before)
  const holdId = await waits(library)
  assert.equal(await at(before.patronId), 29, 'due at the end of the day four weeks from now')
  assert.equal(await at(patronId), 29 + 28 + handoverDays)
  assert.equal(await at(patronId, 10), 19 + 28 + handoverDays, 'ten days later it is ten days sooner')
  assert.equal(await at(patronId, 40), undefined, 'of an overdue copy nobody can say')

  const second = await aCopy(db, { titleId, branchId, itemTypeId: library.itemTypeId })
  assert.equal(await at(before.patronId), 0, 'a copy is on the shelf')
  done(await write(db, by(), takeBack, { barcode: second.barcode, branchId }))
  assert.equal(await at(before.patronId), undefined, 'theirs is on the hold shelf: nothing to estimate')
  assert.equal(await at(patronId), 29, 'the other copy')
  done(await write(db, by(), suspendHold, { holdId, until: 'forever' }))
  assert.equal(await at(patronId), undefined, 'suspended')
  assert.ok(holdBefore < holdId)
})

test('of copies that cannot be lent no hold is told anything', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { titleId, card, branchId, patronId, copyId } = library
  done(await write(db, by(), placeHold, { titleId, card, pickupBranchId: branchId }))
  assert.equal((await estimatesOf(db, { patronId, now: monday })).size, 1)
  await db.rows(sql`update copy set lendable = false where id = ${copyId}`)
  assert.equal((await estimatesOf(db, { patronId, now: monday })).size, 0)
})
