import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aMailbox, codeIn, copiesOn } from './operation-fixtures.ts'
import { aVisitor } from './visitor.ts'

type Role = Parameters<ServedLibrary['tokenOf']>[0]

async function aLibraryToWeed() {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect })
  const other = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  await copiesOn(at.db, 'kept', 30, other)
  const copies = await copiesOn(at.db, 'weeding', 5, other)
  const tokens = new Map<Role, string>()
  const ask = async (role: Role, url: string, payload?: object, headers: object = {}) => {
    const token = tokens.get(role) ?? (await at.tokenOf(role))
    tokens.set(role, token)
    await at.db.rows(sql`update staff set email = login || '@example.org'`)
    return at.app.inject({
      method: payload ? 'POST' : 'GET',
      url: `/api/v1/operations${url}`,
      headers: { ...bearing(token), ...headers },
      ...(payload ? { payload } : {}),
    })
  }
  return { ...at, ask, mails, copies, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

test('by API: planned, confirmed by the code from the mail, seen by others, and taken back', async () => {
  await using at = await aLibraryToWeed()
  const body = { shelf: 'weeding', because: 'Worn' }
  const key = { 'idempotency-key': 'one-key' }
  const planned = await at.ask('cataloguer', '/withdraw-copies', body, key)
  assert.equal(planned.statusCode, 201)
  const { id, phrase, count } = planned.json()
  assert.equal(count, 5)
  assert.equal((await at.ask('cataloguer', '/withdraw-copies', body, key)).json().id, id)
  const other = await at.ask('cataloguer', '/withdraw-copies', { ...body, because: 'Lost' }, key)
  assert.equal(other.json().code, 'id-reused')

  const sent = await at.ask('cataloguer', `/${id}/code`, {})
  assert.equal(sent.statusCode, 200)
  const code = codeIn(at.mails)
  assert.ok(!sent.body.includes(code.replace('-', '')))
  const byOther = await at.ask('manager', `/${id}/confirm`, { phrase, code })
  assert.equal(byOther.json().code, 'not-the-requester')
  const wrong = await at.ask('cataloguer', `/${id}/confirm`, { phrase, code: '0000-0000' })
  assert.equal(wrong.statusCode, 403)
  assert.deepEqual([wrong.json().code, wrong.json().triesLeft], ['code-wrong', 4])

  const done = await at.ask('cataloguer', `/${id}/confirm`, { phrase, code })
  assert.deepEqual([done.statusCode, done.json().state, done.json().acted], [200, 'done', 5])
  const again = await at.ask('cataloguer', `/${id}/confirm`, { phrase, code })
  assert.equal(again.json().acted, 5)
  const { operations } = (await at.ask('manager', '?state=done')).json()
  assert.deepEqual([operations.length, operations[0].id], [1, id])
  const undone = await at.ask('manager', `/${id}/undo`, {})
  assert.deepEqual([undone.json().state, undone.json().undone], ['undone', 5])
})

test('by API: a refusal names what is in the way, who may not is refused, and what is not there is not found', async () => {
  await using at = await aLibraryToWeed()
  const { copyId: lent, barcode = '' } = at.copies[0] ?? {}
  await at.db.rows(sql`update copy set in_transit_to = branch_id where id = ${lent}`)
  const refused = await at.ask('manager', '/withdraw-copies', { shelf: 'weeding', because: 'Worn' })
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'in-the-way'])
  assert.ok(refused.json().detail.includes(`On its way to another branch: ${barcode}`), refused.body)
  for (const url of ['', '/00000000-0000-4000-8000-000000000000']) {
    assert.equal((await at.ask('desk', url)).statusCode, 403)
  }
  assert.equal((await at.ask('desk', '/withdraw-copies', { shelf: 'weeding', because: 'x' })).statusCode, 403)
  const unknown = await at.ask('operator', '/00000000-0000-4000-8000-000000000000/undo', {})
  assert.deepEqual([unknown.statusCode, unknown.json().code], [404, 'operation-unknown'])
  assert.equal(
    (await at.ask('operator', '/withdraw-copies', { because: 'all' })).json().code,
    'nothing-found',
  )
})

test('by API: what is named empty, as by a variable that a script has not set, is no name', async () => {
  await using at = await aLibraryToWeed()
  await at.db.rows(sql`update copy set shelf = '' where shelf = 'weeding'`)
  for (const named of [
    { shelf: '' },
    { branch: '' },
    { itemType: '' },
    { barcodes: [] },
    { barcodes: [''] },
  ]) {
    const withdrawn = await at.ask('manager', '/withdraw-copies', { ...named, because: 'Worn' })
    assert.deepEqual([withdrawn.statusCode, withdrawn.json().code], [400, 'request-invalid'], withdrawn.body)
    const edited = await at.ask('manager', '/edit-copies', { ...named, to: { shelf: 'cellar' } })
    assert.deepEqual([edited.statusCode, edited.json().code], [400, 'request-invalid'], edited.body)
  }
})

test('by page without script: planned, the code asked for, confirmed, seen in the list, and taken back', async () => {
  const { mails, sendDirect } = aMailbox()
  await using at = await anOpenLibrary({ sendDirect })
  await copiesOn(at.db, 'kept', 30, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  const [copy] = await copiesOn(at.db, 'weeding', 3, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await at.db.rows(sql`update staff set email = login || '@example.org'`)

  assert.match((await cataloguer.open('/operations')).text, /Nothing was taken away at once yet/)
  await cataloguer.open('/operations/withdraw-copies')
  const send = (fields: Record<string, string>) => cataloguer.send('/operations/withdraw-copies', fields)
  const unknown = await send({ barcodes: `${copy?.barcode}\nno-such`, because: 'Worn' })
  assert.match(unknown.text, /No copy has this barcode: no-such/)
  assert.match(unknown.html, /no-such<\/textarea>/, 'what was typed is kept')
  const planned = await send({ shelf: 'weeding', barcodes: '', because: 'Worn <b>' })
  assert.match(planned.text, /WITHDRAW 3 COPIES #[0-9a-f]{4}.*It is planned. Nothing was touched yet/)
  assert.match(planned.html, /Worn &lt;b/)
  const [path = ''] = planned.path.split('?')
  await at.db.rows(sql`update staff set email = ''`)
  const unsent = await cataloguer.send(`${path}/code`, {})
  assert.match(unsent.text, /your account has no mail address.*No code holds now/)
  await at.db.rows(sql`update staff set email = login || '@example.org'`)

  const armed = await cataloguer.send(`${path}/code`, {})
  assert.match(armed.text, /The code is on its way/)
  const phrase = /WITHDRAW 3 COPIES #[0-9a-f]{4}/.exec(armed.text)?.[0] ?? ''
  const wrong = await cataloguer.send(`${path}/confirm`, { phrase: 'yes', code: codeIn(mails) })
  assert.match(wrong.text, /That is not the phrase/)
  const done = await cataloguer.send(`${path}/confirm`, { phrase, code: codeIn(mails) })
  assert.match(done.text, /It is confirmed.*Done Can be taken back until/)
  assert.match((await cataloguer.open('/operations')).text, /WITHDRAW 3 COPIES #[0-9a-f]{4}/)

  await cataloguer.open(path)
  assert.match((await cataloguer.send(`${path}/undo`, {})).text, /Taken back/)
  const [left] = await at.db.rows<{ n: number }>(
    sql`select count(*) as n from copy where withdrawn_at is not null`,
  )
  assert.equal(left?.n, 0)
})

test('by page: many copies are changed at once, and a page that changes nothing plans nothing', async () => {
  const { mails, sendDirect } = aMailbox()
  await using at = await anOpenLibrary({ sendDirect })
  await copiesOn(at.db, 'old', 3, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  await copiesOn(at.db, 'other', 3, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await at.db.rows(sql`update staff set email = login || '@example.org'`)
  await cataloguer.open('/operations/edit-copies')
  const nothing = await cataloguer.send('/operations/edit-copies', { shelf: 'old' })
  assert.match(nothing.text, /Nothing fits what was asked/)
  const planned = await cataloguer.send('/operations/edit-copies', {
    shelf: 'old',
    toShelf: 'new',
    toLendable: 'no',
  })
  assert.match(planned.text, /EDIT 3 COPIES #[0-9a-f]{4}.*To shelf new To lendable false/)
  const [path = ''] = planned.path.split('?')
  const armed = await cataloguer.send(`${path}/code`, {})
  const phrase = /EDIT 3 COPIES #[0-9a-f]{4}/.exec(armed.text)?.[0] ?? ''
  await cataloguer.send(`${path}/confirm`, { phrase, code: codeIn(mails) })
  const changed = await at.db.rows(sql`select from copy where shelf = 'new' and not lendable`)
  assert.equal(changed.length, 3)
})
