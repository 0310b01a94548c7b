import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DatabaseUnreachableError } from '../src/postgres/faults.ts'
import { aServedLibrary, bearing } from './api-fixtures.ts'

test('a process is ready only after two passes in a row, and then tells its own health only', async () => {
  await using at = await aServedLibrary()
  const ready = () => at.app.inject('/actuator/health/readiness')
  assert.equal((await ready()).statusCode, 503)
  assert.equal((await ready()).statusCode, 200)
  assert.deepEqual((await ready()).json(), { status: 'UP' })
  assert.deepEqual((await at.app.inject('/actuator/health/liveness')).json(), { status: 'UP' })
  const whole = (await at.app.inject('/actuator/health')).json()
  assert.equal(whole.components.database.status, 'UP')
  const info = (await at.app.inject('/actuator/info')).json()
  assert.equal(info.epoch, 1)
  assert.match(info.git.commit, /^[0-9a-f]{40}$/)
})

test('a database that fails for all makes health say so and does not empty the pool of servers', async () => {
  let isDown = false
  await using at = await aServedLibrary({
    db: (db) => ({
      ...db,
      rows: (statement) => (isDown ? Promise.reject(new DatabaseUnreachableError()) : db.rows(statement)),
    }),
  })
  const status = async (url: string) => (await at.app.inject(`/actuator/health${url}`)).statusCode
  isDown = true
  assert.equal(await status('/readiness'), 503, 'not admitted before it was seen well')
  isDown = false
  await status('/readiness')
  await status('/readiness')
  isDown = true
  assert.equal(await status('/readiness'), 200)
  assert.equal(await status('/liveness'), 200)
  assert.equal(await status(''), 503)
  const branches = await at.app.inject('/api/v1/branches')
  assert.equal(branches.statusCode, 503)
  assert.equal(branches.json().code, 'BIBBY_DATABASE_UNREACHABLE')
  assert.equal(branches.headers['retry-after'], '5')
})

test('however many ask for health at once, the desk’s database is asked once', async () => {
  let asked = 0
  await using at = await aServedLibrary({
    db: (db) => ({
      ...db,
      rows: (statement) => {
        asked += 1
        return db.rows(statement)
      },
    }),
  })
  await at.app.inject('/actuator/health')
  const once = asked
  asked = 0
  const all = await Promise.all(Array.from({ length: 50 }, () => at.app.inject('/actuator/health')))
  assert.ok(all.every(({ statusCode }) => statusCode === 200))
  assert.ok(asked <= once * 3, `${asked} statements for 50 who asked`)
})

test('who signs in gets a token; who signs out loses it at once', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('desk'))
  assert.equal((await at.app.inject({ url: '/api/v1/me', headers })).json().role, 'desk')
  const out = await at.app.inject({ method: 'DELETE', url: '/api/v1/sessions', headers })
  assert.equal(out.statusCode, 204)
  const after = await at.app.inject({ url: '/api/v1/me', headers })
  assert.equal(after.statusCode, 401)
  assert.equal(after.json().code, 'not-signed-in')
})

test('a sign-out counts at once, also where the session was being looked up just then', async () => {
  const read = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  let isSlow = false
  await using at = await aServedLibrary({
    db: (db) => ({
      ...db,
      rows: async (statement) => {
        const rows = await db.rows(statement)
        if (!isSlow || !statement.text.includes('from session')) return rows as never
        isSlow = false
        read.resolve()
        await over.promise
        return rows as never
      },
    }),
  })
  const headers = bearing(await at.tokenOf('desk'))
  isSlow = true
  const slow = at.app.inject({ url: '/api/v1/me', headers })
  await read.promise
  await at.app.inject({ method: 'DELETE', url: '/api/v1/sessions', headers })
  over.resolve()
  assert.equal((await slow).statusCode, 200)
  assert.equal((await at.app.inject({ url: '/api/v1/me', headers })).statusCode, 401)
})

test('what is not there is told as a problem, and a wrong method names the right ones', async () => {
  await using at = await aServedLibrary()
  const nothing = await at.app.inject('/api/v1/nothing')
  assert.equal(nothing.statusCode, 404)
  assert.match(String(nothing.headers['content-type']), /^application\/problem\+json/)
  const wrong = await at.app.inject({ method: 'PUT', url: '/api/v1/me' })
  assert.equal(wrong.statusCode, 405)
  assert.equal(wrong.headers.allow, 'GET')
})

test('every series is known at 0 before anything happened', async () => {
  await using at = await aServedLibrary()
  const { body } = await at.app.inject('/metrics')
  assert.match(body, /bibby_requests_total\{route="\/api\/v1\/me",method="GET",class="5xx"\} 0/)
  assert.match(body, /bibby_pool_connections\{pool="desk",state="waiting"\} 0/)
  assert.match(body, /bibby_jobs\{state="running"\} 0/)
})

test('the description of the API and its page are served under a policy that lets no inline script run', async () => {
  await using at = await aServedLibrary()
  const json = (await at.app.inject('/api/openapi.json')).json()
  assert.ok(json.paths['/api/v1/sessions'].post)
  const page = await at.app.inject('/api/docs')
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'self'/)
  assert.doesNotMatch(String(page.headers['content-security-policy']), /unsafe/)
  assert.doesNotMatch(page.body, /<script>|style="/)
})
