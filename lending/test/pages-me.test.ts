import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing, password, token } from './api-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor, type Visitor } from './visitor.ts'

const next = 'a password of many words'

/** A patron and a member of staff, each on two devices. */
async function everybody(at: OpenLibrary) {
  await at.letIn(at.card)
  const people = [
    { kind: 'staff', account: await at.staff('desk'), door: '/desk' },
    { kind: 'patron', account: at.card, door: '/account' },
  ] as const
  return Promise.all(
    people.map(async (person) => {
      const [here, there] = [aVisitor(at.app), aVisitor(at.app)]
      for (const each of [here, there]) await each.signIn(person.kind, person.account)
      assert.equal((await there.open(person.door)).path, person.door)
      return { ...person, here, there }
    }),
  )
}

const change = (visitor: Visitor, current: string, password: string, again = password) =>
  visitor.send('/me/password', { current, password, again })

test('everybody changes their own password by page, and is signed out elsewhere at once', async () => {
  await using at = await anOpenLibrary()
  for (const { kind, account, door, here, there } of await everybody(at)) {
    assert.match((await here.open('/')).html, /<a href="\/me"/)
    assert.match((await here.open('/me')).text, /Change your password/)
    const wrong = await change(here, 'not it at all', next)
    assert.deepEqual([wrong.status, /The current password is wrong/.test(wrong.text)], [403, true])
    const twoWays = await change(here, pagePassword, next, 'a password of many wrods')
    assert.match(twoWays.text, /typed in two ways/)
    assert.match((await change(here, pagePassword, 'short')).text, /shorter than 8/)
    assert.equal((await there.open(door)).path, door, 'nothing was changed yet')

    const form = here.seen().forms.find(({ action }) => action === '/me/password')
    assert.ok(form)
    const sent = { ...form.fields, current: pagePassword, password: next, again: next }
    assert.match((await here.post('/me/password', sent)).text, /Your password is changed/)
    assert.match((await here.post('/me/password', sent)).text, /Your password is changed/, 'sent twice')
    assert.equal((await here.open(door)).path, door)
    assert.match((await there.open(door)).path, /^\/sign-in/)
    assert.equal((await there.signIn(kind, account)).status, 401, 'the old one is worth nothing')
    const words = { account, password: next }
    const says = kind === 'staff' ? 'Login' : 'Card number'
    await there.open(`/sign-in?kind=${kind}`)
    assert.equal((await there.send('/sign-in', words, { says })).status, 200)
  }
  const rows = await at.db.rows(
    sql`select from journal where action = 'set-own-password' and outcome = 'done'`,
  )
  assert.equal(rows.length, 2)
})

test('guessing the current password ends like guessing at the door', async () => {
  await using at = await anOpenLibrary()
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('desk'))
  await visitor.open('/me')
  for (let n = 0; n < 10; n++) assert.equal((await change(visitor, `guess ${n} is wrong`, next)).status, 403)
  const stopped = await change(visitor, pagePassword, next)
  assert.equal(stopped.status, 429)
  assert.match(stopped.text, /Too many wrong passwords\. Try again in 15 minutes/)
})

test('who signs out everywhere is signed out here and on every other device at once', async () => {
  await using at = await anOpenLibrary()
  for (const { door, here, there } of await everybody(at)) {
    await here.open('/me')
    assert.match((await here.send('/me/sign-out-everywhere')).text, /signed out, here and everywhere else/)
    for (const each of [here, there]) assert.match((await each.open(door)).path, /^\/sign-in/)
  }
})

test('by API the current password is asked for, the other sessions end, and the same key gets the same answer', async () => {
  await using at = await aServedLibrary()
  const [mine, other] = [await at.patronToken(), await at.patronToken()]
  const ask = (payload: object, key: string) =>
    at.app.inject({
      method: 'POST',
      url: '/api/v1/me/password',
      headers: { ...bearing(mine), 'idempotency-key': key },
      payload,
    })
  const me = async (given: string) =>
    (await at.app.inject({ url: '/api/v1/me', headers: bearing(given) })).statusCode
  assert.equal(await me(other), 200)
  assert.equal((await ask({ current: 'not it', password: next }, 'one')).json().code, 'password-wrong')
  assert.equal((await ask({ password: next }, 'two')).json().code, 'request-invalid')
  const answered = await ask({ current: password, password: next }, 'one')
  assert.deepEqual([answered.statusCode, answered.json().sessionsEnded], [200, 1])
  assert.deepEqual((await ask({ current: password, password: next }, 'one')).json(), answered.json())
  assert.deepEqual([await me(mine), await me(other)], [200, 401])
  await assert.rejects(token(at.app, { kind: 'patron', account: at.card }), /sign-in-wrong/)
})
