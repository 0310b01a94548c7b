import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'
import { cutAt } from './cut.ts'
import { aCopy, aPatron } from './library-fixtures.ts'

/** Lends over HTTP, as a desk. */
async function lending(at: ServedLibrary) {
  const headers = bearing(await at.tokenOf('desk'))
  return (payload: object, key?: string) =>
    at.app.inject({
      method: 'POST',
      url: '/api/v1/loans',
      headers: { ...headers, ...(key ? { 'idempotency-key': key } : {}) },
      payload,
    })
}

test('the same key lends once and hears the same answer, which says that it is a repeat', async () => {
  await using at = await aServedLibrary()
  const lend = await lending(at)
  const key = randomUUID()
  const first = await lend({ card: at.card, barcode: at.barcode }, key)
  const second = await lend({ card: at.card, barcode: at.barcode }, key)
  assert.equal(first.statusCode, 201)
  assert.equal(first.headers['idempotency-key'], key)
  assert.equal(first.headers['idempotency-replayed'], undefined)
  assert.equal(first.headers['bibby-epoch'], '1')
  assert.equal(second.headers['idempotency-replayed'], 'true')
  assert.deepEqual(second.json(), first.json())
  const other = await lend({ card: at.card, barcode: 'another' }, key)
  assert.equal(other.json().code, 'key-reused')
})

test('a repeat of what gave a patron another card, or a copy another barcode, hears the same answer', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('manager'))
  for (const [url, payload] of [
    [`/api/v1/patrons/${at.card}`, { version: 1, card: 'card-anew' }],
    [`/api/v1/copies/${at.barcode}`, { version: 1, barcode: 'barcode-anew' }],
  ] as const) {
    const keyed = { ...headers, 'idempotency-key': randomUUID() }
    const first = await at.app.inject({ method: 'PATCH', url, headers: keyed, payload })
    const second = await at.app.inject({ method: 'PATCH', url, headers: keyed, payload })
    assert.equal(first.statusCode, 200, first.body)
    assert.deepEqual(second.json(), first.json())
    const later = await at.app.inject({ method: 'PATCH', url, headers, payload })
    assert.equal(later.statusCode, 404)
  }
})

test('the journal keeps which version an edit was made from', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('manager'))
  const edit = (url: string) =>
    at.app.inject({ method: 'PATCH', url, headers, payload: { version: 1, note: 'Mended.' } })
  assert.equal((await edit(`/api/v1/patrons/${at.card}`)).statusCode, 200)
  assert.equal((await edit(`/api/v1/copies/${at.barcode}`)).statusCode, 200)
  assert.deepEqual(await at.db.rows(sql`select believed from journal order by id`), [
    { believed: { patron: 1 } },
    { believed: { copy: 1 } },
  ])
})

test('a server that only reads is told as such to who signs in and who writes, never as a fault of ours', async () => {
  await using at = await aServedLibrary({
    db: (db) => ({
      ...db,
      transaction: (work) =>
        db.transaction(async (tx) => {
          await tx.rows(sql`set transaction read only`)
          return work(tx)
        }),
    }),
  })
  const payload = { kind: 'staff', account: 'nobody', password: 'not the password' }
  const refused = await at.app.inject({ method: 'POST', url: '/api/v1/sessions', payload })
  assert.equal(refused.statusCode, 503)
  assert.equal(refused.json().code, 'BIBBY_WRITES_STOPPED')
})

test('a key is made when none came, and a bad one is refused', async () => {
  await using at = await aServedLibrary()
  const lend = await lending(at)
  const made = await lend({ card: at.card, barcode: at.barcode })
  assert.match(String(made.headers['idempotency-key']), /^[0-9a-f-]{36}$/)
  assert.equal((await lend({ card: at.card, barcode: at.barcode }, 'two words')).statusCode, 400)
})

test('a commit that was cut off is told as unknown, and the same key settles it', async () => {
  const fault: { at: number } = { at: Number.POSITIVE_INFINITY }
  await using at = await aServedLibrary({
    db: (db) => ({ ...db, withConnection: (work) => cutAt(db, fault.at, 'reply-lost').withConnection(work) }),
  })
  const lend = await lending(at)
  const key = randomUUID()
  let sawUnknown = false
  for (fault.at = 1; fault.at < 40 && !sawUnknown; fault.at++) {
    const answer = await lend({ card: at.card, barcode: at.barcode }, key)
    assert.ok([201, 503, 504].includes(answer.statusCode), answer.body)
    if (answer.statusCode === 201) break
    assert.equal(answer.headers['retry-after'] !== undefined, true)
    if (answer.json().code !== 'commit-unknown') continue
    sawUnknown = true
    assert.equal(answer.json().idempotencyKey, key)
  }
  assert.ok(sawUnknown, 'no statement that was cut was the commit')
  fault.at = Number.POSITIVE_INFINITY
  assert.equal((await lend({ card: at.card, barcode: at.barcode }, key)).statusCode, 201)
  const open = await at.db.rows(sql`select from loan where returned_at is null`)
  assert.equal(open.length, 1)
})

test('when writes are stopped or the database is gone, the desk hears 503 and when to come back', async () => {
  await using at = await aServedLibrary()
  const lend = await lending(at)
  await at.db.rows(sql`update fence set mode = 'read-only'`)
  const stopped = await lend({ card: at.card, barcode: at.barcode })
  assert.equal(stopped.statusCode, 503)
  assert.equal(stopped.json().code, 'BIBBY_WRITES_STOPPED')
  assert.equal(stopped.headers['retry-after'], '30')
})

test('a thousand checkouts of fifty copies by fifty clients: one open loan for each copy', async () => {
  await using at = await aServedLibrary()
  await at.db.rows(sql`update loan_rule set loans_max = 1000`)
  const { branchId, itemTypeId, titleId, categoryId } = at
  const copies = await Promise.all(
    Array.from({ length: 50 }, () => aCopy(at.db, { branchId, itemTypeId, titleId })),
  )
  const patrons = await Promise.all(
    Array.from({ length: 50 }, (_, n) => aPatron(at.db, { card: `client-${n}`, branchId, categoryId })),
  )
  const { port } = new URL(await at.app.listen({ port: 0, host: '127.0.0.1' }))
  const token = await at.tokenOf('desk')
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const answers: { status: number; code?: string }[] = []
  await Promise.all(
    patrons.map(async ({ card }, client) => {
      for (let n = 0; n < 20; n++) {
        const barcode = copies[(client + n * 7) % copies.length]?.barcode
        answers.push(await post({ port, agent, token }, '/api/v1/loans', { card, barcode }))
      }
    }),
  )
  agent.destroy()
  assert.equal(answers.length, 1_000)
  const lent = answers.filter(({ status }) => status === 201).length
  assert.equal(lent, 50)
  assert.ok(answers.every(({ status, code }) => status === 201 || code === 'copy-on-loan'))
  const open = await at.db.rows<{ copy_id: number }>(sql`select copy_id from loan where returned_at is null`)
  assert.equal(new Set(open.map(({ copy_id }) => copy_id)).size, 50)
  assert.equal(open.length, 50)
})

type Client = { port: string; agent: Agent; token: string }

function post(
  { port, agent, token }: Client,
  path: string,
  body: object,
): Promise<{ status: number; code?: string }> {
  return new Promise((resolve, reject) => {
    const headers = { ...bearing(token), 'content-type': 'application/json' }
    const sent = httpRequest({ port, agent, path, method: 'POST', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part) => {
        text += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, ...JSON.parse(text) }))
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}
