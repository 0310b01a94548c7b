import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answers, answerTo } from '../src/http/answers.ts'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'
import { aCharge, aCopy, aPatron, aTitle } from './library-fixtures.ts'

test('every refusal has words, a status that says whose mistake it is, and something to do next', () => {
  for (const [code, { status, exit, title, next }] of Object.entries(answers)) {
    assert.ok((status >= 400 && status < 500) || code.endsWith('-unknown') || isFull(code), code)
    assert.ok([1, 2, 3].includes(exit), code)
    assert.match(title, /^[A-Z].*\.$/, code)
    assert.match(next, /^[A-Z].*\.$/, code)
  }
  assert.equal(answerTo('unheard-of').status, 409)
})

/** Nobody's mistake: there is no room just now. */
function isFull(code: string): boolean {
  return code === 'overloaded' || code === 'listeners-full'
}

/** Speaks as a desk that may do all, and gives status and code. */
async function desk(at: ServedLibrary) {
  const headers = bearing(await at.tokenOf('operator'))
  return async (request: string, payload?: object): Promise<string> => {
    const [method, url = ''] = request.split(' ')
    const answer = await at.app.inject({
      method: method as 'POST',
      url: `/api/v1${url}`,
      headers,
      ...(payload ? { payload } : {}),
    })
    const { code } = answer.statusCode < 300 ? { code: 'done' } : answer.json<{ code: string }>()
    return `${answer.statusCode} ${code}`
  }
}

test('what speaks against a loan is told by its own code', async () => {
  await using at = await aServedLibrary()
  const { branchId, categoryId, itemTypeId, titleId, card, barcode } = at
  const ask = await desk(at)
  const lend = (body: object) => ask('POST /loans', { card, barcode, ...body })
  const person = (over: object) => aPatron(at.db, { branchId, categoryId, ...over })
  const copy = (over: object) => aCopy(at.db, { branchId, itemTypeId, titleId, ...over })

  assert.equal(await lend({ card: 'nobody' }), '404 patron-unknown')
  assert.equal(await lend({ barcode: 'nothing' }), '404 copy-unknown')
  assert.equal(await lend({ branch: 'nowhere' }), '404 branch-unknown')
  assert.equal(await lend({ card: (await person({ expiresOn: '2026-01-31' })).card }), '409 patron-expired')
  assert.equal(await lend({ card: (await person({ blockedBecause: 'lost' })).card }), '409 patron-blocked')
  const debtor = await person({})
  await aCharge(at.db, { patronId: debtor.patronId, cents: 5_000 })
  assert.equal(await lend({ card: debtor.card }), '409 patron-owes')
  assert.equal(await lend({ barcode: (await copy({ lendable: false })).barcode }), '409 copy-not-for-loan')
  assert.equal(
    await lend({ barcode: (await copy({ withdrawnBecause: 'torn' })).barcode }),
    '409 copy-withdrawn',
  )
  assert.equal(await lend({ override: { reason: ' ' } }), '422 reason-missing')
  assert.equal(
    await lend({ override: { reason: 'x', refusals: ['copy-unknown'] } }),
    '403 override-not-allowed',
  )
  assert.equal(await lend({}), '201 done')
  assert.equal(await lend({}), '409 copy-on-loan')
  const waiting = await person({})
  assert.equal(await ask('POST /holds', { titleId, card: waiting.card }), '201 done')
  assert.equal(await ask('POST /returns', { barcode }), '200 done')
  assert.equal(await lend({}), '409 copy-on-hold-shelf')
  await at.db.rows(sql`update loan_rule set loans_max = 0`)
  assert.equal(await lend({ card: waiting.card }), '409 loan-limit')
})

test('a field that nobody knows is named', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('operator'))
  const answer = await at.app.inject({
    method: 'POST',
    url: '/api/v1/renewals',
    headers,
    payload: { barcode: 'x', y: 1, z: 2 },
  })
  const { detail, problems } = answer.json<{ detail: string; problems: object }>()
  assert.equal(detail, 'body/y is an unknown field.')
  assert.deepEqual(problems, { 'body/y': 'is an unknown field', 'body/z': 'is an unknown field' })
})

test('what speaks against a renewal or a hold is told by its own code', async () => {
  await using at = await aServedLibrary()
  const { card, barcode, titleId, categoryId, branchId } = at
  const ask = await desk(at)
  const hold = (body: object) => ask('POST /holds', { titleId, card, ...body })

  assert.equal(await ask('POST /returns', { barcode: 'nothing' }), '404 copy-unknown')
  assert.equal(await ask('POST /renewals', { barcode }), '404 loan-unknown')
  assert.equal(await ask('POST /renewals', {}), '400 request-invalid')
  assert.equal(await ask('POST /loans', { card, barcode }), '201 done')
  assert.equal(await ask('POST /renewals', { barcode }), '409 due-date-not-later')
  assert.equal(await hold({}), '409 already-on-loan')
  assert.equal(await hold({ titleId: 1 }), '404 title-unknown')
  const empty = await aTitle(at.db)
  assert.equal(await hold({ titleId: empty.titleId }), '409 title-has-no-copies')
  const other = await aPatron(at.db, { branchId, categoryId })
  assert.equal(await hold({ card: other.card }), '201 done')
  assert.equal(await hold({ card: other.card }), '409 already-on-hold')
  assert.equal(await ask('POST /renewals', { barcode }), '409 hold-waits')
  await at.db.rows(sql`update loan_rule set renewals_max = 0, holds_max = 0`)
  assert.equal(
    await ask('POST /renewals', { barcode, override: { reason: 'x', refusals: ['hold-waits'] } }),
    '409 renewal-limit',
  )
  const third = await aPatron(at.db, { branchId, categoryId })
  assert.equal(await hold({ card: third.card }), '409 hold-limit')
  const [{ id } = { id: 0 }] = await at.db.rows<{ id: number }>(sql`select id from hold`)
  assert.equal(await ask(`POST /holds/${id}/suspend`, { until: 'forever' }), '200 done')
  assert.equal(await ask(`POST /holds/${id}/resume`), '200 done')
  assert.equal(await ask(`POST /holds/${id}/pickup`, { pickupBranch: at.branchCode }), '200 done')
  assert.equal(await ask(`POST /holds/${id}/pickup`, { pickupBranch: 'nowhere' }), '404 branch-unknown')
  assert.equal(await ask(`DELETE /holds/${id}`), '200 done')
  assert.equal(await ask(`DELETE /holds/${id}`), '409 hold-closed')
  assert.equal(await ask('DELETE /holds/1'), '404 hold-unknown')
})

test('what speaks against a change to people, titles, places and fines is told by its own code', async () => {
  await using at = await aServedLibrary()
  const { card, barcode, titleId } = at
  const ask = await desk(at)
  const at_ = `/patrons/${card}`

  assert.equal(await ask(`POST ${at_}/payments`, { cents: 100 }), '409 nothing-owed')
  await aCharge(at.db, { patronId: at.patronId, cents: 50 })
  assert.equal(await ask(`POST ${at_}/payments`, { cents: 100 }), '409 more-than-owed')
  assert.equal(await ask(`POST ${at_}/waivers`, { cents: 50, reason: '' }), '422 reason-missing')
  assert.equal(await ask('GET /patrons/nobody'), '404 patron-unknown')
  assert.equal(await ask('POST /patrons', { familyName: 'X', category: 'none' }), '404 category-unknown')
  assert.equal(await ask(`PATCH ${at_}`, { version: 99, phone: '1' }), '409 version-stale')
  assert.equal(await ask(`PATCH /books/${titleId}`, { version: 99, title: 'x' }), '409 version-stale')
  assert.equal(await ask('GET /books/1'), '404 title-unknown')
  const copy = { barcode, branch: at.branchCode, itemType: 'none' }
  assert.equal(await ask(`POST /books/${titleId}/copies`, copy), '409 barcode-taken')
  assert.equal(
    await ask(`POST /books/${titleId}/copies`, { ...copy, barcode: 'new' }),
    '404 item-type-unknown',
  )
  assert.equal(
    await ask('POST /branches', { code: at.branchCode, name: 'x', timeZone: 'UTC' }),
    '409 code-taken',
  )
  assert.equal(await ask('POST /branches', { code: 'x', name: 'x', timeZone: 'Mars' }), '422 fields-invalid')
  assert.equal(await ask('POST /books/search', { query: ' ' }), '400 query-empty')
  assert.equal(await ask('POST /books/search', { query: 'x'.repeat(101) }), '400 query-too-long')
  assert.equal(await ask('POST /books/search', { query: 'a\u0000' }), '400 query-control-character')
  assert.equal(await ask('POST /books/search', { query: 'a', after: 'x' }), '400 cursor-unknown')
  assert.equal(await ask('GET /imports/1'), '404 import-unknown')
})
