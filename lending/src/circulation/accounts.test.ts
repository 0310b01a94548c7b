import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import {
  aBranch,
  aCharge,
  aCopy,
  aPatron,
  aSmallLibrary,
  besides,
  by,
  monday,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { patron } from '../patrons/find.ts'
import { write } from '../postgres/write.ts'
import { holdShelf, holdsOf, holdsOn, loansOf, overdueLoans, owes, pullList } from './accounts.ts'
import { cancelHold, placeHold, suspendHold } from './hold.ts'
import { lend } from './lend.ts'
import { takeBack } from './take-back.ts'

const later = (days: number) => new Date(monday.getTime() + days * 86_400_000)

const place = async (
  db: ScratchDatabase,
  ask: { titleId: number; card: string; branchId: number },
  at = monday,
) => {
  const { titleId, card, branchId: pickupBranchId } = ask
  return done(await write(db, by({ occurredAt: at }), placeHold, { titleId, card, pickupBranchId })).holdId
}

test('what is owed may be more than 32 bits hold', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { patronId, titleId, card, branchId } = library
  for (let n = 0; n < 2; n++) await aCharge(db, { patronId, cents: 2_000_000_000 })
  assert.equal((await owes(db, patronId)).cents, 4_000_000_000)
  assert.equal((await patron(db, { patronId }))?.owesCents, 4_000_000_000)
  const hold = await write(db, by(), placeHold, { titleId, card, pickupBranchId: branchId })
  assert.equal(hold.outcome === 'refused' && hold.refusal.refused, 'patron-owes')
})

test('an account shows what is on loan, first due first, and whether it is overdue', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 7, renewalsMax: 3 })
  const { patronId, card, branchId, barcode, copyId, titleId } = library
  const second = await aCopy(db, { branchId, itemTypeId: library.itemTypeId })
  const { loanId } = done(await write(db, by({ occurredAt: later(1) }), lend, { card, barcode, branchId }))
  done(await write(db, by(), lend, { card, barcode: second.barcode, branchId }))
  const rows = await loansOf(db, { patronId, now: later(7.6) })
  assert.deepEqual(
    rows.map((row) => [row.barcode, row.isOverdue]),
    [
      [second.barcode, true],
      [barcode, false],
    ],
  )
  assert.deepEqual(rows[1], {
    loanId,
    titleId,
    copyId,
    barcode,
    title: "Charlotte's Web",
    authors: ['E. B. White'],
    lentAt: '2026-03-03T11:00:00.000Z',
    dueAt: '2026-03-10T22:59:59.000Z',
    isOverdue: false,
    renewals: 0,
    renewalsMax: 3,
  })
  done(await write(db, by({ occurredAt: later(2) }), takeBack, { barcode, branchId }))
  assert.equal((await loansOf(db, { patronId, now: monday })).length, 1)
  assert.equal((await loansOf(db, { patronId, now: monday, limit: 0 })).length, 1)
})

test('a hold’s place in the queue is the same in the account and on the title', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId, titleId, barcode } = library
  const people = []
  for (let n = 0; n < 3; n++) people.push(await aPatron(db, { ...besides(library), familyName: `N${n}` }))
  const holds: number[] = []
  for (const [n, { card }] of people.entries())
    holds.push(await place(db, { titleId, card, branchId }, later(n / 24)))
  const suspended = { holdId: holds[1] ?? 0, until: 'forever' as const }
  done(await write(db, by({ occurredAt: later(1) }), suspendHold, suspended))
  const { next } = done(await write(db, by({ occurredAt: later(2) }), takeBack, { barcode, branchId }))
  assert.ok(next.to === 'hold-shelf')
  const standing = await Promise.all(
    people.map(async ({ patronId }) => (await holdsOf(db, { patronId, now: later(2) }))[0]),
  )
  assert.deepEqual(
    standing.map((hold) => [hold?.state, hold?.position, hold?.suspendedUntil, hold?.shelfUntil]),
    [
      ['on-shelf', null, null, next.until],
      ['waiting', 1, 'forever', null],
      ['waiting', 2, null, null],
    ],
  )
  const onTitle = await holdsOn(db, titleId)
  assert.deepEqual(
    onTitle.map((hold) => [hold.holdId, hold.position, hold.patronName, hold.barcode]),
    [
      [holds[0], null, 'Ada N0', barcode],
      [holds[1], 1, 'Ada N1', null],
      [holds[2], 2, 'Ada N2', null],
    ],
  )
  const shelf = await holdShelf(db, branchId)
  assert.deepEqual(
    shelf.map((row) => [row.holdId, row.barcode, row.patronName, row.shelfUntil]),
    [[holds[0], barcode, 'Ada N0', next.until]],
  )
  assert.deepEqual(await holdShelf(db, (await aBranch(db)).branchId), [])
})

test('the pull list asks for as many copies as wait, of those that stand on the shelf', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId, titleId, card } = library
  const away = await aBranch(db)
  const same = { titleId, branchId, itemTypeId: library.itemTypeId }
  const onLoan = await aCopy(db, same)
  await aCopy(db, { ...same, lendable: false })
  await aCopy(db, { ...same, withdrawnBecause: 'Torn' })
  await aCopy(db, { ...same, inTransitTo: away.branchId })
  const third = await aCopy(db, same)
  const elsewhere = await aCopy(db, { ...same, branchId: away.branchId })
  done(await write(db, by(), lend, { card, barcode: onLoan.barcode, branchId }))
  const listed = async (at = branchId, now = monday) =>
    (await pullList(db, at, now)).map((row) => row.barcode)
  assert.deepEqual(await listed(), [])
  const people = [await aPatron(db, besides(library)), await aPatron(db, besides(library))]
  const holds: number[] = []
  for (const each of people) holds.push(await place(db, { titleId, card: each.card, branchId }))
  assert.deepEqual((await listed()).toSorted(), [library.barcode, third.barcode].toSorted())
  assert.deepEqual(await listed(away.branchId), [elsewhere.barcode])
  const until = { holdId: holds[1] ?? 0, until: '2026-03-05' }
  done(await write(db, by(), suspendHold, until))
  assert.equal((await listed()).length, 1)
  assert.equal((await listed(branchId, later(3))).length, 2)
  const { patronId } = people[1] ?? { patronId: 0 }
  const suspended = async (now: Date) => (await holdsOf(db, { patronId, now }))[0]?.suspendedUntil
  assert.deepEqual([await suspended(later(2)), await suspended(later(3))], ['2026-03-05', null])
  done(await write(db, by(), takeBack, { barcode: library.barcode, branchId }))
  assert.deepEqual(await listed(), [])
  done(await write(db, by(), cancelHold, { holdId: holds[0] ?? 0 }))
})

test('the overdue list of a branch is read page by page, longest first', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 1 })
  const { branchId, card } = library
  const lent: number[] = []
  for (let n = 0; n < 5; n++) {
    const { barcode } = await aCopy(db, { branchId, itemTypeId: library.itemTypeId })
    const at = by({ occurredAt: later(n < 3 ? 0 : 1) })
    lent.push(done(await write(db, at, lend, { card, barcode, branchId })).loanId)
  }
  const page = async (after?: number) =>
    (await overdueLoans(db, { branchId, now: later(3), after, limit: 2 })).map(({ loanId }) => loanId)
  assert.deepEqual(await page(), lent.slice(0, 2))
  assert.deepEqual(await page(lent[1]), lent.slice(2, 4))
  assert.deepEqual(await page(lent[3]), lent.slice(4))
  assert.deepEqual(await page(lent[4]), [])
  assert.deepEqual(await overdueLoans(db, { branchId, now: later(1) }), [])
  assert.deepEqual(await overdueLoans(db, { branchId: 1, now: later(9) }), [])
})

test('what is owed says what it is for', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 1, fineCentsPerDay: 25, fineCapCents: 1_000 })
  const { loanId } = done(await write(db, by(), lend, library))
  const { fineCents } = done(await write(db, by({ occurredAt: later(4) }), takeBack, library))
  const { cents, lines } = await owes(db, library.patronId)
  assert.equal(cents, fineCents)
  assert.deepEqual(
    lines.map((line) => [line.kind, line.cents, line.loanId, line.title]),
    [['charge', fineCents, loanId, "Charlotte's Web"]],
  )
  assert.deepEqual(await owes(db, 1), { cents: 0, lines: [] })
})
