import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, neverTwice } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { handClock, here, noticesOn, senderFor } from '../../test/notice-fixtures.ts'
import { noticeService } from '../../test/notice-service.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { patron as patronOf } from '../patrons/patron.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { openSender } from './sender.ts'
import { previewSweep, sweepNotices } from './sweep.ts'
import { type Choice, choices, setWantedNotices, wantedOf } from './wanted-notices.ts'

const who = { actor: 'system:sweeps', instance: 'test', installation: here }
const after = (days: number) => new Date(monday.getTime() + days * 86_400_000)

async function aReader(db: ScratchDatabase) {
  const library = await aSmallLibrary(db)
  await noticesOn(db)
  const { branchId, itemTypeId } = library
  const { patronId, card } = await aPatron(db, {
    ...besides(library),
    email: 'ada@example.org',
    expiresOn: '2026-04-02',
  })
  const lendOne = async () => {
    const { barcode, titleId } = await aCopy(db, { branchId, itemTypeId })
    done(await write(db, by(), lend, { card, barcode, branchId }))
    return { barcode, branchId, titleId }
  }
  return {
    branchId,
    itemTypeId,
    card,
    patronId,
    lendOne,
    wants: async (...wanted: Choice[]) => done(await write(db, by(), setWantedNotices, { card, wanted })),
    caused: async () =>
      (
        await db.rows<{ kind: string }>(
          sql`select kind from notice where patron_id = ${patronId} order by kind`,
        )
      ).map(({ kind }) => kind),
  }
}

test('what is not wanted is not caused, nor foreseen, and is told when it is wanted again; overdue always', async () => {
  await using db = await scratchDatabase()
  const { lendOne, wants, caused } = await aReader(db)
  await lendOne()
  const foreseen = async (at: Date) => (await previewSweep(db, at)).wouldCause.map(({ kind }) => kind)
  await wants()
  assert.deepEqual(await foreseen(after(26)), [])
  await sweepNotices(db, who, after(26))
  assert.deepEqual(await caused(), [])
  await wants('due-soon')
  assert.deepEqual(await foreseen(after(26)), ['due-soon'])
  await sweepNotices(db, who, after(26))
  assert.deepEqual(await caused(), ['due-soon'])
  await wants()
  await sweepNotices(db, who, after(35))
  assert.deepEqual(await caused(), ['due-soon', 'overdue'])
})

test('what somebody does not want keeps nothing from others in the same run', async () => {
  await using db = await scratchDatabase()
  const { lendOne, wants, branchId, itemTypeId, patronId } = await aReader(db)
  const [reader] = await db.rows<{ categoryId: number }>(
    sql`select category_id as "categoryId" from patron where id = ${patronId}`,
  )
  const other = await aPatron(db, { branchId, categoryId: reader?.categoryId ?? 0, email: 'b@example.org' })
  for (let n = 0; n < 3; n++) await lendOne()
  await wants()
  const { barcode } = await aCopy(db, { branchId, itemTypeId })
  done(await write(db, by(), lend, { card: other.card, barcode, branchId }))
  await db.rows(sql`update notice_setting set run_max = 2`)
  assert.deepEqual(await sweepNotices(db, who, after(26)), {
    caused: { overdue: 0, 'due-soon': 1, 'card-expiring': 0 },
    over: 0,
  })
})

test('nobody is told of a hold who does not want it, and receipts go by the same choice', async () => {
  await using db = await scratchDatabase()
  const { branchId, itemTypeId, card, wants, caused } = await aReader(db)
  const captured = async () => {
    const { titleId, barcode } = await aCopy(db, { branchId, itemTypeId })
    done(await write(db, by(), placeHold, { titleId, card, pickupBranchId: branchId }))
    done(await write(db, by(), takeBack, { barcode, branchId }))
    return barcode
  }
  await wants('receipts')
  const barcode = await captured()
  assert.deepEqual(await caused(), [])
  done(await write(db, by(), lend, { card, barcode, branchId }))
  assert.deepEqual(await caused(), ['loan-receipt'])
  await wants('holds')
  await captured()
  assert.deepEqual(await caused(), ['hold-ready', 'loan-receipt'])
})

test('what waits to be sent and is not wanted any more is not sent', async () => {
  await using db = await scratchDatabase()
  const { lendOne, wants } = await aReader(db)
  await lendOne()
  await wants('due-soon')
  await sweepNotices(db, who, after(26))
  await wants('receipts')
  await using service = await noticeService()
  const { clock } = handClock(after(26.1))
  await using sender = openSender(senderFor(db, { ...service, clock }))
  await sender.look()
  await sender.idle()
  assert.equal(service.mailbox.size, 0)
  const ended = await db.rows(sql`select kind, state, ended_because as because from notice`)
  assert.deepEqual(ended, [{ kind: 'due-soon', state: 'void', because: 'not-wanted' }])
})

test('what was chosen is what is shown, whatever it is', async () => {
  await using db = await scratchDatabase()
  const { patronId, wants } = await aReader(db)
  for (let chosen = 0; chosen < 2 ** choices.length; chosen++) {
    const wanted = choices.filter((_, n) => chosen & (1 << n))
    assert.deepEqual((await wants(...wanted)).wanted, wanted)
    const patron = await patronOf(db, { patronId })
    assert.deepEqual(patron && wantedOf(patron), wanted)
  }
})

test('losing the connection at any statement settles what is wanted once', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await neverTwice(db, setWantedNotices, async () => {
    const { card, patronId } = await aPatron(db, besides(library))
    const version = async () => (await patronOf(db, { patronId }))?.version ?? 0
    return { ask: { card, wanted: [] }, times: async () => (await version()) - 1 }
  })
})
