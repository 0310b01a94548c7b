import assert from 'node:assert/strict'
import { test } from 'node:test'
import { templateOf } from '../src/notices/own-templates.ts'
import { sql } from '../src/postgres/sql.ts'
import type { Role } from '../src/staff/permission.ts'
import { deadNotices, states } from './notice-fixtures.ts'
import { anOpenLibrary, type OpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

/** Somebody of the staff, signed in. */
async function signedIn(at: OpenLibrary, role: Role) {
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff(role))
  return visitor
}

test('who turns notices on by page sees first who would be told, and the preview writes nothing', async () => {
  await using at = await anOpenLibrary()
  const operator = await signedIn(at, 'operator')
  await at.db.rows(
    sql`update patron set email = 'ada@example.org', expires_on = current_date + 9 where card = ${at.card}`,
  )
  const page = await operator.open('/notices')
  assert.match(page.text, /Off Nobody is told anything/)
  assert.ok(!page.forms.some(({ action }) => action === '/notices/switch'), 'it is not turned on unseen')
  const preview = await operator.open('/notices/preview')
  assert.match(preview.text, /1 notice .*card until .*ada@example\.org Card expiring/)
  assert.deepEqual(await states(at.db), {})
  assert.match((await operator.send('/notices/switch')).text, /Notices are on\..*On Notices go out from here/)
  assert.match((await operator.send('/notices/switch')).text, /Notices are off/)
})

test('in production notices are turned on by a plan that tells how many letters go out, and not past it', async () => {
  await using at = await anOpenLibrary({ isProduction: true })
  const operator = await signedIn(at, 'operator')
  await at.db.rows(
    sql`update patron set email = 'ada@example.org', expires_on = current_date + 9 where card = ${at.card}`,
  )
  const preview = await operator.open('/notices/preview')
  const form = preview.forms.find(({ action }) => action === '/notices/plan')
  assert.ok(form)
  const past = await operator.post('/notices/switch', {
    ...form.fields,
    on: 'yes',
    key: 'a-key-past-the-plan',
  })
  assert.match(past.text, /is planned and confirmed first/)
  const planned = await operator.post('/notices/plan', form.fields)
  assert.match(planned.path, /^\/operations\/[0-9a-f-]{36}/)
  assert.equal((await operator.post('/notices/plan', form.fields)).path, planned.path, 'sent twice')
  assert.match((await operator.open('/notices')).text, /Off Nobody is told anything/)
})

test('a manager sees how notices go, and leaves switch and settings to an operator', async () => {
  await using at = await anOpenLibrary()
  const manager = await signedIn(at, 'manager')
  const page = await manager.open('/notices')
  assert.match(page.text, /An operator can turn them on.*An operator can change this/)
  assert.deepEqual(
    page.forms.map(({ action }) => action).filter((action) => action.startsWith('/notices')),
    [],
  )
  const { _csrf = '' } = page.forms[0]?.fields ?? {}
  for (const path of ['/notices/switch', '/notices/settings']) {
    const forged = await manager.post(path, { _csrf, key: 'a-key-of-a-forger', on: 'yes', version: '1' })
    assert.equal(forged.status, 403, path)
  }
})

test('the page of notices tells what is queued and dead, since when sending stands still, and a row that was deleted', async () => {
  await using at = await anOpenLibrary()
  const operator = await signedIn(at, 'operator')
  const [first] = await deadNotices(at.db, 3)
  await at.db.rows(
    sql`update notice_queue set halted_since = now(), halted_because = 'mail-server-unavailable'`,
  )
  const page = await operator.open('/notices')
  assert.match(page.text, /Sending stands still since .*The reason: the mail server is away/)
  assert.match(page.text, /Caused so far 3 Sent 0 Queued 0 Dead 3.*The ledger agrees/)
  await at.db.transaction(async (tx) => {
    await tx.rows(sql`set local session_replication_role = replica`)
    await tx.rows(sql`delete from notice where id = ${first}`)
  })
  assert.match((await operator.open('/notices')).text, /The ledger and the notices differ by 1\./)
})

test('dead notices are ticked and sent again or let be; none that was not ticked is touched', async () => {
  await using at = await anOpenLibrary()
  const manager = await signedIn(at, 'manager')
  const [first = '', second = ''] = await deadNotices(at.db, 5)
  const page = await manager.open('/notices/dead')
  assert.match(
    page.text,
    /Emma 5 .*tried 0 times: the mail server refuses it for good · it may have been sent/,
  )
  assert.match((await manager.send('/notices/dead/resend')).text, /Tick at least one/)
  assert.deepEqual(await states(at.db), { dead: 5 })
  await manager.open('/notices/dead')
  assert.match((await manager.send('/notices/dead/resend', { ids: first })).text, /Queued again/)
  assert.deepEqual(await states(at.db), { dead: 4, queued: 1 })
  const form = manager.seen().forms.find(({ action }) => action === '/notices/dead/resend')
  assert.match(page.html, /formaction="\/notices\/dead\/dismiss"/)
  const dismissed = await manager.post('/notices/dead/dismiss', { ...form?.fields, ids: second })
  assert.match(dismissed.text, /They are not sent/)
  assert.deepEqual(await states(at.db), { dead: 3, queued: 1, void: 1 })
  const late = await manager.post('/notices/dead/resend', {
    ...form?.fields,
    key: 'another-key-of-it',
    ids: second,
  })
  assert.match(late.text, /None of these notices is dead/)
  await manager.open('/notices/dead')
  await manager.send('/notices/dead/resend', { all: 'yes' })
  assert.deepEqual(await states(at.db), { queued: 4, void: 1 })
})

test('a text is tried before it is saved, and a word that nothing fills is answered with those that are', async () => {
  await using at = await anOpenLibrary()
  const manager = await signedIn(at, 'manager')
  const path = '/notices/templates/overdue'
  const form = (await manager.open(path)).forms.find(({ action }) => action === path)
  assert.ok(form)
  const typed = { ...form.fields, subject: 'Bring back {titles}', body: 'Dear {name},\n\n{items}' }
  const tried = await manager.post(`${path}/preview`, typed)
  assert.match(tried.text, /not saved yet .*Bring back “Emma”.*Dear Ada Reader/)
  assert.match(tried.html, /Dear \{name\},\s{2}\{items\}<\/textarea>/, 'what was typed is kept')
  const forNobody = await manager.post(`${path}/preview`, { ...typed, card: 'nobody' })
  assert.deepEqual(
    [forNobody.status, /Nobody has this card/.test(forNobody.text)],
    [404, true],
    forNobody.text,
  )
  assert.match(forNobody.html, /Dear \{name\},\s{2}\{items\}<\/textarea>/)
  await at.db.rows(sql`update patron set email = 'ada@example.org' where card = ${at.card}`)
  const forOne = await manager.post(`${path}/preview`, { ...typed, card: at.card })
  assert.match(
    forOne.text,
    /Nothing of this kind is due for .* now\. The things below are made up.*Bring back “Emma”/,
  )
  const wrong = await manager.post(`${path}/preview`, { ...typed, subject: 'For {secret}' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /Nothing fills \{secret\} ?\. These are filled here: \{name\}, \{givenName\}/)
  assert.equal((await manager.post(path, { ...typed, subject: 'For {secret}' })).status, 422)
  assert.equal((await templateOf(at.db, 'overdue')).isOwn, false, 'nothing of this was saved')

  await manager.open(path)
  assert.match((await manager.send(path, { subject: 'Bring back {titles}' })).text, /The text is saved/)
  assert.match((await manager.open(path)).text, /in your own words.*Bring back “Emma”/)
  const overtaken = await manager.post(path, { ...typed, subject: 'Mine', key: 'a-key-of-its-own' })
  assert.equal(overtaken.status, 409)
  assert.match(overtaken.html, /value="Mine"/)
  assert.equal((await templateOf(at.db, 'overdue')).subject, 'Bring back {titles}')
  await manager.open(path)
  const again = await manager.send(`${path}/preview`)
  assert.match(again.html, /name="subject"[^>]*value="Overdue: \{titles\}"/, 'Bibby’s words can be had back')
  assert.equal((await manager.open('/notices/templates/nothing')).status, 404)
})

test('an operator settles by page when patrons are told; a mistake keeps what was typed', async () => {
  await using at = await anOpenLibrary()
  const operator = await signedIn(at, 'operator')
  await operator.open('/notices')
  const wrong = await operator.send('/notices/settings', { overdueDays: '3, x', runMax: '70' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.html, /value="3, x"/)
  await operator.open('/notices')
  const saved = await operator.send('/notices/settings', { overdueDays: '20 3', dueSoonDays: '0' })
  assert.match(saved.text, /The settings are saved/)
  assert.match(saved.html, /name="overdueDays"[^>]*value="3, 20"/)
  assert.match(saved.html, /name="dueSoonDays"[^>]*value="0"/)
})
