import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { handClock, noticesOn, senderFor } from '../../test/notice-fixtures.ts'
import { type Behaviour, noticeService } from '../../test/notice-service.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { cancelHold, placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { mergePatrons } from '../patrons/merge-patrons.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import type { Letter } from './deliver.ts'
import { openSender } from './sender.ts'

const minuteMs = 60_000

async function aLibraryThatSends(
  db: ScratchDatabase,
  options: { patronDayMax?: number; behave?: (letter: Letter, nth: number) => Behaviour } = {},
) {
  const library = await aSmallLibrary(db)
  await noticesOn(db, options)
  const service = await noticeService(options.behave)
  const { clock, move } = handClock(monday)
  const sender = openSender(senderFor(db, { ...service, clock }))
  const patron = (over: Parameters<typeof aPatron>[1] = {}) =>
    aPatron(db, { ...besides(library), email: 'ada@example.org', wantsReceipts: true, ...over })
  const lendOne = async (card: string) => {
    const { barcode } = await aCopy(db, { branchId: library.branchId, itemTypeId: library.itemTypeId })
    done(await write(db, by({ occurredAt: clock() }), lend, { card, barcode, branchId: library.branchId }))
    return { barcode, branchId: library.branchId }
  }
  return {
    library,
    patron,
    lendOne,
    /** Lets so many minutes pass, or longer steps, with a look each. */
    pass: async (looks: number, stepMs = minuteMs) => {
      for (let n = 0; n < looks; n++) {
        await sender.look()
        await sender.idle()
        move(stepMs)
      }
      return [...service.mailbox.values()]
    },
    notices: () =>
      db.rows<{ kind: string; state: string; because: string | null }>(
        sql`select kind, state, ended_because as because from notice order by caused_at, id`,
      ),
    [Symbol.asyncDispose]: async () => {
      await sender[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

test('ten loans of one visit are one letter, and each of its notices is sent', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db)
  const { card } = await sending.patron()
  for (let n = 0; n < 10; n++) await sending.lendOne(card)
  const letters = await sending.pass(6)
  assert.deepEqual(
    letters.map(({ to, subject }) => ({ to, subject })),
    [{ to: { email: 'ada@example.org', name: 'Ada Reader' }, subject: "You borrowed “Charlotte's Web” + 9" }],
  )
  assert.equal(letters[0]?.text.match(/^- Charlotte's Web, due Monday, March 30, 2026$/gm)?.length, 10)
  assert.deepEqual(new Set((await sending.notices()).map(({ state }) => state)), new Set(['sent']))
})

test('a patron has no more letters a day than the library sends them; the rest comes later, in one', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db, { patronDayMax: 2 })
  const { card } = await sending.patron()
  for (let visit = 0; visit < 5; visit++) {
    await sending.lendOne(card)
    await sending.pass(10)
  }
  assert.equal((await sending.pass(1)).length, 2)
  assert.deepEqual(await db.rows(sql`select distinct last_outcome from notice where state = 'queued'`), [
    { last_outcome: 'too-many-today' },
  ])
  const letters = await sending.pass(190, 10 * minuteMs)
  assert.equal(letters.length, 3)
  assert.match(letters[2]?.subject ?? '', /\+ 2$/)
})

test('nobody is told to fetch a book whose hold they have cancelled', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db)
  const { branchId, barcode, titleId } = sending.library
  const { card } = await sending.patron()
  const { holdId } = done(await write(db, by(), placeHold, { card, titleId, pickupBranchId: branchId }))
  done(await write(db, by(), takeBack, { barcode, branchId }))
  done(await write(db, by(), cancelHold, { holdId }))
  assert.deepEqual(await sending.pass(5), [])
  assert.deepEqual(await sending.notices(), [
    { kind: 'hold-ready', state: 'void', because: 'hold-not-on-shelf' },
  ])
})

test('a letter tells what is still true and leaves out the rest', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db)
  const { branchId, itemTypeId } = sending.library
  const { card } = await sending.patron()
  const holds: number[] = []
  for (let n = 0; n < 2; n++) {
    const copy = await aCopy(db, { branchId, itemTypeId })
    const ask = { card, titleId: copy.titleId, pickupBranchId: branchId }
    holds.push(done(await write(db, by(), placeHold, ask)).holdId)
    done(await write(db, by(), takeBack, { barcode: copy.barcode, branchId }))
  }
  done(await write(db, by(), cancelHold, { holdId: holds[0] ?? 0 }))
  const letters = await sending.pass(5)
  assert.deepEqual(
    letters.map(({ subject }) => subject),
    ["Ready for you: “Charlotte's Web”"],
  )
  assert.deepEqual(
    (await sending.notices()).map(({ state }) => state),
    ['void', 'sent'],
  )
})

test('what was for a record that was merged goes to the person’s other one; an erased patron is told nothing', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db)
  const gone = await sending.patron({ email: 'old@example.org' })
  const kept = await sending.patron({ email: 'new@example.org' })
  await sending.lendOne(gone.card)
  const ask = { card: kept.card, version: 1, mergedCard: gone.card, mergedVersion: 1 }
  done(await write(db, by(), mergePatrons, ask))
  const erased = await sending.patron({ email: 'erased@example.org' })
  await sending.lendOne(erased.card)
  await db.rows(sql`update patron set deleted_at = ${monday} where id = ${erased.patronId}`)
  const letters = await sending.pass(5)
  assert.deepEqual(
    letters.map(({ to }) => to.email),
    ['new@example.org'],
  )
  assert.deepEqual(
    (await sending.notices()).map(({ because }) => because),
    [null, 'patron-gone'],
  )
})

test('who has no address any more is told nothing, and a person hears of it', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db)
  const { card, patronId } = await sending.patron()
  await sending.lendOne(card)
  await db.rows(sql`update patron set email = '' where id = ${patronId}`)
  assert.deepEqual(await sending.pass(5), [])
  assert.deepEqual(await sending.notices(), [{ kind: 'loan-receipt', state: 'dead', because: 'no-address' }])
})

test('words that may have been sent go again as they were, whatever has changed meanwhile', async () => {
  await using db = await scratchDatabase()
  const given: Letter[] = []
  await using sending = await aLibraryThatSends(db, {
    behave: (letter, nth) => {
      given.push(letter)
      return nth === 1 ? 'dropped' : 'sent'
    },
  })
  const { card, patronId } = await sending.patron()
  await sending.lendOne(card)
  await sending.pass(4)
  await db.rows(
    sql`update patron set given_name = 'Augusta', email = 'new@example.org' where id = ${patronId}`,
  )
  await sending.pass(10)
  assert.equal(given.length, 2)
  assert.deepEqual(given[1], given[0])
  assert.deepEqual(await db.rows(sql`select state, tried from notice`), [{ state: 'sent', tried: null }])
})

test('words that were not taken are written anew', async () => {
  await using db = await scratchDatabase()
  await using sending = await aLibraryThatSends(db, { behave: (_, nth) => (nth === 1 ? 'away' : 'sent') })
  const { card, patronId } = await sending.patron()
  await sending.lendOne(card)
  await sending.pass(4)
  await db.rows(sql`update patron set email = 'new@example.org' where id = ${patronId}`)
  assert.deepEqual(
    (await sending.pass(10)).map(({ to }) => to.email),
    ['new@example.org'],
  )
})
