import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutAt } from '../../test/cut.ts'
import { done } from '../../test/every-cut.ts'
import { aCopy, aLibrary, aPatron, aSmallLibrary, besides, by } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { payFine } from '../circulation/fine-ledger.ts'
import { cancelHold, placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { journal } from '../journal/journal.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { forgetReturnedLoans } from './forget.ts'

/** The journal records by the clock of the server: these tests happen from today on. */
const dayMs = 86_400_000
const today = new Date()
const inDays = (days: number) => new Date(today.getTime() + days * dayMs)

async function aReturnedLoan(
  db: ScratchDatabase,
  over: {
    keepsHistory?: boolean
    protected?: boolean
    fineCentsPerDay?: number
    actor?: string
    days?: number
  } = {},
) {
  const library = await aSmallLibrary(db, {
    loanDays: 1,
    fineCentsPerDay: over.fineCentsPerDay ?? 0,
    fineCapCents: 10_000,
  })
  const { patronId, card } = await aPatron(db, {
    ...besides(library),
    keepsHistory: over.keepsHistory ?? false,
    protected: over.protected ?? false,
    expiresOn: '2999-12-31',
  })
  const at = (occurredAt: Date) => by({ occurredAt, actor: over.actor ?? `patron:${patronId}` })
  const { loanId } = done(await write(db, at(today), lend, { ...library, card }))
  const { fineCents } = done(await write(db, at(inDays(over.days ?? 0)), takeBack, library))
  return { ...library, patronId, card, loanId, fineCents }
}

const patronOf = async (db: ScratchDatabase, loanId: number) =>
  (
    await db.rows<{ patron: number | null }>(sql`select patron_id as patron from loan where id = ${loanId}`)
  )[0]?.patron

/** Every row of every table that still names this patron, but for the patron's own. */
async function mentions(db: ScratchDatabase, { card, patronId }: { card: string; patronId: number }) {
  return db.rows<{ what: string }>(sql`
    select 'journal ' || action as what from journal
    where journal::text like ${`%${card}%`} or journal::text like ${`%${patronId}%`}
    union all select 'loan' from loan where patron_id = ${patronId}
    union all select 'hold' from hold where patron_id = ${patronId}
  `)
}

test('a returned loan’s patron is forgotten after the days that the library set, and not before', async () => {
  await using db = await scratchDatabase()
  const { loanId, patronId, card, copyId } = await aReturnedLoan(db)
  await forgetReturnedLoans(db, inDays(30))
  assert.equal(await patronOf(db, loanId), patronId)
  assert.ok((await mentions(db, { card, patronId })).length > 0)
  assert.deepEqual(await forgetReturnedLoans(db, inDays(30.01)), {
    loans: 1,
    holds: 0,
    journalRows: 2,
    refusals: 0,
  })
  assert.equal(await patronOf(db, loanId), null)
  assert.deepEqual(await mentions(db, { card, patronId }), [])
  const kept = await journal(db, { copyId })
  assert.deepEqual(
    kept.map(({ action, actor, line }) => [action, actor, line]),
    [
      ['take-back', 'patron', 'Take back; for whom is forgotten.'],
      ['lend', 'patron', 'Lend; for whom is forgotten.'],
    ],
  )
})

test('nobody can work out from what is kept who it was', async () => {
  await using db = await scratchDatabase()
  await aReturnedLoan(db)
  await forgetReturnedLoans(db, inDays(31))
  const rows = await db.rows(sql`
    select from journal
    where loan_id is not null
      and num_nonnulls(patron_id, answer, idempotency_key, request_sha256) > 0
  `)
  assert.equal(rows.length, 0)
})

test('a member of staff stays the actor of what is forgotten', async () => {
  await using db = await scratchDatabase()
  const { copyId } = await aReturnedLoan(db, { actor: 'staff:5' })
  await forgetReturnedLoans(db, inDays(31))
  assert.deepEqual(
    (await journal(db, { copyId })).map(({ actor }) => actor),
    ['staff:5', 'staff:5'],
  )
})

test('a patron who keeps a history is not forgotten', async () => {
  await using db = await scratchDatabase()
  const { loanId, patronId } = await aReturnedLoan(db, { keepsHistory: true })
  await forgetReturnedLoans(db, inDays(400))
  assert.equal(await patronOf(db, loanId), patronId)
})

test('a protected patron is forgotten: the flag protects the person, and this is privacy', async () => {
  await using db = await scratchDatabase()
  const { loanId } = await aReturnedLoan(db, { protected: true })
  await forgetReturnedLoans(db, inDays(31))
  assert.equal(await patronOf(db, loanId), null)
})

test('a hold whose copy was lent past it is forgotten there too: that check-in named its patron', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId, titleId, barcode } = library
  const waiting = await aPatron(db, { ...besides(library), familyName: 'Waiting' })
  const other = await aPatron(db, besides(library))
  const at = (occurredAt: Date) => by({ occurredAt, actor: 'staff:5' })
  const { holdId } = done(
    await write(db, at(today), placeHold, { titleId, card: waiting.card, pickupBranchId: branchId }),
  )
  await write(db, at(today), takeBack, { barcode, branchId })
  const past = { card: other.card, barcode, branchId, override: { reason: 'It is needed today.' } }
  done(await write(db, at(today), lend, past))
  done(await write(db, at(today), cancelHold, { holdId }))
  await forgetReturnedLoans(db, inDays(31))
  assert.deepEqual(await mentions(db, waiting), [])
})

test('losing the connection at any statement forgets loan and journal together or neither', async () => {
  await using db = await scratchDatabase()
  const loan = await aReturnedLoan(db)
  for (const cut of ['before', 'reply-lost'] as const) {
    let reached = true
    for (let at = 1; reached; at++) {
      const { copyId, barcode } = await aCopy(db, { branchId: loan.branchId, itemTypeId: loan.itemTypeId })
      const ask = { card: loan.card, barcode, branchId: loan.branchId }
      const { loanId } = done(await write(db, by({ occurredAt: today }), lend, ask))
      done(await write(db, by({ occurredAt: today }), takeBack, ask))
      const cutting = cutAt(db, at, cut)
      await forgetReturnedLoans(cutting, inDays(31)).catch(() => undefined)
      reached = cutting.reached()
      // In one look: whoever was cut off may commit a moment later.
      const [seen] = await db.rows<{ patron: number | null; named: number }>(sql`
        select patron_id as patron,
          (select count(*)::integer from journal where copy_id = ${copyId} and answer is not null) as named
        from loan where id = ${loanId}
      `)
      assert.equal(seen?.named, seen?.patron === null ? 0 : 2, `${cut} ${at}`)
      // What a session that was cut off holds yet is passed over, and comes in the next round.
      for (let rounds = 0; rounds < 1_000 && (await patronOf(db, loanId)) !== null; rounds++) {
        await forgetReturnedLoans(db, inDays(31))
      }
      assert.equal(await patronOf(db, loanId), null)
    }
  }
})

test('an open loan is nobody’s to forget', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { loanId } = done(await write(db, by({ occurredAt: today }), lend, library))
  await forgetReturnedLoans(db, inDays(4_000))
  assert.equal(await patronOf(db, loanId), library.patronId)
})

test('who still owes for a loan is kept on it until it is settled; the ledger’s sum stays', async () => {
  await using db = await scratchDatabase()
  const loan = await aReturnedLoan(db, { fineCentsPerDay: 100, days: 10 })
  const { loanId, patronId, card, fineCents } = loan
  assert.ok(fineCents > 0)
  await forgetReturnedLoans(db, inDays(50))
  assert.equal(await patronOf(db, loanId), patronId)
  const entries = await db.rows(sql`select from journal where action = 'forget'`)
  assert.equal(entries.length, 0)
  done(await write(db, by({ occurredAt: inDays(50) }), payFine, { card, cents: fineCents }))
  await forgetReturnedLoans(db, inDays(51))
  assert.equal(await patronOf(db, loanId), null)
  const lines = await db.rows(
    sql`select loan_id, cents from fine_line where patron_id = ${patronId} order by id`,
  )
  assert.deepEqual(lines, [
    { loan_id: null, cents: fineCents },
    { loan_id: null, cents: -fineCents },
  ])
})

test('closed holds are forgotten as loans are, also where another’s check-in names them', async () => {
  await using db = await scratchDatabase()
  const loan = await aReturnedLoan(db)
  const { titleId, branchId, barcode } = loan
  const people = await Promise.all(
    [1, 2].map(() => aPatron(db, { ...besides(loan), expiresOn: '2999-12-31', familyName: 'Waiting' })),
  )
  const [first, second] = people
  assert.ok(first && second)
  const place = async (card: string) =>
    done(await write(db, by({ occurredAt: today }), placeHold, { titleId, card, pickupBranchId: branchId }))
      .holdId
  const holds = [await place(first.card), await place(second.card)]
  done(await write(db, by({ occurredAt: today }), takeBack, { barcode, branchId }))
  for (const holdId of holds) done(await write(db, by({ occurredAt: today }), cancelHold, { holdId }))
  await db.rows(sql`update patron set keeps_history = true where id = ${first.patronId}`)
  await forgetReturnedLoans(db, inDays(31))
  assert.deepEqual(await mentions(db, second), [])
  assert.ok((await mentions(db, first)).some(({ what }) => what === 'hold'))
})

test('of an old refusal only its code is kept', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  done(await write(db, by({ occurredAt: today }), lend, library))
  const other = await aPatron(db, besides(library))
  const refused = await write(db, by({ actor: `patron:${other.patronId}` }), lend, {
    ...library,
    card: other.card,
  })
  assert.equal(refused.outcome, 'refused')
  assert.equal((await forgetReturnedLoans(db, inDays(29))).refusals, 0)
  assert.equal((await forgetReturnedLoans(db, inDays(31))).refusals, 1)
  const [row] = await journal(db, { actor: 'patron' })
  assert.deepEqual(row?.answer, { refused: 'copy-on-loan' })
  assert.equal((await forgetReturnedLoans(db, inDays(32))).refusals, 0)
})

test('a key keeps its answer for a day, even where the library forgets at once', async () => {
  await using db = await scratchDatabase()
  const { loanId } = await aReturnedLoan(db)
  await aLibrary(db, { forgetAfterDays: 0 })
  await forgetReturnedLoans(db, inDays(0.99))
  assert.notEqual(await patronOf(db, loanId), null)
  await forgetReturnedLoans(db, inDays(1.01))
  assert.equal(await patronOf(db, loanId), null)
})

test('a desk that hands in an old return late has its key kept for a day from then', async () => {
  await using db = await scratchDatabase()
  const loan = await aReturnedLoan(db)
  await db.rows(sql`update loan set lent_at = ${inDays(-90)}, returned_at = ${inDays(-60)}`)
  await forgetReturnedLoans(db, inDays(0.5))
  assert.equal(await patronOf(db, loan.loanId), loan.patronId)
})

test('counts stay, in many loans and batches, and one entry a batch says what was done', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await db.rows(sql`
    insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at)
    select ${library.copyId}, ${library.patronId}, ${library.categoryId}, ${library.branchId}, ${library.ruleId},
      ${inDays(-90)}, ${inDays(-80)}, ${inDays(-70)}
    from generate_series(1, 1201)
  `)
  assert.equal((await forgetReturnedLoans(db, today)).loans, 1_201)
  const [count] = await db.rows<{ n: number }>(sql`
    select count(*)::integer as n from loan where patron_id is null and patron_category_id is not null
  `)
  assert.equal(count?.n, 1_201)
  const entries = await journal(db, { actor: 'system:forget' })
  assert.deepEqual(
    entries.map(({ answer }) => answer?.loans),
    [201, 500, 500],
  )
  assert.deepEqual(await forgetReturnedLoans(db, today), { loans: 0, holds: 0, journalRows: 0, refusals: 0 })
  assert.equal((await journal(db, { actor: 'system:forget' })).length, 3)
})

test('a patron who stands at a desk just then is left for the next round', async () => {
  await using db = await scratchDatabase()
  const { loanId, patronId } = await aReturnedLoan(db)
  await db.transaction(async (tx) => {
    await tx.rows(sql`select from patron where id = ${patronId} for no key update`)
    await forgetReturnedLoans(db, inDays(31))
  })
  assert.equal(await patronOf(db, loanId), patronId)
  await forgetReturnedLoans(db, inDays(31))
  assert.equal(await patronOf(db, loanId), null)
})

test('forgetting opens the journal for its own transaction only', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  await aReturnedLoan(db)
  await forgetReturnedLoans(db, inDays(31))
  await assert.rejects(db.rows(sql`update journal set actor = 'x'`), { code: 'BB001' })
})
