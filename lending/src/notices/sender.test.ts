import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monday } from '../../test/library-fixtures.ts'
import { handClock, noticesOn, queuedNotices, senderFor, states } from '../../test/notice-fixtures.ts'
import { type Behaviour, noticeService } from '../../test/notice-service.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { noticeBalance } from './ledger.ts'
import { haltQueue, resumeQueue } from './queue.ts'
import { openSender, type Sender } from './sender.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** When the notices of the fixtures are due. */
const due = new Date(monday.getTime() + 5 * minuteMs)

/** Lets time pass a second at a look until nothing is queued. */
async function drain(
  db: Database,
  senders: readonly Sender[],
  {
    move,
    stepMs = 1_000,
    looksMax = 2_000,
  }: { move: (ms: number) => void; stepMs?: number; looksMax?: number },
): Promise<number> {
  for (let looks = 1; looks <= looksMax; looks++) {
    for (const sender of senders) await sender.look()
    await Promise.all(senders.map((sender) => sender.idle()))
    if (!(await states(db)).queued) return looks
    move(stepMs)
  }
  throw new Error(`Still not sent: ${JSON.stringify(await states(db))}`)
}

test('of ten thousand notices to a service that fails in every way, each is sent, and none twice unnoticed', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 2_000, { each: 5 })
  const ways: readonly Behaviour[] = ['unknown-kept', 'unknown-lost', 'dropped']
  await using service = await noticeService((_, nth) => {
    if (nth > 500 && nth < 505) return 'away'
    return nth % 7 === 0 ? (ways[(nth / 7) % ways.length] ?? 'sent') : 'sent'
  })
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  await drain(db, [sender], { move, stepMs: 5_000 })
  assert.deepEqual(await states(db), { sent: 10_000 })
  assert.equal(service.mailbox.size, 2_000)
  const letters = await db.rows<{ id: string }>(sql`select distinct letter_id as id from notice order by id`)
  assert.deepEqual(
    [...service.mailbox.keys()].toSorted(),
    letters.map(({ id }) => id),
  )
  assert.ok(service.repeats() > 0, 'some were asked for again, and recognised')
  const { difference, caused, sent } = await noticeBalance(db)
  assert.deepEqual({ difference, caused, sent }, { difference: 0, caused: 10_000, sent: 10_000 })
})

test('two senders at once send each letter once', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 300)
  await using service = await noticeService()
  const { clock, move } = handClock(due)
  await using one = openSender(senderFor(db, { ...service, clock }))
  await using other = openSender(senderFor(db, { ...service, clock }))
  await drain(db, [one, other], { move })
  assert.deepEqual([service.mailbox.size, service.repeats()], [300, 0])
})

test('one letter that hangs holds up no other', async () => {
  await using db = await scratchDatabase()
  const [first] = await queuedNotices(db, 20)
  await using service = await noticeService(({ id }) => (id === first ? 'hangs' : 'sent'))
  const { clock, move } = handClock(due)
  const sender = openSender(senderFor(db, { ...service, clock }))
  for (let looks = 0; service.requests() < 20; looks++) {
    assert.ok(looks < 10_000)
    await sender.look()
    move(1_000)
  }
  const others = async () => (await states(db)).sent
  for (let reads = 0; (await others()) !== 19; reads++) assert.ok(reads < 10_000)
  await sender[Symbol.asyncDispose]()
  assert.deepEqual(await states(db), { queued: 1, sent: 19 })
  const [row] = await db.rows(sql`select last_outcome, tries from notice where id = ${first}`)
  assert.deepEqual(row, { last_outcome: 'unknown', tries: 1 })
})

test('a sender that stands still with a letter loses it to another, which sends the same words under the same id', async () => {
  await using db = await scratchDatabase()
  const [id = ''] = await queuedNotices(db, 1)
  await using service = await noticeService((_, nth) => (nth === 1 ? 'hangs-kept' : 'sent'))
  const { clock, move } = handClock(due)
  const still = openSender({ ...senderFor(db, { ...service, clock }), holdMs: 200 })
  await still.look()
  await service.asked(1)
  await using other = openSender(senderFor(db, { ...service, clock }))
  await drain(db, [other], { move, looksMax: 10_000 })
  assert.deepEqual([await states(db), [...service.mailbox.keys()], service.repeats()], [{ sent: 1 }, [id], 1])
  await service[Symbol.asyncDispose]()
  await still[Symbol.asyncDispose]()
  assert.deepEqual(await states(db), { sent: 1 }, 'what it says when it wakes up changes nothing')
})

test('how old the oldest notice in the queue is, is a figure', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 2)
  await using service = await noticeService(() => 'away')
  const { clock, move } = handClock(due)
  const options = senderFor(db, { ...service, clock })
  await using sender = openSender(options)
  move(60 * minuteMs)
  await sender.look()
  await sender.idle()
  const { queued, oldestSeconds } = options.figures.queue['hold-expired']
  assert.deepEqual([queued, oldestSeconds], [2, 65 * 60])
})

test('an outcome that is unknown is tried again under the same id', async () => {
  await using db = await scratchDatabase()
  const [id] = await queuedNotices(db, 1)
  await using service = await noticeService((_, nth) => (nth === 1 ? 'dropped' : 'sent'))
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  await sender.look()
  await sender.idle()
  assert.deepEqual(await states(db), { queued: 1 })
  move(minuteMs / 2)
  await sender.look()
  await sender.idle()
  assert.equal(service.requests(), 1, 'not before its time')
  move(minuteMs)
  await drain(db, [sender], { move })
  assert.deepEqual([[...service.mailbox.keys()], service.repeats()], [[id], 1])
})

test('what the mail server refuses for good is dead at once, and waits for a person', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 1)
  await using service = await noticeService(() => 'refused')
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  await drain(db, [sender], { move })
  const rows = await db.rows(sql`select state, ended_because, tries from notice`)
  assert.deepEqual(rows, [{ state: 'dead', ended_because: 'refused-by-mail-server', tries: 1 }])
})

test('a letter whose outcome stays unknown is dead after twelve tries, within two days', async () => {
  await using db = await scratchDatabase()
  const [poison] = await queuedNotices(db, 40)
  await using service = await noticeService(({ id }) => (id === poison ? 'unknown-lost' : 'sent'))
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock, chance: () => 0.99 }))
  await drain(db, [sender], { move, stepMs: 10 * minuteMs })
  assert.deepEqual(await states(db), { dead: 1, sent: 39 })
  const [row] = await db.rows<{ tries: number }>(sql`select tries from notice where state = 'dead'`)
  assert.equal(row?.tries, 12)
  assert.ok(clock().getTime() - due.getTime() < 2 * dayMs)
})

for (const [outage, how] of [
  ['without the service', 'away'],
  ['on a blocklist', 'by-policy'],
] as const)
  test(`no letter dies of an outage: ten days ${outage} use up no tries and make nothing too old`, async () => {
    await using db = await scratchDatabase()
    // So few that each is tried more often than it may be tried when the service works.
    await queuedNotices(db, 6)
    let isAway = true
    await using service = await noticeService(() => (isAway ? how : 'sent'))
    const { clock, move } = handClock(due)
    const options = senderFor(db, { ...service, clock })
    await using sender = openSender(options)
    for (let looks = 0; looks < 10 * 24; looks++) {
      await sender.look()
      await sender.idle()
      move(60 * minuteMs)
    }
    assert.deepEqual(await states(db), { queued: 6 })
    assert.ok(service.requests() < 500, 'one at a time is tried')
    isAway = false
    await drain(db, [sender], { move, stepMs: minuteMs })
    assert.deepEqual(await states(db), { sent: 6 })
    assert.equal(options.warnings.length, 2, 'told when it goes away and when it is back')
  })

test('after an outage letters go out slowly at first', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 500)
  let isAway = true
  await using service = await noticeService(() => (isAway ? 'away' : 'sent'))
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock, chance: () => 0 }))
  const look = async () => {
    await sender.look()
    await sender.idle()
    move(1_000)
    return service.mailbox.size
  }
  await look()
  isAway = false
  const sent: number[] = []
  for (let second = 0; second < 32; second++) sent.push(await look())
  const inSecond = sent.map((n, at) => n - (sent[at - 1] ?? 0))
  assert.ok(Math.max(...inSecond.slice(0, 10)) <= 2, `${inSecond}`)
  assert.ok(Math.max(...inSecond.slice(0, 20)) <= 4, `${inSecond}`)
  assert.ok(Math.max(...inSecond) >= 4, `${inSecond}`)
})

test('turned off in the middle, no further letter goes; turned on again, the rest does', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 50)
  await using service = await noticeService()
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  const look = async () => {
    await sender.look()
    await sender.idle()
    move(1_000)
  }
  for (let n = 0; n < 10; n++) await look()
  const sent = service.mailbox.size
  assert.ok(sent > 0 && sent < 50)
  await db.rows(sql`update notice_switch set installations = '{}'`)
  for (let n = 0; n < 10; n++) await look()
  assert.equal(service.mailbox.size, sent)
  await noticesOn(db)
  await drain(db, [sender], { move })
  assert.equal(service.mailbox.size, 50)
})

test('a database that was copied to another installation sends nothing there', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 3)
  await using service = await noticeService()
  const { clock } = handClock(due)
  await using sender = openSender({ ...senderFor(db, { ...service, clock }), installation: 'elsewhere' })
  await sender.look()
  await sender.idle()
  assert.equal(service.requests(), 0)
  assert.deepEqual(await db.rows(sql`select halted_because from notice_queue`), [{ halted_because: null }])
})

test('while writes are stopped no letter goes', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 3)
  await using service = await noticeService()
  const { clock } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  await db.rows(sql`update fence set mode = 'halted'`)
  await sender.look()
  await sender.idle()
  assert.equal(service.requests(), 0)
})

test('a notice grows no older while sending stands still, and is not sent unasked when it is too old', async () => {
  for (const [stoodStill, expected] of [
    [true, { sent: 1 }],
    [false, { dead: 1 }],
  ] as const) {
    await using db = await scratchDatabase()
    await queuedNotices(db, 1)
    await using service = await noticeService()
    const { clock, move } = handClock(due)
    if (stoodStill) await haltQueue(db, 'away', clock())
    move(30 * dayMs)
    if (stoodStill) await resumeQueue(db, clock())
    await using sender = openSender(senderFor(db, { ...service, clock }))
    await drain(db, [sender], { move })
    assert.deepEqual(await states(db), expected)
  }
})

test('a difference of the ledger is told at the next look of the minute', async () => {
  await using db = await scratchDatabase()
  const [id] = await queuedNotices(db, 2)
  await using service = await noticeService()
  const { clock, move } = handClock(monday)
  const options = senderFor(db, { ...service, clock })
  await using sender = openSender(options)
  await sender.look()
  assert.deepEqual([options.errors, options.figures.ledgerDifference], [[], 0])
  await db.transaction(async (tx) => {
    await tx.rows(sql`set local session_replication_role = 'replica'`)
    await tx.rows(sql`delete from notice where id = ${id}`)
  })
  move(minuteMs)
  await sender.look()
  assert.equal(options.figures.ledgerDifference, 1)
  assert.match(
    options.errors[0] ?? '',
    /disagrees with the notices by 1: Notice .* By the ledger: Queued\. It is gone\. /,
  )
  assert.equal(options.figures.queue['hold-expired'].queued, 1)
})
