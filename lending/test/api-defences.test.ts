import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { aServedLibrary, bearing, password } from './api-fixtures.ts'

test('the log names no person, no card, no token and no password', async () => {
  let log = ''
  const logTo = new Writable({
    write: (chunk, _, done) => {
      log += String(chunk)
      done()
    },
  })
  await using at = await aServedLibrary({ logLevel: 'debug', logTo })
  const token = await at.tokenOf('desk')
  const headers = bearing(token)
  await at.app.inject({ url: `/api/v1/patrons/${at.card}`, headers })
  await at.app.inject({ url: '/api/v1/patrons?query=Reader', headers })
  await at.app.inject({ url: `/nowhere/${at.card}`, headers })
  const payload = { card: at.card, barcode: at.barcode }
  await at.app.inject({ method: 'POST', url: '/api/v1/loans', headers, payload })
  const id = 'desk-7.scan-12'
  const answer = await at.app.inject({ url: '/actuator/info', headers: { 'x-request-id': id } })
  assert.equal(answer.headers['x-request-id'], id)
  assert.match(log, /"route":"\/api\/v1\/patrons\/:card"/)
  for (const secret of [token, password, at.card, 'Reader', 'Ada']) assert.ok(!log.includes(secret), secret)
})

test('signing in is limited by address, and staff who are signed in are not hindered by it', async () => {
  await using at = await aServedLibrary({ limits: { signInsPerMinute: 3, anonymousPerMinute: 20 } })
  const headers = bearing(await at.tokenOf('desk'))
  const attempt = () =>
    at.app.inject({
      method: 'POST',
      url: '/api/v1/sessions',
      payload: { kind: 'staff', account: 'nobody', password: 'wrong password' },
    })
  assert.equal((await attempt()).statusCode, 401)
  assert.equal((await attempt()).statusCode, 401)
  const limited = await attempt()
  assert.equal(limited.statusCode, 429)
  assert.equal(limited.json().code, 'too-many-requests')
  assert.ok(Number(limited.headers['retry-after']) > 0)
  for (let n = 0; n < 40; n++)
    assert.equal((await at.app.inject({ url: '/api/v1/me', headers })).statusCode, 200)
  const strangers = await Promise.all(Array.from({ length: 25 }, () => at.app.inject('/api/v1/branches')))
  assert.ok(strangers.some(({ statusCode }) => statusCode === 429))
})

test('a reader of another’s words is not told who has a copy', async () => {
  await using at = await aServedLibrary()
  const desk = bearing(await at.tokenOf('desk'))
  const payload = { card: at.card, barcode: at.barcode }
  await at.app.inject({ method: 'POST', url: '/api/v1/loans', headers: desk, payload })
  const book = (await at.app.inject(`/api/v1/books/${at.titleId}`)).body
  assert.match(book, /on-loan/)
  for (const secret of [at.card, 'Ada', 'Reader']) assert.ok(!book.includes(secret), secret)
  const toStaff = await at.app.inject({ method: 'POST', url: '/api/v1/loans', headers: desk, payload })
  assert.equal(toStaff.json().lentTo.card, at.card)
})

test('answers carry the headers that keep browsers from being tricked', async () => {
  await using at = await aServedLibrary()
  const { headers } = await at.app.inject('/api/v1/branches')
  assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['x-frame-options'], 'SAMEORIGIN')
  assert.equal(headers['x-powered-by'], undefined)
})
