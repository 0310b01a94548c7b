import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aCharge,
  aPatron,
  aSmallLibrary,
  besides,
  by,
  monday,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { placeHold, suspendHold } from './hold.ts'
import { lend } from './lend.ts'
import { type RenewAsk, renew } from './renew.ts'
import { takeBack } from './take-back.ts'

const days = (n: number): Date => new Date(monday.getTime() + n * 86_400_000)
const renewing = (db: Database, ask: RenewAsk, occurredAt = days(7)) =>
  write(db, by({ occurredAt }), renew, ask)

async function aLoan(
  db: ScratchDatabase,
  rule: Parameters<typeof aSmallLibrary>[1] = {},
): Promise<SmallLibrary & { loanId: number }> {
  const library = await aSmallLibrary(db, rule)
  const outcome = await write(db, by(), lend, library)
  assert.equal(outcome.outcome, 'done')
  return { ...library, loanId: outcome.outcome === 'done' ? outcome.answer.loanId : 0 }
}

async function refusalOf(db: Database, ask: RenewAsk, occurredAt = days(7)) {
  const outcome = await renewing(db, ask, occurredAt)
  assert.equal(outcome.outcome, 'refused', JSON.stringify(outcome))
  return outcome.outcome === 'refused' && outcome.refusal
}

async function aWaitingHold(db: Database, library: SmallLibrary) {
  const { card } = await aPatron(db, besides(library))
  const outcome = await write(db, by(), placeHold, {
    card,
    titleId: library.titleId,
    pickupBranchId: library.branchId,
  })
  return outcome.outcome === 'done' ? outcome.answer.holdId : 0
}

test('a renewed loan runs from today by the rule that lent it', async () => {
  await using db = await scratchDatabase()
  const { loanId, copyId, titleId, patronId } = await aLoan(db)
  assert.deepEqual(await renewing(db, { loanId }), {
    outcome: 'done',
    repeated: false,
    answer: {
      loanId,
      copyId,
      titleId,
      patronId,
      title: "Charlotte's Web",
      dueAt: '2026-04-06T21:59:59.000Z',
      renewals: 1,
      renewalsMax: 2,
      overridden: [],
    },
  })
})

test('a loan is found by its barcode too', async () => {
  await using db = await scratchDatabase()
  const { loanId, barcode } = await aLoan(db)
  const outcome = await renewing(db, { barcode: ` ${barcode} ` })
  assert.equal(outcome.outcome === 'done' && outcome.answer.loanId, loanId)
})

test('what is not an open loan is not renewed', async () => {
  await using db = await scratchDatabase()
  const library = await aLoan(db)
  assert.deepEqual(await refusalOf(db, { loanId: 1 }), { refused: 'loan-unknown' })
  assert.deepEqual(await refusalOf(db, { barcode: 'x' }), { refused: 'loan-unknown' })
  assert.deepEqual(await refusalOf(db, {}), { refused: 'loan-unknown' })
  await write(db, by(), takeBack, library)
  assert.deepEqual(await refusalOf(db, library), { refused: 'loan-unknown' })
})

test('a patron renews only their own loans', async () => {
  await using db = await scratchDatabase()
  const library = await aLoan(db)
  const { loanId, barcode } = library
  const { patronId } = await aPatron(db, besides(library))
  assert.deepEqual(await refusalOf(db, { loanId, patronId }), { refused: 'loan-unknown' })
  assert.deepEqual(await refusalOf(db, { barcode, patronId }), { refused: 'loan-unknown' })
  assert.equal((await renewing(db, { loanId, patronId: library.patronId })).outcome, 'done')
})

test('a loan is renewed as often as the rule allows', async () => {
  await using db = await scratchDatabase()
  const { loanId } = await aLoan(db, { renewalsMax: 1 })
  await renewing(db, { loanId })
  assert.deepEqual(await refusalOf(db, { loanId }, days(14)), { refused: 'renewal-limit', limit: 1 })
})

test('a loan that somebody waits for is not renewed', async () => {
  await using db = await scratchDatabase()
  const library = await aLoan(db)
  const holdId = await aWaitingHold(db, library)
  assert.deepEqual(await refusalOf(db, { loanId: library.loanId }), { refused: 'hold-waits' })
  await write(db, by(), suspendHold, { holdId, until: 'forever' })
  assert.equal((await renewing(db, { loanId: library.loanId })).outcome, 'done')
})

test('a blocked patron, an expired one and one who owes renew nothing', async () => {
  await using db = await scratchDatabase()
  const { loanId, patronId } = await aLoan(db)
  await aCharge(db, { patronId, cents: 1_000 })
  const owes = { refused: 'patron-owes', cents: 1_000, limitCents: 1_000 }
  assert.deepEqual(await refusalOf(db, { loanId }), owes)
  await db.rows(sql`update patron set blocked_because = 'lost card', blocked_at = now()`)
  assert.deepEqual(await refusalOf(db, { loanId }), { refused: 'patron-blocked', because: 'lost card' })
  await db.rows(sql`update patron set expires_on = '2026-03-08'`)
  assert.deepEqual(await refusalOf(db, { loanId }), { refused: 'patron-expired', expiresOn: '2026-03-08' })
})

test('a renewal that would not make it due later is refused, whatever the reason given', async () => {
  await using db = await scratchDatabase()
  const { loanId } = await aLoan(db)
  const refusal = { refused: 'due-date-not-later', dueAt: '2026-03-30T21:59:59.000Z' }
  assert.deepEqual(await refusalOf(db, { loanId }, monday), refusal)
  assert.deepEqual(await refusalOf(db, { loanId, override: { reason: 'please' } }, monday), refusal)
})

test('staff go past limits, holds, blocks, debts and expiry with a reason', async () => {
  await using db = await scratchDatabase()
  const library = await aLoan(db, { renewalsMax: 0 })
  const { loanId, patronId } = library
  await aWaitingHold(db, library)
  await aCharge(db, { patronId, cents: 1_000 })
  await db.rows(sql`
    update patron
    set blocked_because = 'lost card', blocked_at = now(), expires_on = '2026-03-08'
    where id = ${patronId}
  `)
  assert.deepEqual(await refusalOf(db, { loanId, override: { reason: ' ' } }), { refused: 'reason-missing' })
  assert.deepEqual(await refusalOf(db, { loanId, override: { reason: 'ill', refusals: ['loan-unknown'] } }), {
    refused: 'override-not-allowed',
    refusal: 'loan-unknown',
  })
  const outcome = await renewing(db, { loanId, override: { reason: 'ill' } })
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  assert.deepEqual(outcome.outcome === 'done' && outcome.answer.overridden, [
    'patron-expired',
    'patron-blocked',
    'patron-owes',
    'renewal-limit',
    'hold-waits',
  ])
  const [row] = await db.rows<{ reason: string }>(sql`
    select answer ->> 'overrideReason' as reason from journal where action = 'renew' and outcome = 'done'
  `)
  assert.equal(row?.reason, 'ill')
})
