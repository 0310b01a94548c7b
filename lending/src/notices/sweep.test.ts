import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { handClock, here, noticesOn, senderFor, states } from '../../test/notice-fixtures.ts'
import { noticeService } from '../../test/notice-service.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { lend } from '../circulation/lend.ts'
import { renew } from '../circulation/renew.ts'
import { takeBack } from '../circulation/take-back.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { installationOf } from './installation.ts'
import { editNotices, noticeSettings } from './notice-settings.ts'
import { openSender } from './sender.ts'
import { noticeSwitch, setNotices } from './set-notices.ts'
import { previewSweep, sweepNotices } from './sweep.ts'

const dayMs = 86_400_000
const who = { actor: 'system:sweeps', instance: 'test', installation: here }
const after = (days: number) => new Date(monday.getTime() + days * dayMs)

/** A library that lent so many copies on Monday, due on the 30th, each to a patron of their own. */
async function aLibraryThatLent(db: Database, loans: number) {
  const library = await aSmallLibrary(db)
  await noticesOn(db)
  const lent = []
  for (let n = 0; n < loans; n++) {
    const patron = await aPatron(db, { ...besides(library), email: `reader-${n}@example.org` })
    const { barcode } = await aCopy(db, { branchId: library.branchId, itemTypeId: library.itemTypeId })
    const ask = { card: patron.card, barcode, branchId: library.branchId }
    lent.push({ ...patron, ...ask, ...done(await write(db, by(), lend, ask)) })
  }
  return { library, lent }
}

const causes = async (db: Database) =>
  (await db.rows<{ cause: string }>(sql`select cause from notice order by cause`)).map(({ cause }) => cause)

test('a loan is told of three days before it is due, and at each step after, once', async () => {
  await using db = await scratchDatabase()
  const { lent } = await aLibraryThatLent(db, 1)
  const id = lent[0]?.loanId
  const counted: string[] = []
  for (let day = 0; day <= 60; day++) {
    const before = new Set(await causes(db))
    await sweepNotices(db, who, after(day))
    await sweepNotices(db, who, after(day))
    for (const cause of await causes(db)) if (!before.has(cause)) counted.push(`day ${day}: ${cause}`)
  }
  assert.deepEqual(counted, [
    `day 25: due-soon:${id}:2026-03-30`,
    `day 29: overdue-1:${id}:2026-03-30`,
    `day 35: overdue-7:${id}:2026-03-30`,
    `day 49: overdue-21:${id}:2026-03-30`,
  ])
})

test('after weeks of silence only the last step is told, and of what is overdue for long nothing', async () => {
  await using db = await scratchDatabase()
  const { lent } = await aLibraryThatLent(db, 1)
  await sweepNotices(db, who, after(50))
  assert.deepEqual(await causes(db), [`overdue-21:${lent[0]?.loanId}:2026-03-30`])
  const other = await scratchDatabase()
  await using _ = other
  await aLibraryThatLent(other, 1)
  await sweepNotices(other, who, after(100))
  assert.deepEqual(await causes(other), [])
})

test('a step that was missed by more than two weeks is told no more', async () => {
  await using db = await scratchDatabase()
  await aLibraryThatLent(db, 1)
  done(await write(db, by(), editNotices, { version: 1, overdueDays: [60, 1] }))
  await sweepNotices(db, who, after(28 + 30))
  assert.deepEqual(await causes(db), [])
  await sweepNotices(db, who, after(28 + 61))
  assert.equal((await causes(db)).length, 1)
})

test('a renewed loan is told of again for its new day, and one that came back no more', async () => {
  await using db = await scratchDatabase()
  const { lent, library } = await aLibraryThatLent(db, 2)
  await sweepNotices(db, who, after(26))
  const [first, second] = lent
  done(await write(db, by({ occurredAt: after(26) }), renew, { loanId: first?.loanId }))
  const back = { barcode: second?.barcode ?? '', branchId: library.branchId }
  done(await write(db, by({ occurredAt: after(26) }), takeBack, back))
  await sweepNotices(db, who, after(52))
  assert.deepEqual(await causes(db), [
    `due-soon:${first?.loanId}:2026-03-30`,
    `due-soon:${first?.loanId}:2026-04-25`,
    `due-soon:${second?.loanId}:2026-03-30`,
  ])
})

test('a card that ends is told of once for its day; patrons who are protected, gone or without address are not', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await noticesOn(db)
  const card = { ...besides(library), email: 'ada@example.org', expiresOn: '2026-03-10' }
  const told = await aPatron(db, card)
  await aPatron(db, { ...card, protected: true })
  await aPatron(db, { ...card, email: '' })
  const gone = await aPatron(db, card)
  await db.rows(sql`update patron set deleted_at = ${monday} where id = ${gone.patronId}`)
  await aPatron(db, { ...card, expiresOn: '2026-03-18' })
  for (const day of [0, 1, 1]) await sweepNotices(db, who, after(day))
  assert.deepEqual(await causes(db), [`card-expiring:${told.patronId}:2026-03-10`])
})

test('a run causes no more than it may, and says what it left; the preview is what the run then does', async () => {
  await using db = await scratchDatabase()
  await aLibraryThatLent(db, 7)
  const { version } = await noticeSettings(db)
  done(await write(db, by(), editNotices, { version, runMax: 5 }))
  const now = after(26)
  const preview = await previewSweep(db, now)
  assert.deepEqual(await causes(db), [], 'a preview writes nothing')
  const swept = await sweepNotices(db, who, now)
  assert.deepEqual([swept.caused['due-soon'], swept.over], [5, 2])
  const rows = await db.rows(sql`
    select notice.kind, patron_id as "patronId", card, facts from notice join patron on patron.id = patron_id order by cause
  `)
  assert.deepEqual(
    preview.wouldCause.map(({ kind, patronId, card, facts }) => ({ kind, patronId, card, facts })),
    rows,
  )
  assert.equal(preview.over, swept.over)
})

test('while notices are off, or on elsewhere only, no sweep causes any', async () => {
  await using db = await scratchDatabase()
  await aLibraryThatLent(db, 1)
  const away = { ...who, installation: 'elsewhere' }
  assert.deepEqual((await sweepNotices(db, away, after(26))).caused['due-soon'], 0)
  done(await write(db, by(), setNotices, { on: false, installation: here, isProduction: false }))
  assert.deepEqual((await sweepNotices(db, who, after(26))).caused['due-soon'], 0)
  assert.deepEqual(await causes(db), [])
})

test('a new library is silent; turned on it is on at that installation only', async () => {
  await using db = await scratchDatabase()
  assert.equal(await noticeSwitch(db, here), 'off')
  done(await write(db, by(), setNotices, { on: true, installation: here, isProduction: false }))
  assert.deepEqual([await noticeSwitch(db, here), await noticeSwitch(db, 'copy')], ['on', 'elsewhere'])
  const at = { libraryId: 'l', dataFolder: '/a', host: 'one', environment: 'production' }
  const others = [{ dataFolder: '/b' }, { host: 'two' }, { environment: 'development' }, { libraryId: 'm' }]
  assert.equal(new Set([at, ...others.map((other) => ({ ...at, ...other }))].map(installationOf)).size, 5)
})

test('what turned too old while notices were off is not sent when they are on again', async () => {
  await using db = await scratchDatabase()
  const { library } = await aLibraryThatLent(db, 0)
  const { card } = await aPatron(db, { ...besides(library), email: 'ada@example.org', wantsReceipts: true })
  const ask = { card, barcode: library.barcode, branchId: library.branchId }
  done(await write(db, by(), lend, ask))
  done(await write(db, by(), setNotices, { on: false, installation: here, isProduction: false }))
  await using service = await noticeService()
  const { clock, move } = handClock(monday)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  for (let n = 0; n < 10; n++) {
    await sender.look()
    move(dayMs)
  }
  done(await write(db, by(), setNotices, { on: true, installation: here, isProduction: false }))
  await sender.look()
  await sender.idle()
  assert.deepEqual(await states(db), { dead: 1 })
  assert.equal(service.requests(), 0)
})
