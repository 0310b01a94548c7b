import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { done, refusal } from '../../test/every-cut.ts'
import {
  aBranch,
  aCategory,
  aCopy,
  aPatron,
  aRule,
  aSmallLibrary,
  besides,
  by,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { addClosedDay } from './calendar.ts'
import { placeHold } from './hold.ts'
import { lend } from './lend.ts'
import { renew } from './renew.ts'
import { takeBack } from './take-back.ts'

const versionOf = async (db: ScratchDatabase) =>
  (await db.rows<{ version: string }>(sql`select version from policy_version`))[0]?.version

test('every change to what loans go by gives the policy a new version', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  const changes: readonly Sql[] = [
    sql`update library set block_at_cents = block_at_cents + 1`,
    sql`update branch set name = name || ' and more'`,
    sql`insert into closed_day (branch_id, day) select id, '2030-01-01' from branch`,
    sql`delete from closed_day`,
    sql`update patron_category set name = name || 's'`,
    sql`insert into item_type (code, name) values ('map', 'Map')`,
    sql`update item_type set name = name || 's'`,
    sql`update loan_rule set loan_days = loan_days + 1`,
    sql`truncate closed_day`,
  ]
  const seen = new Set([await versionOf(db)])
  for (const change of changes) {
    await db.rows(change)
    seen.add(await versionOf(db))
  }
  assert.equal(seen.size, changes.length + 1)
})

test('a process that has lent by a rule lends by the new one as soon as the rule is changed', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 7 })
  const { branchId, itemTypeId } = library
  const due: string[] = []
  for (const loanDays of [7, 14, 21]) {
    await db.rows(sql`update loan_rule set loan_days = ${loanDays}`)
    const { barcode } = await aCopy(db, { branchId, itemTypeId })
    due.push(done(await write(db, by(), lend, { ...library, barcode })).dueAt.slice(0, 10))
  }
  assert.deepEqual(due, ['2026-03-09', '2026-03-16', '2026-03-23'])
})

test('a loan that is made or renewed while its due day is being closed is not due on that day', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 7 })
  const { branchId, itemTypeId } = library
  const { card } = await aPatron(db, { branchId, categoryId: library.categoryId })
  const { barcode } = await aCopy(db, { branchId, itemTypeId })
  const friday = new Date('2026-02-27T11:00:00Z')
  done(await write(db, by({ occurredAt: friday }), lend, { card, barcode, branchId }))
  // Whoever changes the calendar has closed the day and waits for the loans that are being made.
  await using others = await openTransaction(db, sql`lock table loan in row exclusive mode`)
  const closing = write(db, by(), addClosedDay, { branchId, day: '2026-03-09' })
  assert.ok(await whenSomebodyWaits(db, closing))
  // They have read the old calendar, and wait at the table for whoever changes it.
  const lending = write(db, by(), lend, library)
  const renewing = write(db, by(), renew, { barcode })
  assert.ok(await whenSomebodyWaits(db, Promise.race([lending, renewing]), { waiters: 3 }))
  await others.end('rollback')
  assert.equal(done(await closing).nextOpenDay, '2026-03-10')
  assert.equal(done(await lending).dueAt.slice(0, 10), '2026-03-10')
  assert.equal(done(await renewing).dueAt.slice(0, 10), '2026-03-10')
})

async function aHold(db: ScratchDatabase, library: SmallLibrary) {
  const { patronId } = await aPatron(db, besides(library))
  const ask = { titleId: library.titleId, patronId, pickupBranchId: library.branchId }
  return done(await write(db, by(), placeHold, ask))
}

const shelfUntil = async (db: ScratchDatabase, holdId: number) =>
  (await db.rows<{ until: string }>(sql`select shelf_until as until from hold where id = ${holdId}`))[0]
    ?.until

test('a hold captured while the last day of its shelf is being closed is kept to the next open one', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId } = library
  const { holdId } = await aHold(db, library)
  // The day is closed but for the commit, which waits for the loans.
  await using others = await openTransaction(db, sql`lock table loan in row exclusive mode`)
  const closing = write(db, by(), addClosedDay, { branchId, day: '2026-03-09' })
  assert.ok(await whenSomebodyWaits(db, closing))
  const taking = write(db, by(), takeBack, library)
  assert.ok(await whenSomebodyWaits(db, taking, { waiters: 2 }))
  await others.end('rollback')
  done(await closing)
  const { next } = done(await taking)
  assert.equal(next.to === 'hold-shelf' && next.until, '2026-03-10')
  assert.equal(await shelfUntil(db, holdId), '2026-03-10')
})

test('closing a day waits for the captures under way, and moves what they kept until it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId } = library
  const { loanId } = done(await write(db, by(), lend, library))
  const { holdId } = await aHold(db, library)
  // The copy is captured but for the commit, which waits for the end of its loan.
  await using others = await openTransaction(db, sql`select from loan where id = ${loanId} for update`)
  const taking = write(db, by(), takeBack, library)
  assert.ok(await whenSomebodyWaits(db, taking))
  const closing = write(db, by(), addClosedDay, { branchId, day: '2026-03-09' })
  assert.ok(await whenSomebodyWaits(db, closing, { waiters: 2 }))
  await others.end('rollback')
  const { next } = done(await taking)
  assert.equal(next.to === 'hold-shelf' && next.until, '2026-03-09')
  assert.equal(done(await closing).holdsMoved, 1)
  assert.equal(await shelfUntil(db, holdId), '2026-03-10')
})

test('closing a day gives way when it cannot have the loans for itself, and lending goes on', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await using _vacuum = await openTransaction(db, sql`lock table loan in share update exclusive mode`)
  const closing = write(db, by(), addClosedDay, { branchId: library.branchId, day: '2026-03-09' })
  await assert.rejects(closing, { code: 'BIBBY_WRITE_CONTENDED' })
  done(await write(db, by(), lend, library))
})

test('a rule, a branch and a category that loans were made by cannot be deleted', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId } = await aBranch(db)
  const { categoryId } = await aCategory(db)
  const { card, patronId } = await aPatron(db, { branchId: library.branchId, categoryId })
  done(await write(db, by(), lend, { ...library, card, branchId }))
  await db.rows(sql`update patron set category_id = ${library.categoryId} where id = ${patronId}`)
  const forbidden: readonly Sql[] = [
    sql`delete from loan_rule`,
    sql`update loan_rule set id = default`,
    sql`delete from branch where id = ${branchId}`,
    sql`delete from patron_category where id = ${categoryId}`,
  ]
  for (const each of forbidden)
    await assert.rejects(db.rows(each), /is kept: there are loans that were made by it/)
  await assert.rejects(db.rows(sql`truncate loan_rule`), /never emptied/)
  await db.rows(sql`delete from loan`)
  for (const each of forbidden) await db.rows(each)
})

test('a rule that is deleted while a loan is being made by it is not the rule of that loan', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId, categoryId, itemTypeId } = library
  const { ruleId } = await aRule(db, { branchId, categoryId, loanDays: 3 })
  const { card } = await aPatron(db, { branchId, categoryId })
  const { barcode } = await aCopy(db, { branchId, itemTypeId })
  await using others = await openTransaction(db, sql`delete from loan_rule where id = ${ruleId}`)
  const lending = write(db, by(), lend, { card, barcode, branchId })
  assert.ok(await whenSomebodyWaits(db, lending))
  await others.end('commit')
  assert.notEqual(done(await lending).rule.id, ruleId)
  await db.rows(sql`delete from loan`)
  await db.rows(sql`delete from loan_rule`)
  const again = await write(db, by(), lend, { card, barcode, branchId })
  assert.equal(refusal(again).refused, 'no-loan-rule')
})
