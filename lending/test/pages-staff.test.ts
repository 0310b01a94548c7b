import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

async function idOf(at: OpenLibrary, login: string): Promise<number> {
  const [row] = await at.db.rows<{ id: number }>(sql`select id from staff where login = ${login}`)
  assert.ok(row)
  return row.id
}

const newPassword = 'a password of many words'

test('a manager adds a member of staff by page, changes them, removes them, and brings them back', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  await manager.open('/staff/new')
  const fields = { login: 'ruth', name: 'Ruth Adler', role: 'desk', password: pagePassword }
  const wrong = await manager.send('/staff', { ...fields, login: 'Ruth Ö', password: 'short' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /Login may hold letters a to z.*shorter than 8/)
  assert.match(wrong.html, /value="Ruth Adler"/)
  const added = await manager.send('/staff', fields)
  assert.match(added.text, /The member of staff is added.*Ruth Adler.*ruth/)

  const ruth = aVisitor(at.app)
  await ruth.signIn('staff', 'ruth')
  assert.equal((await ruth.open('/desk')).status, 200)
  const path = `/staff/${await idOf(at, 'ruth')}`
  const page = await manager.open(path)
  const stale = page.forms.find(({ action }) => action === `${path}/edit`)?.fields ?? {}
  const changed = await manager.send(`${path}/edit`, { role: 'cataloguer', name: 'Ruth Berg' })
  assert.match(changed.text, /Ruth Berg.*The changes are saved/)
  assert.equal((await ruth.open('/desk')).status, 403, 'the new role counts at once')
  const late = await manager.post(`${path}/edit`, { ...stale, key: 'another-key', name: 'Too late' })
  assert.equal(late.status, 409)
  assert.match(late.text, /Somebody changed it meanwhile/)

  const removal = (await manager.open(path)).forms.find(({ action }) => action === `${path}/remove`)
  assert.ok(removal)
  assert.match((await manager.post(removal.action, removal.fields)).text, /The account is removed/)
  assert.match((await manager.post(removal.action, removal.fields)).text, /removed/, 'sent twice, done once')
  assert.match((await ruth.open('/imports')).path, /^\/sign-in/)
  assert.match((await manager.open('/staff')).text, /1 account was removed Ruth Berg/)
  assert.match((await manager.open(path)).text, /Removed.*Bring back Ruth Berg/)
  assert.doesNotMatch(manager.seen().html, /action="[^"]*\/(?:edit|password|remove)"/)
  assert.match((await manager.send(`${path}/restore`)).text, /Ruth Berg.*The account is back/)
  assert.equal((await ruth.open('/imports')).path.startsWith('/sign-in'), true)
  await ruth.signIn('staff', 'ruth')
  assert.equal((await ruth.open('/imports')).status, 200)
})

test('who is given a new password by a manager is signed out at once, and the old one is worth nothing', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  const login = await at.staff('desk')
  const desk = aVisitor(at.app)
  await desk.signIn('staff', login)
  assert.equal((await desk.open('/desk')).path, '/desk')
  const path = `/staff/${await idOf(at, login)}`
  await manager.open(path)
  assert.equal((await manager.send(`${path}/password`, { password: 'short' })).status, 422)
  assert.match(
    (await manager.send(`${path}/password`, { password: newPassword })).text,
    /The password is set/,
  )
  assert.match((await desk.open('/desk')).path, /^\/sign-in/)
  assert.equal((await desk.signIn('staff', login)).status, 401)
  await desk.open('/sign-in?kind=staff')
  const words = { account: login, password: newPassword }
  assert.equal((await desk.send('/sign-in', words, { says: 'Login' })).path, '/')
})

test('a manager is offered nothing against an operator, and a forged form is refused', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  const operator = await at.staff('operator')
  const path = `/staff/${await idOf(at, operator)}`
  const page = await manager.open(path)
  assert.match(page.text, /This account stands above yours/)
  assert.deepEqual(
    page.forms.filter(({ action }) => action.startsWith('/staff')),
    [],
  )
  const form = (await manager.open('/staff/new')).forms.find(({ action }) => action === '/staff')
  assert.ok(form && !form.text.includes('Operator'))
  for (const action of ['remove', 'restore', 'password', 'edit']) {
    const forged = await manager.post(`${path}/${action}`, {
      ...form.fields,
      key: `forged-${action}`,
      login: operator,
      name: 'Mallory',
      role: 'desk',
      version: '1',
      password: newPassword,
    })
    assert.equal(forged.status, 403, action)
    assert.match(forged.text, /stands above yours/)
  }
  const upwards = await manager.post('/staff', {
    ...form.fields,
    login: 'mallory',
    name: 'Mallory',
    role: 'operator',
    password: newPassword,
  })
  assert.equal(upwards.status, 403)
  const own = aVisitor(at.app)
  assert.equal((await own.signIn('staff', operator)).path, '/')
})

test('nobody removes themselves by page, and the last operator stays', async () => {
  await using at = await anOpenLibrary()
  const login = await at.staff('operator')
  const operator = aVisitor(at.app)
  await operator.signIn('staff', login)
  const path = `/staff/${await idOf(at, login)}`
  const page = await operator.open(path)
  assert.ok(!page.forms.some(({ action }) => action === `${path}/remove`))
  const own = page.forms.find(({ action }) => action === `${path}/edit`)?.fields ?? {}
  const removed = await operator.post(`${path}/remove`, { ...own, key: 'own-account' })
  assert.equal(removed.status, 409)
  assert.match(removed.text, /You cannot remove yourself/)
  await operator.open(path)
  const demoted = await operator.send(`${path}/edit`, { role: 'manager' })
  assert.equal(demoted.status, 409)
  assert.match(demoted.text, /The last operator stays one/)
})

test('what was done is said once', async () => {
  await using at = await anOpenLibrary()
  const login = await at.staff('operator')
  const operator = aVisitor(at.app)
  await operator.signIn('staff', login)
  const pages = ['/', '/settings', `/staff/${await idOf(at, login)}`, `/patrons/${at.patronId}`]
  for (const page of [...pages, `/titles/${at.titleId}`, '/staff', '/me', '/desk']) {
    const { text } = await operator.open(`${page}?said=changed`)
    assert.equal(text.split('The changes are saved.').length, 2, page)
  }
})
