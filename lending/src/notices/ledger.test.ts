import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPatron, aSmallLibrary, besides, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { inEnglish } from '../language/messages.ts'
import { readWords } from '../language/worded.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { noticesOf } from './cause.ts'
import { addUpLedger, noticeBalance } from './ledger.ts'

/** As many notices as asked for, and their ids. */
async function someNotices(db: Database, howMany: number): Promise<readonly string[]> {
  const library = await aSmallLibrary(db)
  const { patronId } = await aPatron(db, { ...besides(library), email: 'ada@example.org' })
  const rows = sql`
    select 'card-expiring:' || n as cause, ${patronId}::bigint as patron_id, null::bigint as loan_id,
      null::bigint as hold_id, '{}'::jsonb as facts
    from generate_series(1, ${howMany}::integer) as n
  `
  await db.rows(noticesOf('card-expiring', { at: monday, rows, rowsMax: howMany }))
  return (await db.rows<{ id: string }>(sql`select id from notice order by id`)).map(({ id }) => id)
}

/** Past the triggers, as somebody with a prompt of the server's can. */
async function goingPast(db: Database, change: (id: string) => ReturnType<typeof sql>, id: string) {
  await db.transaction(async (tx) => {
    await tx.rows(sql`set local session_replication_role = 'replica'`)
    await tx.rows(change(id))
  })
}

const send = (id: string) => sql`
  update notice set state = 'sent', message_id = '<m@x>', ended_at = ${monday} where id = ${id}
`

test('caused = sent + queued + dead + void, before and after lines are added up', async () => {
  await using db = await scratchDatabase()
  const [a, b, c] = await someNotices(db, 5)
  await db.rows(send(a ?? ''))
  for (const [id, state] of [
    [b, 'dead'],
    [c, 'void'],
  ])
    await db.rows(
      sql`update notice set state = ${state}, ended_at = ${monday}, ended_because = 'x' where id = ${id}`,
    )
  const expected = { caused: 5, sent: 1, queued: 2, dead: 1, void: 1, difference: 0, examples: [] }
  assert.deepEqual(await noticeBalance(db), expected)
  assert.deepEqual(await addUpLedger(db, new Date('2999-01-01')), { lines: 8 })
  assert.deepEqual(await noticeBalance(db), expected)
  await db.rows(
    sql`update notice set state = 'queued', ended_at = null, ended_because = null where id = ${b}`,
  )
  assert.deepEqual(await noticeBalance(db), { ...expected, queued: 3, dead: 0 })
  assert.deepEqual(await addUpLedger(db, new Date('2999-01-01')), { lines: 1 })
  assert.deepEqual(await noticeBalance(db), { ...expected, queued: 3, dead: 0 })
})

test('the ledger finds a notice that was deleted, also after its lines were added up', async () => {
  await using db = await scratchDatabase()
  const [a, b] = await someNotices(db, 3)
  await goingPast(db, (id) => sql`delete from notice where id = ${id}`, a ?? '')
  const found = await noticeBalance(db)
  assert.equal(found.difference, 1)
  assert.equal(
    readWords(inEnglish, found.examples[0] ?? ''),
    `Notice ${a}. By the ledger: Queued. It is gone.`,
  )
  await addUpLedger(db, new Date('2999-01-01'))
  await goingPast(db, (id) => sql`delete from notice where id = ${id}`, b ?? '')
  assert.equal((await noticeBalance(db)).difference, 1)
})

test('the ledger finds a notice that was altered, also two that make up for each other', async () => {
  await using db = await scratchDatabase()
  const [a, b] = await someNotices(db, 3)
  await db.rows(send(b ?? ''))
  await goingPast(db, send, a ?? '')
  assert.equal((await noticeBalance(db)).difference, 1)
  const back = (id: string) =>
    sql`update notice set state = 'queued', message_id = null, ended_at = null where id = ${id}`
  await goingPast(db, back, b ?? '')
  assert.equal((await noticeBalance(db)).difference, 2)
})

test('a notice is never deleted, what was sent stays sent, and the ledger only grows', async () => {
  await using db = await scratchDatabase()
  const [a] = await someNotices(db, 1)
  const refused = { code: 'BB003' }
  await assert.rejects(db.rows(sql`delete from notice`), refused)
  await assert.rejects(db.rows(sql`truncate notice`), refused)
  await assert.rejects(db.rows(sql`delete from notice_ledger_line`), refused)
  await assert.rejects(db.rows(sql`update notice_ledger_line set kind = 'overdue'`), refused)
  await assert.rejects(db.rows(sql`update notice set cause = 'another'`), refused)
  await db.rows(send(a ?? ''))
  const again = sql`update notice set state = 'queued', message_id = null, ended_at = null`
  await assert.rejects(db.rows(again), refused)
})
