import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warm } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import {
  aBranch,
  aCategory,
  aCopy,
  anItemType,
  aRule,
  aSmallLibrary,
  by,
  monday,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { loansOf } from './accounts.ts'
import {
  addClosedDay,
  closedDays,
  loanRules,
  removeClosedDay,
  type SetLoanRuleAsk,
  setLoanRule,
} from './calendar.ts'
import { placeHold } from './hold.ts'
import { lend } from './lend.ts'
import { takeBack } from './take-back.ts'

const close = (db: ScratchDatabase, branchId: number, day: string, reason = 'Painters') =>
  write(db, by(), addClosedDay, { branchId, day, reason })

test('closing a branch moves what is due that day to its next open day, and nothing else', async () => {
  await using db = await scratchDatabase()
  // Lent on Monday 2 March for 5 days: due on Saturday 7 March. Sunday is closed, Monday is made so.
  const library = await aSmallLibrary(db, { loanDays: 5 })
  const { branchId, patronId } = library
  done(await write(db, by(), lend, library))
  const here = { branchId, itemTypeId: library.itemTypeId }
  const sunday = new Date('2026-03-01T11:00:00Z')
  const early = await aCopy(db, here)
  done(await write(db, by({ occurredAt: sunday }), lend, { ...library, barcode: early.barcode }))
  const elsewhere = { ...library, branchId: (await aBranch(db)).branchId }
  const third = await aCopy(db, here)
  done(await write(db, by(), lend, { ...elsewhere, barcode: third.barcode }))
  done(await close(db, branchId, '2026-03-09'))
  assert.deepEqual(done(await close(db, branchId, '2026-03-07')), {
    branchId,
    day: '2026-03-07',
    nextOpenDay: '2026-03-10',
    loansMoved: 1,
    holdsMoved: 0,
  })
  const due = async () => (await loansOf(db, { patronId, now: monday })).map(({ dueAt }) => dueAt)
  assert.deepEqual(await due(), [
    '2026-03-06T22:59:59.000Z',
    '2026-03-07T22:59:59.000Z',
    '2026-03-10T22:59:59.000Z',
  ])
  assert.equal(done(await close(db, branchId, '2026-03-07')).loansMoved, 0)
  done(await write(db, by(), removeClosedDay, { branchId, day: '2026-03-07' }))
  assert.equal((await due())[2], '2026-03-10T22:59:59.000Z')
})

test('what the hold shelf would keep until a day that is closed is kept until the next open one', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId, titleId, card, barcode } = library
  done(await write(db, by(), placeHold, { titleId, card, pickupBranchId: branchId }))
  const { next } = done(await write(db, by(), takeBack, { barcode, branchId }))
  assert.ok(next.to === 'hold-shelf')
  const closed = done(await close(db, branchId, next.until))
  assert.equal(closed.holdsMoved, 1)
  const [hold] = await db.rows<{ until: string }>(sql`select shelf_until as until from hold`)
  assert.equal(hold?.until, closed.nextOpenDay)
  assert.ok(closed.nextOpenDay > next.until)
})

test('a loan that is lent after a day was closed is not due on it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 1 })
  done(await close(db, library.branchId, '2026-03-03'))
  assert.equal(done(await write(db, by(), lend, library)).dueAt, '2026-03-04T22:59:59.000Z')
})

test('closed days are listed in order; a day that is not closed cannot be opened', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await close(db, branchId, '2026-12-25', 'Christmas'))
  done(await close(db, branchId, '2026-05-01'))
  done(await close(db, branchId, '2026-05-01', ' May day '))
  assert.deepEqual(await closedDays(db, branchId), [
    { day: '2026-05-01', reason: 'May day' },
    { day: '2026-12-25', reason: 'Christmas' },
  ])
  const open = (day: string) => write(db, by(), removeClosedDay, { branchId, day })
  done(await open('2026-05-01'))
  assert.deepEqual(refusal(await open('2026-05-01')), { refused: 'day-not-closed' })
  for (const day of ['', '2026-02-29', '\0', '0000-00-00', '2026-5-1', 'infinity']) {
    assert.equal(refusal(await open(day)).refused, 'fields-invalid')
    assert.equal(refusal(await close(db, branchId, day)).refused, 'fields-invalid')
  }
  assert.equal(refusal(await close(db, branchId, '2026-05-01', 'a\0')).refused, 'fields-invalid')
  assert.deepEqual(refusal(await close(db, 1, '2026-05-01')), { refused: 'branch-unknown' })
})

test('days closed at once all count: nothing is due on any of them', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 1 })
  done(await write(db, by(), lend, library))
  const days = ['2026-03-05', '2026-03-04', '2026-03-03', '2026-03-06']
  await warm(db, days.length)
  const told = await Promise.all(days.map((day) => close(db, library.branchId, day)))
  for (const each of told) done(each)
  // Whoever came first saw fewer closed days: the due date moves on with each one that follows.
  const [loan] = await loansOf(db, { patronId: library.patronId, now: monday })
  assert.equal(loan?.dueAt, '2026-03-07T22:59:59.000Z')
})

const rule = {
  branch: null,
  patronCategory: null,
  itemType: null,
  loanDays: 28,
  renewalsMax: 2,
  loansMax: 15,
  holdsMax: 15,
} satisfies SetLoanRuleAsk

test('there is one rule for a case: setting it again changes it', async () => {
  await using db = await scratchDatabase()
  const { branchCode, branchId } = await aBranch(db)
  const { categoryCode } = await aCategory(db)
  const { itemTypeCode } = await anItemType(db)
  const set = (over: Partial<SetLoanRuleAsk>) => write(db, by(), setLoanRule, { ...rule, ...over })
  const first = done(await set({}))
  const second = done(await set({ loanDays: 21, lendable: false, fineCentsPerDay: 20, fineCapCents: 500 }))
  assert.deepEqual([second.ruleId, second.version], [first.ruleId, 2])
  done(await set({ itemType: itemTypeCode }))
  done(await set({ patronCategory: categoryCode }))
  done(await set({ branch: branchCode }))
  const rules = await loanRules(db)
  assert.deepEqual(
    rules.map((each) => [each.branch, each.patronCategory, each.itemType, each.loanDays, each.why]),
    [
      [branchCode, null, null, 28, 'branch Main, any patron, any item type'],
      [null, categoryCode, null, 28, 'any branch, patrons Adult, any item type'],
      [null, null, itemTypeCode, 28, 'any branch, any patron, item type Book'],
      [null, null, null, 21, 'any branch, any patron, any item type'],
    ],
  )
  assert.equal(rules[0]?.branchId, branchId)
  assert.equal(rules[3]?.lendable, false)
})

test('a rule names places that there are, and numbers that make sense', async () => {
  await using db = await scratchDatabase()
  const set = async (over: object) =>
    refusal(await write(db, by(), setLoanRule, { ...rule, ...over })).refused
  for (const code of ['nowhere', '', '\0']) {
    assert.equal(await set({ branch: code }), 'branch-unknown')
    assert.equal(await set({ patronCategory: code }), 'category-unknown')
    assert.equal(await set({ itemType: code }), 'item-type-unknown')
  }
  for (const wrong of [
    { loanDays: 0 },
    { loanDays: 1.5 },
    { loansMax: -1 },
    { renewalsMax: 1e9 },
    { fineCapCents: Number.NaN },
    { holdsMax: '1' },
  ]) {
    assert.equal(await set(wrong), 'fields-invalid', JSON.stringify(wrong))
  }
})

test('losing the connection at any statement never changes rules or calendar twice', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  let n = 0
  const next = () => new Date(monday.getTime() + 86_400_000 * ++n).toISOString().slice(0, 10)
  const isClosed = async (day: string) =>
    (await closedDays(db, branchId)).filter((each) => each.day === day).length
  await neverTwice(db, addClosedDay, async () => {
    const day = next()
    return { ask: { branchId, day }, times: () => isClosed(day) }
  })
  await neverTwice(db, removeClosedDay, async () => {
    const day = next()
    done(await close(db, branchId, day))
    return { ask: { branchId, day }, times: async () => 1 - (await isClosed(day)) }
  })
  await neverTwice(db, setLoanRule, async () => {
    const { categoryId, categoryCode } = await aCategory(db)
    await aRule(db, { categoryId })
    const times = async () =>
      ((await loanRules(db)).find((each) => each.patronCategory === categoryCode)?.version ?? 0) - 1
    return { ask: { ...rule, patronCategory: categoryCode }, times }
  })
})
