import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { by, monday } from '../../test/library-fixtures.ts'
import { handClock, queuedNotices, senderFor, states } from '../../test/notice-fixtures.ts'
import { type Behaviour, noticeService } from '../../test/notice-service.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { type Flaw, flawInEnglish } from '../language/flaw.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { dismissNotices, listNotices, resendNotices } from './dead-notices.ts'
import { noticeBalance } from './ledger.ts'
import { saveTemplate, templateOf } from './own-templates.ts'
import { openSender } from './sender.ts'
import { defaultTemplates } from './template.ts'

const due = new Date(monday.getTime() + 300_000)
const kill = (db: Database, id: string) =>
  db.rows(sql`
    update notice
    set state = 'dead', ended_at = ${monday}, ended_because = 'refused-by-mail-server',
        letter_id = id, gathered_at = ${monday}
    where id = ${id}
  `)

test('a dead notice waits for a person: sent again it goes, dismissed it does not', async () => {
  await using db = await scratchDatabase()
  const [again = '', not = ''] = await queuedNotices(db, 2)
  let how: Behaviour = 'refused'
  await using service = await noticeService(() => how)
  const { clock, move } = handClock(due)
  await using sender = openSender(senderFor(db, { ...service, clock }))
  const look = async () => {
    await sender.look()
    await sender.idle()
    move(1_000)
  }
  for (let n = 0; n < 4; n++) await look()
  assert.deepEqual(
    (await listNotices(db, { state: 'dead' })).map(({ because }) => because),
    ['refused-by-mail-server', 'refused-by-mail-server'],
  )
  how = 'sent'
  for (let n = 0; n < 4; n++) await look()
  assert.deepEqual(await states(db), { dead: 2 })
  const at = by({ occurredAt: clock() })
  assert.deepEqual(done(await write(db, at, resendNotices, { ids: [again] })), { notices: 1 })
  assert.deepEqual(done(await write(db, by(), dismissNotices, { ids: [not] })), { notices: 1 })
  for (let n = 0; n < 4; n++) await look()
  assert.deepEqual([await states(db), [...service.mailbox.keys()]], [{ sent: 1, void: 1 }, [again]])
  assert.deepEqual(refusal(await write(db, by(), resendNotices, { ids: [again, not] })), {
    refused: 'notice-not-dead',
  })
  assert.equal((await noticeBalance(db)).difference, 0)
})

test('losing the connection at any statement sends a dead notice again, or dismisses it, once', async () => {
  await using db = await scratchDatabase()
  const ids = [...(await queuedNotices(db, 60))]
  for (const [verb, state] of [
    [resendNotices, 'queued'],
    [dismissNotices, 'void'],
  ] as const) {
    await neverTwice(db, verb, async () => {
      const id = ids.pop() ?? ''
      await kill(db, id)
      const times = async () =>
        (await db.rows(sql`select from notice where id = ${id} and state = ${state}`)).length
      return { ask: { ids: [id] }, times }
    })
  }
})

test('a library’s own text is used, made from the version that was seen, and known placeholders only', async () => {
  await using db = await scratchDatabase()
  await queuedNotices(db, 1)
  const mine = {
    kind: 'hold-expired',
    subject: 'Too late, {givenName}',
    body: '{items}',
    item: '* {title}',
  } as const
  const unknown = { ...mine, body: '{password}', version: 0 }
  const refused = refusal(await write(db, by(), saveTemplate, unknown)) as { problems?: { body: Flaw } }
  assert.match(
    flawInEnglish(refused.problems?.body ?? ''),
    /^Nothing fills \{password\}\. These are filled here: \{name\}/,
  )
  assert.deepEqual(await templateOf(db, mine.kind), {
    kind: mine.kind,
    ...defaultTemplates['hold-expired'],
    isOwn: false,
    version: 0,
  })
  done(await write(db, by(), saveTemplate, { ...mine, version: 0 }))
  const stale = await write(db, by(), saveTemplate, { ...mine, version: 0 })
  assert.deepEqual(refusal(stale), { refused: 'version-stale', version: 1 })
  assert.equal(done(await write(db, by(), saveTemplate, { ...mine, version: 1 })).version, 2)
  await using service = await noticeService()
  await using sender = openSender(senderFor(db, { ...service, clock: () => due }))
  await sender.look()
  await sender.idle()
  const [letter] = service.mailbox.values()
  assert.deepEqual([letter?.subject, letter?.text], ['Too late, Reader', '* Emma'])
})
