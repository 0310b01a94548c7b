import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../src/http/app.ts'
import { aServedLibrary, bearing } from './api-fixtures.ts'

/** Speaks to the API as one person and insists on success. */
function speaking(app: App, token: string) {
  return async (method: 'GET' | 'POST' | 'DELETE' | 'PATCH', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers: bearing(token), ...(payload ? { payload } : {}) })
    assert.ok(answer.statusCode < 300, `${method} ${url}: ${answer.statusCode} ${answer.body}`)
    return answer.json()
  }
}

test('a book goes from one reader to the next: register, lend, hold, return, shelf, lend', async () => {
  await using at = await aServedLibrary()
  const { app, barcode, titleId, branchCode } = at
  const desk = speaking(app, await at.tokenOf('desk'))
  const [category] = (await desk('GET', '/api/v1/patron-categories')).patronCategories

  const register = async (givenName: string) =>
    (await desk('POST', '/api/v1/patrons', { givenName, familyName: 'Reader', category: category.code })).card
  const first = await register('Ada')
  const next = await register('Ben')

  const lent = await desk('POST', '/api/v1/loans', { card: first, barcode, branch: branchCode })
  assert.equal(lent.dueAt.slice(0, 10), '2026-03-30')
  assert.match(lent.rule.why, /./)

  const refused = await app.inject({
    method: 'POST',
    url: `/api/v1/books/${titleId}/checkout`,
    headers: bearing(await at.tokenOf('desk')),
    payload: { card: next, barcode },
  })
  assert.equal(refused.statusCode, 409)
  assert.deepEqual(refused.json().lentTo, { card: first, name: 'Ada Reader' })

  const hold = await desk('POST', '/api/v1/holds', { card: next, titleId, pickupBranch: branchCode })
  assert.equal(hold.position, 1)
  const back = await desk('POST', '/api/v1/returns', { barcode, branch: branchCode })
  assert.equal(back.loanId, lent.loanId)
  assert.equal(back.next.to, 'hold-shelf')
  assert.equal(back.next.card, next)

  const book = (await app.inject(`/api/v1/books/${titleId}`)).json()
  assert.equal(book.copies[0].state, 'on-hold-shelf')
  const over = await desk('POST', '/api/v1/loans', { card: next, barcode })
  assert.equal(over.card, next)
  const renewed = await desk('POST', '/api/v1/renewals', {
    loanId: over.loanId,
    override: { reason: 'asked' },
  })
    .then(() => 'renewed')
    .catch((error: Error) => error.message)
  assert.match(renewed, /due-date-not-later/)
})
