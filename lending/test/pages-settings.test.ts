import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, bearing } from './api-fixtures.ts'
import { aCharge } from './library-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

test('an operator changes the settings by page, and two of them do not overwrite one another', async () => {
  await using at = await anOpenLibrary()
  const [ann, ben] = [aVisitor(at.app), aVisitor(at.app)]
  for (const each of [ann, ben]) await each.signIn('staff', await at.staff('operator'))
  await ann.open('/settings')
  await ben.open('/settings')
  assert.match((await ben.send('/settings', { holdShelfDays: '9' })).text, /The settings are saved/)
  const wrong = await ann.send('/settings', { name: 'Stadtbücherei', currency: 'EURO', holdShelfDays: '0' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /must be a whole number from 1 to 365/)
  assert.match(wrong.html, /value="Stadtbücherei"/, 'what was typed is kept')
  const unknown = await ann.send('/settings', { currency: 'XQQ', holdShelfDays: '5' })
  assert.match(unknown.text, /three letters that ISO 4217 names/)

  const stale = await ann.send('/settings', { currency: 'CHF' })
  assert.equal(stale.status, 409, 'a mistake of her own did not make her the newer version')
  assert.match(stale.html, /name="holdShelfDays"[^>]*value="9"/)
  const saved = await ann.send('/settings', { name: 'Stadtbücherei', currency: 'chf', blockAt: '2,50' })
  assert.match(saved.text, /The settings are saved.*Stadtbücherei/)
  assert.match(saved.html, /name="blockAt"[^>]*value="2\.50"/)
  assert.match(saved.html, /name="holdShelfDays"[^>]*value="9"/)
})

test('the foot of every page names the library, not a branch', async () => {
  await using at = await anOpenLibrary()
  const visitor = aVisitor(at.app)
  for (const path of ['/', '/sign-in', '/nothing-here']) {
    const foot = (await visitor.open(path)).html.split('<footer')[1] ?? ''
    assert.match(foot, /<p>Library of the tests<\/p>/, path)
  }
})

test('money is shown and taken in the currency of the library', async () => {
  await using at = await anOpenLibrary()
  await aCharge(at.db, { patronId: at.patronId, cents: 1_250 })
  const operator = aVisitor(at.app)
  await operator.signIn('staff', await at.staff('operator'))
  await operator.open('/settings')
  await operator.send('/settings', { currency: 'SEK', blockAt: '5000' })
  const places = [`/patrons/${at.patronId}`, `/desk?card=${at.card}`]
  for (const path of places) {
    const page = await operator.open(path)
    assert.match(page.text, /SEK\s12\.50/, path)
    assert.doesNotMatch(page.text, /€|EUR/, path)
  }
  assert.match((await operator.open('/rules')).text, /In SEK, as 0\.20/)
  await operator.open(`/patrons/${at.patronId}`)
  const page = await operator.send(`/patrons/${at.patronId}/pay`, { amount: '2.50' })
  assert.match(page.text, /SEK\s10\.00.*Amount in SEK/)
  await operator.open('/settings')
  await operator.send('/settings', { currency: 'JPY' })
  assert.match((await operator.open(`/patrons/${at.patronId}`)).text, /¥10(?!\.)/)
})

test('by API everybody reads the settings, and a change names the version that was read', async () => {
  await using at = await aServedLibrary()
  const read = async () => (await at.app.inject('/api/v1/library')).json()
  const before = await read()
  assert.deepEqual([before.name, before.currency, before.version], ['Library of the tests', 'EUR', 1])
  const change = async (role: 'manager' | 'operator', payload: object) =>
    at.app.inject({
      method: 'PATCH',
      url: '/api/v1/library',
      headers: bearing(await at.tokenOf(role)),
      payload,
    })
  assert.equal((await change('manager', { version: 1, name: 'Ours' })).statusCode, 403)
  assert.equal((await change('operator', { name: 'Ours' })).json().code, 'request-invalid')
  const changed = await change('operator', { version: 1, name: 'Ours', blockAtCents: 500 })
  assert.deepEqual(changed.json(), { ...before, name: 'Ours', blockAtCents: 500, version: 2 })
  assert.deepEqual(await read(), changed.json())
  assert.equal((await change('operator', { version: 1, name: 'Theirs' })).json().code, 'version-stale')
  assert.equal((await change('operator', { version: 2, currency: 'EURO' })).json().code, 'fields-invalid')
})

test('a manager settles by page what the barcodes of a branch look like, and what was typed is kept', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  await manager.open('/branches')
  const wrong = await manager.send('/branches/barcode-format', { pattern: '([0-9]+)+x', example: '1x' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /would take exponential time/)
  assert.match(wrong.html, /value="\(\[0-9\]\+\)\+x"/)
  const settled = await manager.send('/branches/barcode-format', { pattern: 'M-[0-9]{4}', example: 'M-0001' })
  assert.match(settled.text, /The format is saved/)

  await manager.open(`/titles/${at.titleId}/edit`)
  const misfit = await manager.send(`/titles/${at.titleId}/copies`, { barcode: 'M-001' })
  assert.equal(misfit.status, 422)
  assert.match(misfit.text, /looks like M-0001/)
  assert.match((await manager.send(`/titles/${at.titleId}/copies`, { barcode: 'M-0002' })).text, /is added/)

  await manager.open('/branches')
  assert.match((await manager.send('/branches/barcode-format/remove')).text, /The format is removed/)
  assert.match((await manager.open('/journal')).text, /new barcodes at .* look like M-0001/)
})

test('the barcode format of a branch is set, listed and removed by API', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('manager'))
  const url = `/api/v1/branches/${at.branchCode}/barcode-format`
  const put = async (pattern: string) =>
    at.app.inject({ method: 'PUT', url, headers, payload: { pattern, example: 'M-0001' } })
  const refused = await put('(?=M)M-[0-9]{4}')
  assert.equal(refused.statusCode, 422)
  assert.match(refused.json().problems.pattern, /Looking ahead/)
  assert.equal((await put('M-[0-9]{4}')).statusCode, 200)
  const copies = `/api/v1/books/${at.titleId}/copies`
  const add = async (barcode: string) => {
    const payload = { barcode, branch: at.branchCode, itemType: at.itemTypeCode }
    return (await at.app.inject({ method: 'POST', url: copies, headers, payload })).statusCode
  }
  assert.equal(await add('M-1'), 422)
  assert.equal(await add('M-0002'), 201)
  const list = async () =>
    (await at.app.inject({ method: 'GET', url: '/api/v1/barcode-formats', headers })).json().barcodeFormats
  assert.deepEqual(await list(), [{ branch: at.branchCode, pattern: 'M-[0-9]{4}', example: 'M-0001' }])
  assert.equal((await at.app.inject({ method: 'DELETE', url, headers })).statusCode, 200)
  assert.deepEqual(await list(), [])
  assert.equal(await add('M-1'), 201)
})

test('a manager settles by page what the cards of a branch look like, and a card at the desk is held to it', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  await manager.open('/branches')
  const wrong = await manager.send('/branches/card-format', { pattern: '([0-9]+)+x', example: '1x' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /would take exponential time/)
  assert.match(wrong.html, /id="branch-\d+-card-pattern"[^>]*value="\(\[0-9\]\+\)\+x"/)
  assert.match(wrong.html, /id="branch-\d+-barcode-pattern"[^>]*value=""/)
  const settled = await manager.send('/branches/card-format', { pattern: 'K-[0-9]{4}', example: 'K-0001' })
  assert.match(settled.text, /New cards are held to it/)

  await manager.open('/patrons/new')
  const misfit = await manager.send('/patrons', { familyName: 'Lovelace', card: 'K-001' })
  assert.equal(misfit.status, 422)
  assert.match(misfit.text, /looks like K-0001/)
  assert.match(
    (await manager.send('/patrons', { familyName: 'Lovelace', card: 'K-0002' })).text,
    /registered/,
  )
  await manager.open(`/patrons/${at.patronId}`)
  const lost = await manager.send(`/patrons/${at.patronId}/edit`, { card: 'K-3' })
  assert.match(lost.text, /looks like K-0001/)
  assert.match((await manager.send(`/patrons/${at.patronId}/edit`, { card: 'K-0003' })).text, /are saved/)

  await manager.open('/branches')
  assert.match((await manager.send('/branches/card-format/remove')).text, /The format is removed/)
  assert.match((await manager.open('/journal')).text, /new cards at .* look like K-0001/)
})

test('the card format of a branch is set, listed and removed by API, and holds for new and for changed cards', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('manager'))
  const url = `/api/v1/branches/${at.branchCode}/card-format`
  const put = async (pattern: string) =>
    at.app.inject({ method: 'PUT', url, headers, payload: { pattern, example: 'K-0001' } })
  assert.match((await put('(K-([0-9]+)+)+$')).json().problems.pattern, /exponential time/)
  assert.equal((await put('K-[0-9]{4}')).statusCode, 200)
  const desk = bearing(await at.tokenOf('desk'))
  assert.equal((await at.app.inject({ method: 'DELETE', url, headers: desk })).statusCode, 403)
  const register = async (card: string) => {
    const payload = { familyName: 'Reader', card, category: at.categoryCode, branch: at.branchCode }
    return at.app.inject({ method: 'POST', url: '/api/v1/patrons', headers, payload })
  }
  assert.match((await register('1')).json().problems.card, /looks like K-0001/)
  assert.equal((await register('K-0002')).statusCode, 201)
  const change = async (card: string) => {
    const payload = { version: 1, card }
    return at.app.inject({ method: 'PATCH', url: '/api/v1/patrons/K-0002', headers, payload })
  }
  assert.match((await change('2')).json().problems.card, /looks like K-0001/)
  assert.equal((await change('K-0004')).statusCode, 200)
  const brought = await at.app.inject({
    method: 'POST',
    url: `/api/v1/patrons/import?category=${at.categoryCode}&branch=${at.branchCode}`,
    headers: { ...headers, 'content-type': 'text/csv' },
    payload: 'card,surname\n3,Nobody\nK-0005,Somebody\n',
  })
  const { read, registered, rejects } = brought.json()
  assert.deepEqual([read, registered, rejects[0].line], [2, 1, 2])
  assert.match(rejects[0].reason, /looks like K-0001/)
  const list = async () =>
    (await at.app.inject({ method: 'GET', url: '/api/v1/card-formats', headers })).json().cardFormats
  assert.deepEqual(await list(), [{ branch: at.branchCode, pattern: 'K-[0-9]{4}', example: 'K-0001' }])
  assert.equal((await at.app.inject({ method: 'DELETE', url, headers })).statusCode, 200)
  assert.deepEqual(await list(), [])
})
