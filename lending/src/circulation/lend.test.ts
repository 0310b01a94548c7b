import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aBranch,
  aCharge,
  aCopy,
  aPatron,
  aRule,
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
import { type LendAsk, lend } from './lend.ts'
import { takeBack } from './take-back.ts'

const lending = (db: Database, ask: LendAsk, over: Parameters<typeof by>[0] = {}) =>
  write(db, by(over), lend, ask)

async function refusalOf(db: Database, ask: LendAsk): Promise<Record<string, unknown>> {
  const outcome = await lending(db, ask)
  assert.equal(outcome.outcome, 'refused')
  return outcome.outcome === 'refused' ? { ...outcome.refusal } : {}
}

async function lent(db: Database, ask: LendAsk) {
  const outcome = await lending(db, ask)
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  if (outcome.outcome !== 'done') throw new Error('unreachable')
  return outcome.answer
}

/** Captures a copy for another patron: it is checked in while they wait. */
async function aCapturedCopy(db: Database, library: SmallLibrary) {
  const other = await aPatron(db, { branchId: library.branchId, categoryId: library.categoryId })
  const placed = await write(db, by(), placeHold, {
    titleId: library.titleId,
    card: other.card,
    pickupBranchId: library.branchId,
  })
  await write(db, by(), takeBack, { barcode: library.barcode, branchId: library.branchId })
  assert.equal(placed.outcome, 'done')
  return { other, holdId: placed.outcome === 'done' ? placed.answer.holdId : 0 }
}

test('a loan tells its due date and which rule gave it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { ruleId } = await aRule(db, { categoryId: library.categoryId, loanDays: 7 })
  const answer = await lent(db, library)
  assert.deepEqual(answer, {
    loanId: answer.loanId,
    copyId: library.copyId,
    titleId: library.titleId,
    patronId: library.patronId,
    barcode: library.barcode,
    card: library.card,
    title: "Charlotte's Web",
    patronName: 'Ada Reader',
    lentAt: '2026-03-02T11:00:00.000Z',
    dueAt: '2026-03-09T22:59:59.000Z',
    rule: { id: ruleId, why: 'any branch, patrons Adult, any item type' },
    overridden: [],
  })
  const [row] = await db.rows(sql`
    select copy_id, patron_id, loan_id, action from journal where loan_id = ${answer.loanId}
  `)
  const { copyId, patronId, loanId } = answer
  assert.deepEqual(row, { copy_id: copyId, patron_id: patronId, loan_id: loanId, action: 'lend' })
})

test('a due date passes over the closed days of the branch that lends', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 5 })
  const { branchId } = await aBranch(db, { closedDays: ['2026-03-07', '2026-03-09'] })
  assert.equal((await lent(db, { ...library, branchId })).dueAt, '2026-03-10T22:59:59.000Z')
})

test('a card and a barcode are the same however they are typed', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { card } = await aPatron(db, { ...besides(library), card: 'caf\u00e9' })
  assert.equal((await lent(db, { ...library, card: ' cafe\u0301 ' })).card, card)
})

test('nobody has a card that holds a control character', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  assert.deepEqual(await refusalOf(db, { ...library, card: 'a\0b' }), { refused: 'patron-unknown' })
  assert.deepEqual(await refusalOf(db, { ...library, barcode: '\ud800' }), { refused: 'copy-unknown' })
})

test('an unknown branch lends nothing', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  assert.deepEqual(await refusalOf(db, { ...library, branchId: 1 }), { refused: 'branch-unknown' })
})

test('an unknown patron, and one who was erased, borrow nothing', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  assert.deepEqual(await refusalOf(db, { ...library, card: 'x' }), { refused: 'patron-unknown' })
  await db.rows(sql`update patron set deleted_at = now()`)
  assert.deepEqual(await refusalOf(db, library), { refused: 'patron-unknown' })
})

test('a card lends on its last day and no longer', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const over = await aPatron(db, { ...besides(library), expiresOn: '2026-03-01' })
  const last = await aPatron(db, { ...besides(library), expiresOn: '2026-03-02' })
  assert.deepEqual(await refusalOf(db, { ...library, card: over.card }), {
    refused: 'patron-expired',
    expiresOn: '2026-03-01',
  })
  assert.equal((await lent(db, { ...library, card: last.card })).dueAt, '2026-03-02T22:59:59.000Z')
})

test('a blocked patron hears why', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { card } = await aPatron(db, { ...besides(library), blockedBecause: 'card was found' })
  assert.deepEqual(await refusalOf(db, { ...library, card }), {
    refused: 'patron-blocked',
    because: 'card was found',
  })
})

test('owing the limit stops lending, a cent less does not', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await aCharge(db, { ...library, cents: 999 })
  await lent(db, library)
  await aCharge(db, { ...library, cents: 1 })
  const { barcode } = await aCopy(db, besides(library))
  assert.deepEqual(await refusalOf(db, { ...library, barcode }), {
    refused: 'patron-owes',
    cents: 1_000,
    limitCents: 1_000,
  })
})

test('one loan more than the rule allows is refused', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 1 })
  await lent(db, library)
  const { barcode } = await aCopy(db, besides(library))
  assert.deepEqual(await refusalOf(db, { ...library, barcode }), { refused: 'loan-limit', limit: 1, open: 1 })
})

test('nothing is lent that no rule covers', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await db.rows(sql`delete from loan_rule`)
  assert.deepEqual(await refusalOf(db, library), { refused: 'no-loan-rule' })
})

test('an unknown copy is not lent', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  assert.deepEqual(await refusalOf(db, { ...library, barcode: 'x' }), { refused: 'copy-unknown' })
})

test('a withdrawn copy is not lent, whatever the reason given', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { barcode } = await aCopy(db, { ...besides(library), withdrawnBecause: 'mould' })
  const refusal = { refused: 'copy-withdrawn', because: 'mould' }
  assert.deepEqual(await refusalOf(db, { ...library, barcode }), refusal)
  assert.deepEqual(await refusalOf(db, { ...library, barcode, override: { reason: 'please' } }), refusal)
})

test('a copy is not for loan by itself or by its rule', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { barcode } = await aCopy(db, { ...besides(library), lendable: false })
  assert.deepEqual(await refusalOf(db, { ...library, barcode }), { refused: 'copy-not-for-loan' })
  await db.rows(sql`update loan_rule set lendable = false`)
  assert.deepEqual(await refusalOf(db, library), { refused: 'copy-not-for-loan' })
})

test('a copy on loan is refused, and staff hear who has it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { loanId, dueAt } = await lent(db, library)
  const refusal = {
    refused: 'copy-on-loan',
    loanId,
    dueAt,
    lentTo: { card: library.card, name: 'Ada Reader' },
  }
  assert.deepEqual(await refusalOf(db, library), { ...refusal, toSamePatron: true })
  const { card } = await aPatron(db, besides(library))
  assert.deepEqual(await refusalOf(db, { ...library, card }), { ...refusal, toSamePatron: false })
})

test('a copy on the hold shelf is lent to whom it waits for, and fulfils the hold', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { other, holdId } = await aCapturedCopy(db, library)
  assert.deepEqual(await refusalOf(db, library), { refused: 'copy-on-hold-shelf', holdId })
  await lent(db, { ...library, card: other.card })
  const [hold] = await db.rows(sql`select state, copy_id, closed_at from hold`)
  assert.deepEqual(hold, { state: 'fulfilled', copy_id: library.copyId, closed_at: monday })
})

test('going past a hold sends it back to its place in the queue', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await aCapturedCopy(db, library)
  const answer = await lent(db, { ...library, override: { reason: 'exam tomorrow' } })
  assert.deepEqual(answer.overridden, ['copy-on-hold-shelf'])
  const [hold] = await db.rows(sql`select state, copy_id, shelf_until, placed_at from hold`)
  assert.deepEqual(hold, { state: 'waiting', copy_id: null, shelf_until: null, placed_at: monday })
})

test('any copy of the title fulfils the hold of whom it is lent to', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await write(db, by(), placeHold, { ...library, pickupBranchId: library.branchId })
  await lent(db, library)
  assert.deepEqual(await db.rows(sql`select state from hold`), [{ state: 'fulfilled' }])
})

test('a copy that was on its way home is lent where it turns up', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId: elsewhere } = await aBranch(db)
  const { barcode, copyId } = await aCopy(db, { ...besides(library), inTransitTo: library.branchId })
  await lent(db, { ...library, barcode, branchId: elsewhere })
  assert.deepEqual(await db.rows(sql`select in_transit_to from copy where id = ${copyId}`), [
    { in_transit_to: null },
  ])
})

test('staff go past what can be gone past, and the journal keeps their reason', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 0 })
  const { card, patronId } = await aPatron(db, {
    ...besides(library),
    blockedBecause: 'card was found',
    expiresOn: '2026-01-01',
  })
  const { barcode } = await aCopy(db, { ...besides(library), lendable: false })
  await aCharge(db, { patronId, cents: 1_000 })
  const answer = await lent(db, { ...library, card, barcode, override: { reason: ' it is her birthday ' } })
  assert.deepEqual(answer.overridden, [
    'patron-expired',
    'patron-blocked',
    'patron-owes',
    'loan-limit',
    'copy-not-for-loan',
  ])
  const [row] = await db.rows<{ answer: { overridden: string[]; overrideReason: string } }>(
    sql`select answer from journal where loan_id = ${answer.loanId}`,
  )
  assert.deepEqual(row?.answer.overridden, answer.overridden)
  assert.equal(row?.answer.overrideReason, 'it is her birthday')
})

test('an override that names refusals goes past no others', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 0 })
  const { card } = await aPatron(db, { ...besides(library), blockedBecause: 'card was found' })
  const override = { reason: 'why not', refusals: ['loan-limit'] }
  assert.equal((await refusalOf(db, { ...library, card, override })).refused, 'patron-blocked')
})

test('an override needs a reason', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 0 })
  for (const reason of ['', ' \t ', 'a\0b', 'x'.repeat(501)])
    assert.deepEqual(await refusalOf(db, { ...library, override: { reason } }), { refused: 'reason-missing' })
})

test('what cannot be gone past is not, and says so', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const override = { reason: 'please', refusals: ['copy-on-loan'] }
  assert.deepEqual(await refusalOf(db, { ...library, override }), {
    refused: 'override-not-allowed',
    refusal: 'copy-on-loan',
  })
})

test('the same key lends once and hears the same loan again', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const first = await lending(db, library, { key: 'k' })
  const second = await lending(db, library, { key: 'k' })
  assert.equal(first.outcome, 'done')
  assert.deepEqual(second, { ...first, repeated: true })
  assert.equal((await db.rows(sql`select from loan`)).length, 1)
})
