import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invariantsOf } from '../../test/invariants.ts'
import {
  aBranch,
  aCharge,
  aCopy,
  anItemType,
  aPatron,
  aRule,
  aSmallLibrary,
  aTitle,
  besides,
  by,
  monday,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type PlainObject, type Refusal, type Verb, write } from '../postgres/write.ts'
import { expireHolds } from './expire-holds.ts'
import { cancelHold, placeHold, resumeHold, suspendHold } from './hold.ts'
import { lockHold } from './hold-queue.ts'
import { lend } from './lend.ts'
import type { PlaceHoldAsk } from './place-hold.ts'
import { takeBack } from './take-back.ts'

const days = (n: number): Date => new Date(monday.getTime() + n * 86_400_000)

async function done<Ask, Done extends PlainObject, Refused extends Refusal>(
  db: Database,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
  occurredAt = monday,
): Promise<Done> {
  const outcome = await write(db, by({ occurredAt }), verb, ask)
  if (outcome.outcome !== 'done') throw new Error(`Expected an answer, had ${JSON.stringify(outcome)}.`)
  return outcome.answer
}

async function refused<Ask, Done extends PlainObject, Refused extends Refusal>(
  db: Database,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
) {
  const outcome = await write(db, by(), verb, ask)
  if (outcome.outcome !== 'refused') throw new Error(`Expected a refusal, had ${JSON.stringify(outcome)}.`)
  return outcome.refusal
}

const wish = ({ card, titleId, branchId }: SmallLibrary): PlaceHoldAsk => ({
  card,
  titleId,
  pickupBranchId: branchId,
})

async function anotherHold(db: Database, library: SmallLibrary, pickupBranchId = library.branchId) {
  const patron = await aPatron(db, besides(library))
  return { ...patron, ...(await done(db, placeHold, { ...wish(library), ...patron, pickupBranchId })) }
}

test('holds wait in the order in which they were placed', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const first = await done(db, placeHold, wish(library))
  assert.deepEqual(first, {
    holdId: first.holdId,
    titleId: library.titleId,
    patronId: library.patronId,
    position: 1,
  })
  assert.equal((await anotherHold(db, library)).position, 2)
  assert.equal((await anotherHold(db, library)).position, 3)
  // Copies on the shelf stay there: somebody fetches them by the pull list.
  assert.deepEqual(await db.rows(sql`select distinct state from hold`), [{ state: 'waiting' }])
})

test('a hold is placed by card or by the patron themselves', async () => {
  await using db = await scratchDatabase()
  const { titleId, patronId, branchId } = await aSmallLibrary(db)
  assert.equal(
    (await done(db, placeHold, { titleId, patronId, pickupBranchId: branchId })).patronId,
    patronId,
  )
})

test('nobody waits for what is not there, or where nobody can fetch it', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const ask = wish(library)
  assert.deepEqual(await refused(db, placeHold, { ...ask, card: 'x' }), { refused: 'patron-unknown' })
  const { titleId, pickupBranchId } = ask
  assert.deepEqual(await refused(db, placeHold, { titleId, pickupBranchId }), { refused: 'patron-unknown' })
  assert.deepEqual(await refused(db, placeHold, { ...ask, titleId: 1 }), { refused: 'title-unknown' })
  assert.deepEqual(await refused(db, placeHold, { ...ask, pickupBranchId: 1 }), { refused: 'branch-unknown' })
  await db.rows(sql`update title set deleted_at = now()`)
  assert.deepEqual(await refused(db, placeHold, ask), { refused: 'title-unknown' })
})

test('a title none of whose copies can be lent is not waited for', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { titleId } = await aTitle(db)
  const refusal = { refused: 'title-has-no-copies' }
  assert.deepEqual(await refused(db, placeHold, { ...wish(library), titleId }), refusal)
  await aCopy(db, { ...besides(library), titleId, lendable: false })
  await aCopy(db, { ...besides(library), titleId, withdrawnBecause: 'mould' })
  assert.deepEqual(await refused(db, placeHold, { ...wish(library), titleId }), refusal)
})

test('a title that no rule lends is not waited for, and nobody is told to cancel a hold first', async () => {
  await using db = await scratchDatabase()
  const at = await aSmallLibrary(db, { lendable: false })
  const ask = { titleId: at.titleId, card: at.card, pickupBranchId: at.branchId }
  const outcome = await write(db, by(), placeHold, ask)
  assert.deepEqual(outcome.outcome === 'refused' && outcome.refusal, { refused: 'title-has-no-copies' })
})

test('an expired patron, a blocked one and one who owes place no hold', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { patronId } = library
  await aCharge(db, { patronId, cents: 1_000 })
  const owes = { refused: 'patron-owes', cents: 1_000, limitCents: 1_000 }
  assert.deepEqual(await refused(db, placeHold, wish(library)), owes)
  await db.rows(sql`update patron set blocked_because = 'lost card', blocked_at = now()`)
  const blocked = { refused: 'patron-blocked', because: 'lost card' }
  assert.deepEqual(await refused(db, placeHold, wish(library)), blocked)
  await db.rows(sql`update patron set expires_on = '2026-03-01'`)
  const expired = { refused: 'patron-expired', expiresOn: '2026-03-01' }
  assert.deepEqual(await refused(db, placeHold, wish(library)), expired)
})

test('nobody waits twice for a title, or for one that they have', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { holdId } = await done(db, placeHold, wish(library))
  assert.deepEqual(await refused(db, placeHold, wish(library)), { refused: 'already-on-hold', holdId })
  const { loanId } = await done(db, lend, library)
  assert.deepEqual(await refused(db, placeHold, wish(library)), { refused: 'already-on-loan', loanId })
})

test('the most generous rule for the copies of a title limits its holds', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { holdsMax: 1 })
  await done(db, placeHold, wish(library))
  const { titleId } = await aCopy(db, { branchId: library.branchId, itemTypeId: library.itemTypeId })
  const limited = { refused: 'hold-limit', limit: 1, open: 1 }
  assert.deepEqual(await refused(db, placeHold, { ...wish(library), titleId }), limited)
  const { itemTypeId } = await anItemType(db, { name: 'Music' })
  await aRule(db, { itemTypeId, holdsMax: 2 })
  await aCopy(db, { branchId: library.branchId, titleId, itemTypeId })
  await done(db, placeHold, { ...wish(library), titleId })
})

test('cancelling a waiting hold lets the others move up', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { holdId, patronId, titleId } = await done(db, placeHold, wish(library))
  const answer = await done(db, cancelHold, { holdId })
  assert.deepEqual(answer, { holdId, titleId, patronId, copyId: null, next: null })
  assert.equal((await anotherHold(db, library)).position, 1)
  assert.deepEqual(await refused(db, cancelHold, { holdId }), { refused: 'hold-closed' })
  assert.deepEqual(await refused(db, cancelHold, { holdId: 1 }), { refused: 'hold-unknown' })
})

test('a hold that others capture and release each time we reach for it is contended, not a fault', async () => {
  await using db = await scratchDatabase()
  const { titleId, card, branchId, copyId } = await aSmallLibrary(db)
  const { holdId } = await done(db, placeHold, { titleId, card, pickupBranchId: branchId })
  const flip = () =>
    db.rows(sql`
    update hold
    set state = case state when 'waiting' then 'on-shelf' else 'waiting' end,
      copy_id = case state when 'waiting' then ${copyId}::bigint end
    where id = ${holdId}
  `)
  const racing = db.transaction(async (tx) => {
    const rows: typeof tx.rows = async (statement) => {
      if (statement.text.includes('for no key update of hold')) await flip()
      return tx.rows(statement)
    }
    return lockHold({ ...tx, rows }, { holdId, now: monday })
  })
  await assert.rejects(racing, { code: 'BIBBY_WRITE_CONTENDED' })
})

test('a patron changes only their own holds', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { patronId } = library
  const { holdId } = await anotherHold(db, library)
  const unknown = { refused: 'hold-unknown' }
  assert.deepEqual(await refused(db, cancelHold, { holdId, patronId }), unknown)
  assert.deepEqual(await refused(db, suspendHold, { holdId, patronId, until: 'forever' }), unknown)
  assert.deepEqual(await refused(db, resumeHold, { holdId, patronId }), unknown)
})

test('a copy whose hold is cancelled goes to the next who waits, else to its shelf', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const first = await anotherHold(db, library)
  const second = await anotherHold(db, library)
  await done(db, takeBack, library)
  const passedOn = await done(db, cancelHold, first)
  assert.equal(passedOn.copyId, library.copyId)
  assert.equal(passedOn.next?.to === 'hold-shelf' && passedOn.next.holdId, second.holdId)
  assert.deepEqual(await invariantsOf(db), [])
  assert.deepEqual((await done(db, cancelHold, second)).next, { to: 'shelf' })
})

test('a copy that was on its way to a hold keeps moving when the hold is cancelled', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { branchId: away } = await aBranch(db, { name: 'Away' })
  const first = await anotherHold(db, library, away)
  await done(db, takeBack, library)
  const second = await anotherHold(db, library, away)
  const towards = { to: 'transit', branchId: away, branchName: 'Away', holdId: second.holdId }
  assert.deepEqual((await done(db, cancelHold, first)).next, towards)
  assert.deepEqual(await invariantsOf(db), [])
  const home = { to: 'transit', branchId: library.branchId, branchName: 'Main', holdId: null }
  assert.deepEqual((await done(db, cancelHold, second)).next, home)
  assert.deepEqual((await done(db, takeBack, library)).next, { to: 'shelf' })
})

test('a hold is suspended for a while or until it is resumed', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const { holdId, titleId, patronId } = await done(db, placeHold, wish(library))
  const answer = await done(db, suspendHold, { holdId, until: 'forever' })
  assert.deepEqual(answer, { holdId, titleId, patronId, until: 'forever' })
  assert.deepEqual((await done(db, takeBack, library)).next, { to: 'shelf' })
  assert.deepEqual(await done(db, resumeHold, { holdId, patronId }), { holdId, titleId, patronId })
  assert.equal((await done(db, takeBack, library)).next.to, 'hold-shelf')
  const captured = { refused: 'hold-captured' }
  assert.deepEqual(await refused(db, suspendHold, { holdId, until: 'forever' }), captured)
  assert.deepEqual(await refused(db, resumeHold, { holdId }), captured)
  await done(db, cancelHold, { holdId })
  assert.deepEqual(await refused(db, suspendHold, { holdId, until: 'forever' }), { refused: 'hold-closed' })
  assert.deepEqual(await refused(db, resumeHold, { holdId }), { refused: 'hold-closed' })
})

test('a hold is suspended until a day that exists and lies ahead', async () => {
  await using db = await scratchDatabase()
  const { holdId } = await done(db, placeHold, wish(await aSmallLibrary(db)))
  for (const until of ['2026-02-30', 'soon', '2026-03-02', '2025-01-01', '2026-3-9', ''])
    assert.equal((await refused(db, suspendHold, { holdId, until })).refused, 'fields-invalid', until)
  await done(db, suspendHold, { holdId, until: '2026-03-03' })
})

test('what nobody fetches goes to the next who waits, once', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const first = await anotherHold(db, library)
  const second = await anotherHold(db, library)
  await done(db, takeBack, library)
  const sweeper = { actor: 'system:sweep', instance: 'test' }
  // The last day on the shelf is Monday the 9th, all of it, in Berlin.
  assert.deepEqual(await expireHolds(db, sweeper, new Date('2026-03-09T22:59:59Z')), { expired: 0 })
  const tuesday = new Date('2026-03-09T23:00:00Z')
  const sweeps = await Promise.all([expireHolds(db, sweeper, tuesday), expireHolds(db, sweeper, tuesday)])
  assert.equal(sweeps[0].expired + sweeps[1].expired, 1)
  assert.deepEqual(await db.rows(sql`select id, state, shelf_until from hold order by id`), [
    { id: first.holdId, state: 'expired', shelf_until: '2026-03-09' },
    { id: second.holdId, state: 'on-shelf', shelf_until: '2026-03-17' },
  ])
  assert.deepEqual(await expireHolds(db, sweeper, days(30)), { expired: 1 })
  assert.deepEqual(await invariantsOf(db), [])
})
