import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiAccess, isLetIn } from '../src/http/access.ts'
import { type Role, roles } from '../src/staff/permission.ts'
import type { SignedIn } from '../src/staff/session.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'
import { aPatron } from './library-fixtures.ts'

type Caller = 'nobody' | 'patron' | Role
const callers: readonly Caller[] = ['nobody', 'patron', ...roles]

async function headersFor(at: ServedLibrary): Promise<Record<Caller, Record<string, string>>> {
  return {
    nobody: {},
    patron: bearing(await at.patronToken()),
    desk: bearing(await at.tokenOf('desk')),
    cataloguer: bearing(await at.tokenOf('cataloguer')),
    manager: bearing(await at.tokenOf('manager')),
    operator: bearing(await at.tokenOf('operator')),
  }
}

function whoIs(caller: Caller, card: string): SignedIn | undefined {
  if (caller === 'nobody') return undefined
  const branch = { branchId: 1, branchCode: 'main', name: 'x' }
  if (caller === 'patron') return { kind: 'patron', patronId: 1, card, ...branch, actor: 'patron:1' }
  return { kind: 'staff', staffId: 1, login: 'x', role: caller, ...branch, actor: 'staff:1' }
}

test('every route lets in whom the table names and nobody else', async () => {
  await using at = await aServedLibrary()
  const headers = await headersFor(at)
  for (const [key, access] of Object.entries(apiAccess)) {
    const [method = '', pattern = ''] = key.split(' ')
    if (key === 'DELETE /api/v1/sessions') continue
    const url = pattern.replace(':card', at.card).replaceAll(/:\w+/g, '1')
    for (const caller of callers) {
      const answer = await at.app.inject({ method: method as 'GET', url, headers: headers[caller] })
      const isIn = isLetIn(access, whoIs(caller, at.card), at.card)
      const what = `${key} by ${caller}: ${answer.statusCode} ${answer.body.slice(0, 200)}`
      if (isIn) assert.ok(![401, 403].includes(answer.statusCode), what)
      else assert.equal(answer.statusCode, caller === 'nobody' ? 401 : 403, what)
    }
  }
})

// Written by hand, so that a slip in the table does not move its test along.
const spot: readonly [string, string, Readonly<Partial<Record<Caller, boolean>>>][] = [
  ['POST', '/api/v1/loans', { nobody: false, patron: false, desk: true, cataloguer: false, manager: true }],
  ['POST', '/api/v1/returns', { nobody: false, patron: false, desk: true, cataloguer: false }],
  ['POST', '/api/v1/renewals', { nobody: false, patron: true, desk: true, cataloguer: false }],
  ['POST', '/api/v1/holds', { nobody: false, patron: true, desk: true, cataloguer: false }],
  ['POST', '/api/v1/books', { nobody: false, patron: false, desk: false, cataloguer: true, manager: true }],
  ['POST', '/api/v1/books/search', { nobody: true, patron: true, desk: true }],
  ['GET', '/api/v1/books/1', { nobody: true, patron: true }],
  ['GET', '/api/v1/patrons?query=x', { nobody: false, patron: false, desk: true, cataloguer: false }],
  ['POST', '/api/v1/patrons/CARD/waivers', { patron: false, desk: false, manager: true }],
  ['POST', '/api/v1/patrons/CARD/payments', { patron: false, desk: true }],
  ['POST', '/api/v1/patrons/CARD/block', { patron: false, desk: true, cataloguer: false }],
  ['GET', '/api/v1/patrons/CARD/loans', { nobody: false, patron: true, desk: true, cataloguer: false }],
  [
    'GET',
    '/api/v1/patrons/CARD/history',
    { nobody: false, patron: true, desk: false, cataloguer: false, manager: false, operator: false },
  ],
  ['POST', '/api/v1/branches', { desk: false, manager: false, operator: true }],
  ['GET', '/api/v1/branches', { nobody: true }],
  ['DELETE', '/api/v1/staff/nobody', { patron: false, desk: false, cataloguer: false, manager: true }],
  ['GET', '/api/v1/me', { nobody: false, patron: true }],
]

test('a desk lends, a cataloguer catalogues, a manager waives, an operator sets up, a patron minds their own', async () => {
  await using at = await aServedLibrary()
  const headers = await headersFor(at)
  for (const [method, path, expected] of spot) {
    for (const [caller, isIn] of Object.entries(expected) as [Caller, boolean][]) {
      const url = path.replace('CARD', at.card)
      const answer = await at.app.inject({ method: method as 'GET', url, headers: headers[caller] })
      assert.equal(![401, 403].includes(answer.statusCode), isIn, `${method} ${url} by ${caller}`)
    }
  }
})

test('a patron reaches their own account, loans and holds, and nobody else’s', async () => {
  await using at = await aServedLibrary()
  const patron = bearing(await at.patronToken())
  const desk = bearing(await at.tokenOf('desk'))
  const other = await aPatron(at.db)
  const get = (url: string) => at.app.inject({ url, headers: patron }).then(({ statusCode }) => statusCode)
  assert.equal(await get(`/api/v1/patrons/${at.card}/fines`), 200)
  assert.equal(await get(`/api/v1/patrons/${other.card}/fines`), 403)
  assert.equal(await get(`/api/v1/patrons/${other.card}`), 403)

  const lent = await at.app.inject({
    method: 'POST',
    url: '/api/v1/loans',
    headers: desk,
    payload: { card: other.card, barcode: at.barcode },
  })
  const renewal = await at.app.inject({
    method: 'POST',
    url: '/api/v1/renewals',
    headers: patron,
    payload: { loanId: lent.json().loanId },
  })
  assert.equal(renewal.json().code, 'loan-unknown')

  const hold = await at.app.inject({
    method: 'POST',
    url: '/api/v1/holds',
    headers: patron,
    payload: { titleId: at.titleId, card: other.card },
  })
  assert.equal(hold.json().patronId, at.patronId, 'a card in the body gives a patron no other name')
  const theirs = await at.app.inject({
    method: 'POST',
    url: '/api/v1/patrons',
    headers: desk,
    payload: { familyName: 'Third', category: 'nowhere' },
  })
  assert.equal(theirs.json().code, 'category-unknown')
})

test('an override needs its own permission, whoever asks', async () => {
  await using at = await aServedLibrary()
  const patron = bearing(await at.patronToken())
  const payload = { loanId: 1, override: { reason: 'please' } }
  const answer = await at.app.inject({ method: 'POST', url: '/api/v1/renewals', headers: patron, payload })
  assert.equal(answer.statusCode, 403)
  assert.equal(answer.json().code, 'override-not-allowed')
})

test('the API takes no cookie, and a bad token is refused even where none is needed', async () => {
  await using at = await aServedLibrary()
  const token = await at.tokenOf('desk')
  const byCookie = await at.app.inject({ url: '/api/v1/me', cookies: { bibby_session: token } })
  assert.equal(byCookie.statusCode, 401)
  // Written otherwise it is the same door: by cookie another site could send it from somebody's browser.
  const asPage = await at.app.inject({ url: '/%61pi/v1/me', cookies: { bibby_session: token } })
  assert.equal(asPage.statusCode, 401)
  const asApi = await at.app.inject({ url: '/%61pi/v1/me', headers: bearing(token) })
  assert.equal(asApi.statusCode, 200)
  const bad = await at.app.inject({ url: '/api/v1/branches', headers: bearing('not-a-token') })
  assert.equal(bad.statusCode, 401)
})

test('inside one process a trusted actor needs no token', async () => {
  const actor = whoIs('operator', '') ?? undefined
  await using at = await aServedLibrary(actor ? { actor } : {})
  assert.equal((await at.app.inject('/api/v1/me')).json().role, 'operator')
})
