import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invariantsOf } from '../../test/invariants.ts'
import {
  aBranch,
  aCopy,
  aPatron,
  aSmallLibrary,
  besides,
  by,
  monday,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { placeHold } from './hold.ts'
import { lend } from './lend.ts'
import { renew } from './renew.ts'
import { type TakenBack, takeBack } from './take-back.ts'

const days = (n: number): Date => new Date(monday.getTime() + n * 86_400_000)

async function takenBack(
  db: Database,
  ask: { barcode: string; branchId: number },
  occurredAt = monday,
): Promise<TakenBack> {
  const outcome = await write(db, by({ occurredAt }), takeBack, ask)
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  if (outcome.outcome !== 'done') throw new Error('unreachable')
  return outcome.answer
}

async function lentOut(db: Database, library: SmallLibrary): Promise<number> {
  const outcome = await write(db, by(), lend, library)
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  return outcome.outcome === 'done' ? outcome.answer.loanId : 0
}

async function aHold(db: Database, library: SmallLibrary, pickupBranchId = library.branchId) {
  const patron = await aPatron(db, { ...besides(library), givenName: 'Next' })
  const outcome = await write(db, by(), placeHold, { ...patron, titleId: library.titleId, pickupBranchId })
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  return { ...patron, holdId: outcome.outcome === 'done' ? outcome.answer.holdId : 0 }
}

test('a copy that comes back in time costs nothing and goes to its shelf', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { fineCentsPerDay: 20, fineCapCents: 500 })
  const loanId = await lentOut(db, library)
  assert.deepEqual(await takenBack(db, library, days(7)), {
    copyId: library.copyId,
    titleId: library.titleId,
    barcode: library.barcode,
    title: "Charlotte's Web",
    loanId,
    patronId: library.patronId,
    patronName: 'Ada Reader',
    fineCents: 0,
    next: { to: 'shelf' },
  })
  assert.deepEqual(await db.rows(sql`select returned_at, returned_branch_id from loan`), [
    { returned_at: days(7), returned_branch_id: library.branchId },
  ])
  assert.deepEqual(await db.rows(sql`select from fine_line`), [])
})

test('a late copy is charged once, by the rule that lent it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 7, fineCentsPerDay: 20, fineCapCents: 500 })
  const loanId = await lentOut(db, library)
  // Due Monday the 9th; back on Monday the 16th: six open days late, Sunday does not count.
  assert.equal((await takenBack(db, library, days(14))).fineCents, 120)
  assert.deepEqual(await db.rows(sql`select patron_id, loan_id, kind, cents from fine_line`), [
    { patron_id: library.patronId, loan_id: loanId, kind: 'charge', cents: 120 },
  ])
  assert.deepEqual(await invariantsOf(db), [])
})

test('renewing a late loan does not wipe what it cost', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 7, fineCentsPerDay: 20, fineCapCents: 500 })
  const loanId = await lentOut(db, library)
  await write(db, by({ occurredAt: days(14) }), renew, { loanId })
  assert.equal((await takenBack(db, library, days(14))).fineCents, 120)
})

test('a copy that is not on loan is taken in all the same', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const answer = await takenBack(db, library)
  assert.deepEqual([answer.loanId, answer.patronId, answer.fineCents], [null, null, 0])
  assert.deepEqual(answer.next, { to: 'shelf' })
})

test('a copy checked in twice ends one loan and says so once', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const loanId = await lentOut(db, library)
  const answers = await Promise.all([takenBack(db, library), takenBack(db, library)])
  assert.deepEqual(answers.map((each) => each.loanId).toSorted(), [loanId, null])
  assert.deepEqual(await invariantsOf(db), [])
})

test('what no copy has cannot be taken back, nor at a branch that is not there', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const refusal = async (ask: { barcode: string; branchId: number }) => {
    const outcome = await write(db, by(), takeBack, ask)
    return outcome.outcome === 'refused' && outcome.refusal
  }
  assert.deepEqual(await refusal({ ...library, barcode: 'x\0' }), { refused: 'copy-unknown' })
  assert.deepEqual(await refusal({ ...library, branchId: 1 }), { refused: 'branch-unknown' })
})

test('a copy of another branch goes home', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId: elsewhere } = await aBranch(db, { name: 'Elsewhere' })
  await lentOut(db, library)
  const home = { to: 'transit', branchId: library.branchId, branchName: 'Main', holdId: null }
  assert.deepEqual((await takenBack(db, { ...library, branchId: elsewhere })).next, home)
  assert.deepEqual((await takenBack(db, { ...library, branchId: elsewhere })).next, home)
  assert.deepEqual(await db.rows(sql`select in_transit_to from copy`), [{ in_transit_to: library.branchId }])
  assert.deepEqual((await takenBack(db, library)).next, { to: 'shelf' })
  assert.deepEqual(await db.rows(sql`select in_transit_to from copy`), [{ in_transit_to: null }])
})

test('a copy that comes back goes to the hold shelf for whoever waits first', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await lentOut(db, library)
  const first = await aHold(db, library)
  await aHold(db, library)
  const next = {
    to: 'hold-shelf',
    holdId: first.holdId,
    patronName: 'Next Reader',
    card: first.card,
    until: '2026-03-09',
  }
  assert.deepEqual((await takenBack(db, library)).next, next)
  // Scanned again days later, it still waits for the same patron, no longer than before.
  assert.deepEqual((await takenBack(db, library, days(3))).next, next)
  assert.deepEqual(await invariantsOf(db), [])
})

test('the last day on the hold shelf is one on which it can be fetched', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await db.rows(sql`insert into closed_day (branch_id, day) values (${library.branchId}, '2026-03-09')`)
  await aHold(db, library)
  const { next } = await takenBack(db, library)
  assert.equal(next.to === 'hold-shelf' && next.until, '2026-03-10')
})

test('a copy for a hold at another branch travels there and waits on its shelf', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId: pickup } = await aBranch(db, { name: 'Pickup' })
  const { holdId } = await aHold(db, library, pickup)
  const transit = { to: 'transit', branchId: pickup, branchName: 'Pickup', holdId }
  assert.deepEqual((await takenBack(db, library)).next, transit)
  assert.deepEqual(await invariantsOf(db), [])
  const arrived = (await takenBack(db, { ...library, branchId: pickup }, days(2))).next
  assert.deepEqual([arrived.to, arrived.to === 'hold-shelf' && arrived.until], ['hold-shelf', '2026-03-11'])
  assert.deepEqual(await db.rows(sql`select state, shelf_until from hold`), [
    { state: 'on-shelf', shelf_until: '2026-03-11' },
  ])
  // Carried off to the wrong desk, it is sent back.
  assert.deepEqual((await takenBack(db, library, days(3))).next, transit)
  assert.deepEqual(await invariantsOf(db), [])
})

test('a suspended hold is passed over, keeps its place, and counts again on its day', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const away = await aHold(db, library)
  const here = await aHold(db, library)
  await db.rows(sql`update hold set suspended_until = '2026-03-05' where id = ${away.holdId}`)
  const { next } = await takenBack(db, library)
  assert.equal(next.to === 'hold-shelf' && next.holdId, here.holdId)
  const second = await aCopy(db, besides(library))
  // On the morning of that day in Berlin, before it has begun in Greenwich.
  const { next: later } = await takenBack(
    db,
    { ...library, barcode: second.barcode },
    new Date('2026-03-04T23:30:00Z'),
  )
  assert.equal(later.to === 'hold-shelf' && later.holdId, away.holdId)
})

test('a copy withdrawn after it was captured lets go of its hold, and the next copy serves it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { holdId } = await aHold(db, library)
  const captured = await takenBack(db, library)
  assert.equal(captured.next.to, 'hold-shelf')
  await db.rows(
    sql`update copy set withdrawn_because = 'mould', withdrawn_at = ${monday} where id = ${library.copyId}`,
  )
  assert.deepEqual((await takenBack(db, library)).next, { to: 'withdrawn' })
  const { next } = await takenBack(db, { ...library, ...(await aCopy(db, besides(library))) })
  assert.equal('holdId' in next && next.holdId, holdId)
  assert.deepEqual(await invariantsOf(db), [])
})

test('a copy that is not for loan, or withdrawn, serves no hold', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await aHold(db, library)
  const reference = await aCopy(db, { ...besides(library), lendable: false })
  const mouldy = await aCopy(db, { ...besides(library), withdrawnBecause: 'mould' })
  assert.deepEqual((await takenBack(db, { ...library, ...reference })).next, { to: 'shelf' })
  assert.deepEqual((await takenBack(db, { ...library, ...mouldy })).next, { to: 'withdrawn' })
})

test('a scan from before the loan still ends it, at its beginning', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await lentOut(db, library)
  await takenBack(db, library, days(-1))
  assert.deepEqual(await db.rows(sql`select returned_at from loan`), [{ returned_at: monday }])
})
