import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, bearing, password, token } from './api-fixtures.ts'

const newPassword = 'a password of many words'

test('staff are added, changed, given a password and removed by API, and each ends what it must', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('manager'))
  const ask = (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, key?: string) =>
    at.app.inject({
      method,
      url: `/api/v1/staff${url}`,
      headers: { ...headers, ...(key ? { 'idempotency-key': key } : {}) },
      ...(payload ? { payload } : {}),
    })
  const member = { login: 'ruth', name: 'Ruth', role: 'desk', branch: at.branchCode, password }
  assert.equal((await ask('POST', '', member)).statusCode, 201)
  const ruth = await token(at.app, { kind: 'staff', account: 'ruth' })
  const me = async (given: string) =>
    (await at.app.inject({ url: '/api/v1/me', headers: bearing(given) })).json()
  assert.equal((await me(ruth)).role, 'desk')

  assert.equal((await ask('PATCH', '/ruth', { version: 1, role: 'cataloguer' })).json().version, 2)
  assert.equal((await me(ruth)).role, 'cataloguer', 'the new role counts at once')
  assert.equal((await ask('PATCH', '/ruth', { version: 1, name: 'R' })).json().code, 'version-stale')
  assert.equal(
    (await ask('PATCH', '/ruth', { version: 2, role: 'operator' })).json().code,
    'role-above-yours',
  )

  assert.equal((await ask('POST', '/ruth/password', { password: newPassword })).statusCode, 200)
  assert.equal((await me(ruth)).code, 'not-signed-in')
  const again = await at.app.inject({
    method: 'POST',
    url: '/api/v1/sessions',
    payload: { kind: 'staff', account: 'ruth', password: newPassword },
  })
  const { token: second } = again.json()
  assert.equal((await me(second)).login, 'ruth')

  const removed = await ask('DELETE', '/ruth', undefined, 'remove-ruth')
  assert.equal(removed.json().sessionsEnded, 1)
  assert.deepEqual((await ask('DELETE', '/ruth', undefined, 'remove-ruth')).json(), removed.json())
  assert.equal((await me(second)).code, 'not-signed-in')
  assert.equal((await ask('DELETE', '/ruth')).json().code, 'staff-unknown')
  const gone = await at.app.inject({ url: '/api/v1/staff?removed=yes', headers })
  assert.deepEqual(
    gone.json().staff.map(({ login }: { login: string }) => login),
    ['ruth'],
  )
  const restored = await ask('POST', '/ruth/restore', undefined, 'restore-ruth')
  assert.equal(restored.json().login, 'ruth')
  assert.deepEqual((await ask('POST', '/ruth/restore', undefined, 'restore-ruth')).json(), restored.json())
  assert.equal((await ask('POST', '/ruth/restore')).json().code, 'staff-not-removed')
  assert.equal((await me(second)).code, 'not-signed-in', 'the sessions of before are over')
  const [mine] = (await at.app.inject({ url: '/api/v1/staff', headers })).json().staff
  assert.equal((await ask('DELETE', `/${mine.login}`)).json().code, 'own-account')
})
