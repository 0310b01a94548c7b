import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { monday } from '../../test/library-fixtures.ts'
import { handClock, queuedNotices, senderFor, states } from '../../test/notice-fixtures.ts'
import { type Behaviour, noticeService } from '../../test/notice-service.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { noticeBalance } from './ledger.ts'
import { openSender } from './sender.ts'

const program = fileURLToPath(new URL('../../test/send-notices.ts', import.meta.url))
const due = new Date(monday.getTime() + 5 * 60_000)
const looksMax = 5_000

for (const hangs of ['hangs', 'hangs-kept'] as const satisfies readonly Behaviour[]) {
  test(`a sender that is killed while it sends loses nothing: its letter is free at once (the service ${hangs})`, async () => {
    await using db = await scratchDatabase()
    const ids = await queuedNotices(db, 5)
    await using service = await noticeService((_, nth) => (nth === 1 ? hangs : 'sent'))
    const child = spawn(
      process.execPath,
      [program, JSON.stringify(db.connection), service.url, due.toISOString()],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    await service.asked(1)
    const free = async () =>
      db.rows(sql`select id from notice where state = 'queued' and letter_id = id for update skip locked`)
    const taken = (await states(db)).queued ?? 0
    assert.ok((await free()).length < taken, 'the letter under way is locked')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { clock, move } = handClock(due)
    await using sender = openSender(senderFor(db, { ...service, clock }))
    for (let looks = 0; (await states(db)).queued; looks++) {
      assert.ok(looks < looksMax, 'the letter is never free')
      await sender.look()
      await sender.idle()
      move(100)
    }
    assert.deepEqual(await states(db), { sent: 5 })
    assert.deepEqual([...service.mailbox.keys()].toSorted(), ids)
    assert.ok(service.repeats() >= (hangs === 'hangs-kept' ? 1 : 0))
    assert.ok(clock().getTime() - due.getTime() < 60_000, 'nobody waited for a lease to end')
    assert.equal((await noticeBalance(db)).difference, 0)
  })
}
