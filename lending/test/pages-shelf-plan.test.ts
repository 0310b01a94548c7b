import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, bearing } from './api-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const save = { says: 'Save the plan' }

test('a manager writes a shelf plan by page, asks it about a call number, and a new copy follows it', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  const path = `/branches/${at.branchCode}/shelf-plan`
  assert.ok((await manager.open('/branches')).html.includes(`href="${path}"`))
  await manager.open(path)
  const typed = {
    'shelf-1': 'Novels',
    'pattern-1': '8[0-9]{2}',
    'shelf-2': 'Hostile',
    'pattern-2': '([0-9]+)+x',
  }
  const wrong = await manager.send(path, typed, save)
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /would take exponential time/)
  assert.match(wrong.html, /name="shelf-2"[^>]*value="Hostile"/, 'what was typed is kept')
  const saved = await manager.send(
    path,
    { ...typed, 'place-2': '1', 'shelf-2': 'Poems', 'pattern-2': '811' },
    save,
  )
  assert.match(saved.text, /The plan is saved/)
  assert.match(saved.html, /name="shelf-1"[^>]*value="Novels"/, 'of two at one place the upper stays above')
  const moved = await manager.send(path, { 'place-1': '2', 'place-2': '1' }, save)
  assert.match(moved.html, /name="shelf-1"[^>]*value="Poems"/)

  const explained = await manager.open(`${path}?callNumber=811.5%20PLA`)
  assert.match(explained.text, /811\.5 PLA stands on the shelf Poems.*By range 1, 811/)
  assert.match((await manager.open(`${path}?callNumber=9`)).text, /No range matches 9/)

  await manager.open(`/titles/${at.titleId}/edit`)
  await manager.send(`/titles/${at.titleId}/copies`, { barcode: 'P-1', callNumber: '811.5 PLA' })
  assert.match((await manager.open(`/titles/${at.titleId}`)).text, /Poems/)

  await manager.open(path)
  const emptied = await manager.send(path, { 'shelf-1': '', 'pattern-1': '' }, save)
  assert.match(emptied.html, /name="shelf-1"[^>]*value="Novels"/)
  assert.match((await manager.open('/journal')).text, /which shelf at .*: 1 ranges?/)
  assert.equal((await manager.open('/branches/nowhere/shelf-plan')).status, 404)
})

test('who saves a plan that somebody changed meanwhile is told, and does not become the newer version by it', async () => {
  await using at = await anOpenLibrary()
  const [ann, ben] = [aVisitor(at.app), aVisitor(at.app)]
  const path = `/branches/${at.branchCode}/shelf-plan`
  for (const each of [ann, ben]) await each.signIn('staff', await at.staff('manager'))
  for (const each of [ann, ben]) await each.open(path)
  await ben.send(path, { 'shelf-1': 'Ben', 'pattern-1': '1' }, save)
  const theirs = { 'shelf-1': 'Ann', 'pattern-1': '2' }
  assert.equal((await ann.send(path, theirs, save)).status, 409)
  assert.equal((await ann.send(path, theirs, save)).status, 409)
  assert.match((await ann.open(path)).html, /name="shelf-1"[^>]*value="Ben"/)
})

test('a shelf plan is set, read and asked by API', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('manager'))
  const url = `/api/v1/branches/${at.branchCode}/shelf-plan`
  const put = async (version: number, pattern: string) =>
    at.app.inject({
      method: 'PUT',
      url,
      headers,
      payload: { version, ranges: [{ shelf: 'Science', pattern }] },
    })
  const refused = await put(0, '(?=5)([0-9]+)')
  assert.equal(refused.statusCode, 422)
  assert.match(refused.json().problems['pattern-1'], /Looking ahead/)
  assert.match((await put(0, '(5[0-9]*)*x')).json().problems['pattern-1'], /exponential time/)
  assert.equal((await put(0, '5[0-9]{2}')).statusCode, 200)
  assert.equal((await put(0, '6')).json().code, 'version-stale')
  const get = async (path: string) => at.app.inject({ method: 'GET', url: path, headers })
  const plan = { branch: at.branchCode, version: 1, ranges: [{ shelf: 'Science', pattern: '5[0-9]{2}' }] }
  assert.deepEqual((await get(url)).json(), plan)
  assert.deepEqual((await get(`${url}/explain?callNumber=512%20A`)).json(), {
    branch: at.branchCode,
    callNumber: '512 A',
    isDecided: true,
    range: 1,
    shelf: 'Science',
    pattern: '5[0-9]{2}',
  })
  assert.equal((await get(`${url}/explain?callNumber=9`)).json().range, null)
  assert.equal((await get('/api/v1/branches/nowhere/shelf-plan')).statusCode, 404)
  const payload = { barcode: 'S-1', branch: at.branchCode, itemType: at.itemTypeCode, callNumber: '590' }
  const added = await at.app.inject({
    method: 'POST',
    url: `/api/v1/books/${at.titleId}/copies`,
    headers,
    payload,
  })
  assert.equal(added.statusCode, 201)
  assert.equal((await get('/api/v1/copies/S-1')).json().shelf, 'Science')
  const patched = await at.app.inject({
    method: 'PATCH',
    url: `/api/v1/copies/${at.barcode}`,
    headers,
    payload: { version: 1, callNumber: '591' },
  })
  assert.equal(patched.statusCode, 200)
  assert.equal((await get(`/api/v1/copies/${at.barcode}`)).json().shelf, 'Science')
})
