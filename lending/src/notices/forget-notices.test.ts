import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monday } from '../../test/library-fixtures.ts'
import { handClock, queuedNotices, senderFor } from '../../test/notice-fixtures.ts'
import { noticeService } from '../../test/notice-service.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { forgetNotices } from './forget-notices.ts'
import { noticeBalance } from './ledger.ts'
import { openSender } from './sender.ts'

test('whom a notice was for is forgotten with the loans; that it was sent stays', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 3)
  await using service = await noticeService()
  const { clock, move } = handClock(new Date(monday.getTime() + 300_000))
  await using sender = openSender(senderFor(db, { ...service, clock }))
  for (let n = 0; n < 2; n++) {
    await sender.look()
    await sender.idle()
    move(1_000)
  }
  await db.rows(sql`
    update patron set keeps_history = true
    where id = (select patron_id from notice where state = 'sent' order by id limit 1)
  `)
  const days = (n: number) => new Date(monday.getTime() + n * 86_400_000)
  assert.deepEqual(await forgetNotices(db, days(29), { instance: 'test' }), { notices: 0 })
  assert.deepEqual(await forgetNotices(db, days(31), { instance: 'test' }), { notices: 1 })
  const rows = await db.rows(sql`
    select state, patron_id is null as forgotten, facts = '{}' as empty from notice order by state, forgotten
  `)
  assert.deepEqual(rows, [
    { state: 'queued', forgotten: false, empty: false },
    { state: 'sent', forgotten: false, empty: false },
    { state: 'sent', forgotten: true, empty: true },
  ])
  assert.equal((await noticeBalance(db)).difference, 0)
})
