import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { openSender } from '../src/notices/sender.ts'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary } from './api-fixtures.ts'
import { here, senderFor } from './notice-fixtures.ts'
import { noticeService } from './notice-service.ts'

test('notices are turned on, looked at, refused, sent again and rewritten by API', async () => {
  await using at = await aServedLibrary({ installation: here })
  const operator = await at.tokenOf('operator')
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    path: string,
    payload?: object,
    token = operator,
  ) => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await at.app.inject({ method, url: path, headers, ...(payload ? { payload } : {}) })
    return { status: response.statusCode, ...response.json() }
  }
  assert.equal((await ask('GET', '/api/v1/notices')).notices, 'off')
  assert.equal((await ask('POST', '/api/v1/notices/switch', { on: true })).on, true)
  assert.equal((await ask('GET', '/api/v1/notices')).notices, 'on')
  await at.db.rows(sql`update patron set email = 'ada@example.org', expires_on = '2026-03-10'`)
  const preview = await ask('GET', '/api/v1/notices/preview')
  assert.deepEqual([preview.wouldCause.length, preview.wouldCause[0]?.card], [1, at.card])
  const receipts = `/api/v1/patrons/${at.card}/receipts`
  const patron = await at.patronToken()
  assert.equal((await ask('POST', receipts, { wantsReceipts: true }, patron)).wantsReceipts, true)
  const lent = await ask('POST', '/api/v1/loans', {
    card: at.card,
    barcode: at.barcode,
    branch: at.branchCode,
  })
  assert.equal(lent.status, 201, JSON.stringify(lent))
  const due = () => new Date(at.library.clock().getTime() + 600_000)
  await using service = await noticeService(() => 'refused')
  await using sender = openSender(senderFor(at.db, { ...service, clock: due }))
  await sender.look()
  await sender.idle()
  const { notices } = await ask('GET', '/api/v1/notices/list?state=dead')
  assert.deepEqual([notices.length, notices[0].kind], [1, 'loan-receipt'])
  const ids = [notices[0].id]
  assert.equal((await ask('POST', '/api/v1/notices/resend', { ids })).notices, 1)
  const again = await ask('POST', '/api/v1/notices/dismiss', { ids })
  assert.deepEqual([again.status, again.code], [409, 'notice-not-dead'])
  const template = '/api/v1/notices/templates/overdue'
  const text = { version: 0, subject: 'Bring back {titles}', body: '{items}', item: '{title}' }
  assert.equal((await ask('PUT', template, { ...text, body: '{secret}' })).status, 422)
  assert.equal((await ask('PUT', template, text)).version, 1)
  assert.equal((await ask('GET', template)).sample.subject, 'Bring back “Emma”')
  const draft = { subject: 'Soon: {expires}', body: 'Dear {name}', item: '' }
  const ofCard = '/api/v1/notices/templates/card-expiring/preview'
  const shown = await ask('POST', ofCard, { card: at.card, draft })
  assert.deepEqual([shown.status, shown.shows, shown.letters.length], [200, 'what-is-due', 1])
  assert.deepEqual([shown.letters[0].subject, shown.letters[0].things], ['Soon: Tuesday, March 10, 2026', 1])
  assert.match(
    (await ask('POST', ofCard, { card: at.card })).letters[0].subject,
    /^Your library card ends on/,
  )
  assert.equal((await ask('POST', ofCard, { card: 'nobody' })).code, 'patron-unknown')
  assert.equal(
    (await ask('POST', ofCard, { card: at.card, draft: { ...draft, body: '{secret}' } })).status,
    422,
  )
  assert.equal((await ask('POST', ofCard, { card: at.card }, await at.tokenOf('desk'))).status, 403)
  assert.equal((await ask('POST', ofCard, { card: at.card }, patron)).status, 403)
  const settings = '/api/v1/notices/settings'
  assert.equal((await ask('PATCH', settings, { version: 1, runMax: 7 })).runMax, 7)
  assert.equal((await ask('PATCH', settings, { version: 2, overdueDays: [0] })).status, 422)
  const metrics = await at.app.inject({ url: '/metrics' })
  assert.match(metrics.body, /bibby_notice_tries_total\{kind="overdue",outcome="unknown"\} 0/)
  assert.match(metrics.body, /bibby_notice_ledger_difference 0/)
})

test('a desk may not turn notices on, nor a patron say what another wants', async () => {
  await using at = await aServedLibrary()
  const asked = async (token: string, url: string, payload: object) =>
    (await at.app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${token}` } }))
      .statusCode
  assert.equal(await asked(await at.tokenOf('desk'), '/api/v1/notices/switch', { on: true }), 403)
  assert.equal(await asked(await at.tokenOf('manager'), '/api/v1/notices/switch', { on: true }), 403)
  const other = '/api/v1/patrons/another/receipts'
  assert.equal(await asked(await at.patronToken(), other, { wantsReceipts: true }), 403)
})

test('by API a patron says what they want to be mailed about, and nothing that there is no choice of', async () => {
  await using at = await aServedLibrary()
  const headers = { authorization: `Bearer ${await at.patronToken()}` }
  const wants = async (wanted: readonly string[], card = at.card) => {
    const url = `/api/v1/patrons/${card}/wanted-notices`
    const answer = await at.app.inject({
      method: 'POST',
      url,
      payload: { wanted },
      headers: { ...headers, 'idempotency-key': randomUUID() },
    })
    return [answer.statusCode, answer.json().wanted]
  }
  assert.deepEqual(await wants(['receipts', 'holds']), [200, ['holds', 'receipts']])
  assert.deepEqual(await wants([]), [200, []])
  assert.equal((await wants(['overdue']))[0], 400)
  assert.equal((await wants([], 'another'))[0], 403)
})
