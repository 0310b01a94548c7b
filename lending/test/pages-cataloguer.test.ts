import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ImportLibrary, waitForImport } from '../src/catalogue/import/start-import.ts'
import { sql } from '../src/postgres/sql.ts'
import { aBrowser, cursor, noChromium } from './browser.ts'
import { aCopy, aTitle } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aMailbox, carriedOut, copiesOn } from './operation-fixtures.ts'
import { aVisitor } from './visitor.ts'

async function aShelf(at: OpenLibrary) {
  const copies = await copiesOn(at.db, 'Novels', 3, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  return copies.map(({ barcode }) => barcode)
}

test('a shelf is looked through by page without script: each answer at once, then the list, the marks, and back', async () => {
  await using at = await anOpenLibrary()
  const [one = '', two = '', three = ''] = await aShelf(at)
  const ann = aVisitor(at.app)
  await ann.signIn('staff', await at.staff('cataloguer'))
  await ann.open(`/stock-takes?branch=${at.branchCode}`)
  assert.match(ann.seen().html, /<option value="Novels">/)
  const begun = await ann.send('/stock-takes', { shelf: 'Novels' })
  const path = begun.path.split('?')[0] ?? ''
  assert.match((await ann.send(path, { code: one })).text, /Belongs here/)
  assert.match((await ann.send(path, { code: 'nobody' })).text, /No copy has this barcode.*nobody/)

  const ben = aVisitor(at.app)
  await ben.signIn('staff', await at.staff('cataloguer'))
  await ben.open('/stock-takes')
  assert.equal((await ben.send('/stock-takes', { branch: at.branchCode, shelf: 'Novels' })).path, path)
  assert.match(ben.seen().text, /Seen here 1 Not seen yet 2 Need attention 1/)

  const list = await ben.send(`${path}/end`)
  assert.match(list.text, /2 copies/)
  assert.ok(list.text.includes(two) && list.text.includes(three) && !list.text.includes(one))
  assert.match(
    (await ben.open(`${path}/not-seen.csv`)).html,
    /^\uFEFFCall number,Title|^\uFEFFCall number,Barcode/,
  )
  await ben.open(`${path}/not-seen`)
  const marked = await ben.send(`${path}/missing`)
  assert.match(marked.text, /2 copies are marked as missing/)
  const lendable = async () =>
    (await at.db.rows(sql`select from copy where lendable and barcode in (${two}, ${three})`)).length
  assert.equal(await lendable(), 0)
  const cem = aVisitor(at.app)
  await cem.signIn('staff', await at.staff('desk'))
  await cem.open('/check-in')
  assert.match((await cem.send('/check-in', { code: two })).text, /It had been missing, and has turned up/)
  assert.equal(await lendable(), 1)
  assert.match((await ben.send(`${path}/missing/undo`)).text, /The marks are taken back/)
  assert.equal(await lendable(), 2)
  assert.equal((await ben.post(path, { code: one })).status, 403, 'a form without its token')
  await ben.open(path)
  assert.doesNotMatch(ben.seen().html, /id="scan"/, 'an ended one takes no scan')
})

test('a copy on loan that is found on its shelf is taken back where the stock-take says so', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  await manager.open(`/desk?card=${at.card}`)
  await manager.send('/desk/scan', { code: at.barcode })
  const open = async () => (await at.db.rows(sql`select from loan where returned_at is null`)).length
  assert.equal(await open(), 1)
  await manager.open('/stock-takes')
  const { path } = await manager.send('/stock-takes')
  await manager.send(path, { code: at.barcode })
  await manager.send('/check-in', {}, { says: 'Take it back now' })
  assert.equal(await open(), 0)
  assert.match(manager.seen().text, /Back to the shelf/)
})

test('with script the field stays free while scans go on, and nothing is scanned twice', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  const barcodes = await aShelf(at)
  await using browser = await aBrowser()
  const page = await browser.newPage()
  await page.goto(`${at.address}/sign-in?kind=staff&to=/stock-takes`)
  await page.getByLabel('Login').fill(await at.staff('cataloguer'))
  await page.getByLabel('Password').last().fill(pagePassword)
  await page.getByRole('button', { name: 'Sign in' }).last().click()
  await page.getByLabel('Branch').selectOption(at.branchCode)
  await page.getByLabel('Shelf', { exact: true }).fill('Novels')
  await page.getByRole('button', { name: 'Start' }).click()
  await cursor(page)
  for (const barcode of [...barcodes, ...barcodes]) {
    await page.keyboard.type(barcode)
    await page.keyboard.press('Enter')
  }
  await page.getByLabel('3 of 3 copies seen').waitFor()
  const [scans] = await at.db.rows<{ n: number }>(sql`select count(*) as n from stock_take_scan`)
  assert.equal(scans?.n, 3)
  await page.getByRole('link', { name: 'What was not seen' }).click()
  await page.getByText('Everything that should stand here was seen.').waitFor()
})

test('staff read the whole record, a cataloguer writes it line by line, and two at once do not overwrite each other', async () => {
  await using at = await anOpenLibrary()
  const [desk, ann, ben] = [aVisitor(at.app), aVisitor(at.app), aVisitor(at.app)]
  await desk.signIn('staff', await at.staff('desk'))
  for (const each of [ann, ben]) await each.signIn('staff', await at.staff('cataloguer'))
  const path = `/titles/${at.titleId}/marc`
  assert.match((await desk.open(path)).text, /245 10 \$a Charlotte's Web/)
  assert.equal((await desk.open(`${path}/edit`)).status, 403)
  await at.letIn(at.card)
  const patron = aVisitor(at.app)
  await patron.signIn('patron', at.card)
  assert.equal((await patron.open(path)).status, 403)

  for (const each of [ann, ben]) await each.open(`${path}/edit`)
  const record = ann.seen().forms.find(({ action }) => action.startsWith(path))?.fields.record ?? ''
  assert.match(record, /^\s*LDR .{24}\n001 /)
  const wrong = await ann.send(`${path}/edit`, { record: `${record}\n65 #0 $aPigs` })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /Line \d+: a field begins with a tag/)
  assert.match(wrong.html, /65 #0 \$aPigs/, 'what was typed is kept')
  const saved = await ann.send(`${path}/edit`, { record: `${record}\r\n650 #0 $aPigs & <spiders>` })
  assert.match(saved.text, /The record is saved.*650 #0 \$a Pigs & <spiders>/)
  for (const _ of ['once', 'again']) {
    const late = await ben.send(`${path}/edit`, { record: `${record}\n650 #0 $aBarns` })
    assert.equal(late.status, 409)
    assert.match(late.html, /\$aBarns/)
  }
  assert.match((await ann.open(`/titles/${at.titleId}/edit`)).html, /Pigs &amp; &lt;spiders&gt;/)
})

test('a record that an import set aside is mended where it is listed; what does not fit keeps what was typed', async () => {
  await using at = await anOpenLibrary()
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/imports')
  const content = 'id,title,author\n1,,"Ende, <Michael>"\n2,,Nobody\n'
  await cataloguer.upload('/imports/uploads', { name: 'gifts.csv', content }, { format: 'csv' })
  const started = await cataloguer.send('/imports', { name: 'Gifts' })
  const path = started.path
  await waitForImport(at.library as ImportLibrary, Number(path.split('/').at(-1)))
  const list = await cataloguer.open(`${path}/rejects`)
  assert.match(list.html, /href="[^"]*\/rejects\/1">Mend/)

  const reads = aVisitor(at.app, { accepts: 'de' })
  await reads.signIn('staff', await at.staff('cataloguer'))
  assert.match((await reads.open(`${path}/rejects`)).text, /Der Titel fehlt\./)
  await reads.open(`${path}/rejects/1`)
  const unpassend = await reads.send(`${path}/rejects/1`, { 'cell-3': 'Ende, M.' })
  assert.match(unpassend.text, /Der Datensatz passt nicht.*Der Titel fehlt\./)
  await reads.open('/imports')
  const seen = await reads.upload('/imports/uploads', { name: 'gifts.csv', content }, { format: 'csv' })
  assert.match(seen.text, /Der Titel fehlt\./)
  await cataloguer.open(`${path}/rejects/1`)
  assert.match(cataloguer.seen().text, /It has no title\..*Read as: Authors/)
  const unfit = await cataloguer.send(`${path}/rejects/1`, { 'cell-3': 'Ende, M.' })
  assert.equal(unfit.status, 422)
  assert.match(unfit.text, /The record does not fit.*It has no title/)
  assert.match(unfit.html, /name="cell-3"[^>]*value="Ende, M\."/)
  const form = unfit.forms.find(({ action }) => action === `${path}/rejects/1`)
  // The answer may be lost on its way, and the same form is sent again.
  for (const time of ['once', 'again']) {
    const mended = await cataloguer.post(`${path}/rejects/1`, { ...form?.fields, 'cell-2': 'Momo' })
    assert.match(mended.text, /is a new title/, time)
    assert.doesNotMatch(mended.html, /\/rejects\/1"/)
  }
  assert.equal((await cataloguer.open(`${path}/rejects/1`)).status, 404)
  assert.match((await cataloguer.open(path)).text, /1 record that was set aside was mended/)
})

test('two records of one title are compared by page and merged by a plan; the old address leads to the one that stays', async () => {
  const { mails, sendDirect } = aMailbox()
  await using at = await anOpenLibrary({ sendDirect })
  const places = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  const twin = await aCopy(at.db, { ...places, titleId: (await aTitle(at.db)).titleId })
  const cataloguer = aVisitor(at.app)
  const login = await at.staff('cataloguer')
  await at.db.rows(sql`update staff set email = 'c@example.org' where login = ${login}`)
  await cataloguer.signIn('staff', login)
  const edit = await cataloguer.open(`/titles/${at.titleId}/edit`)
  assert.ok(edit.html.includes(`href="/titles/${at.titleId}/merge"`))
  const path = `/titles/${at.titleId}/merge`
  await cataloguer.open(path)
  assert.match((await cataloguer.send(path, { other: 'nothing' })).text, /No other title goes by nothing/)
  const compared = await cataloguer.send(path, { other: twin.barcode })
  assert.match(compared.text, /This one goes.*This one stays/)
  assert.equal((await cataloguer.send(path, { because: '' }, { says: 'Plan' })).status, 422)
  const planned = await cataloguer.send(path, { because: 'One book' }, { says: 'Plan' })
  assert.match(planned.path, /^\/operations\//)
  assert.match(planned.text, /“Charlotte's Web” \(title \d+\) into “.+” \(title \d+\) 1 copy/)
  const german = aVisitor(at.app, { accepts: 'de' })
  await german.signIn('staff', login)
  assert.match((await german.open(planned.path)).text, /in „.+“ \(Titel \d+\) 1 Exemplar/)
  const [{ id = '' } = {}] = await at.db.rows<{ id: string }>(sql`select id::text from guard_operation`)
  const plan = await at.library.operations.guard.show(id)
  assert.ok(plan)
  await carriedOut(at.library, plan, mails)
  const led = await aVisitor(at.app).open(`/titles/${twin.titleId}`)
  assert.deepEqual([led.status, led.path], [200, `/titles/${at.titleId}`])
  assert.match(led.text, /Charlotte's Web/)
})

test('a file is read by its name, columns that are known are told at once, and those that nothing is read from are named', async () => {
  await using at = await anOpenLibrary()
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/imports')
  const content = 'nr,what it is called,author\n1,Momo,"Ende, Michael"\n'
  await cataloguer.upload('/imports/uploads', { name: 'gifts.CSV.gz', content })
  assert.match(cataloguer.seen().text, /The columns are not all told/)
  const told = await cataloguer.send('/imports/preview', { 'map.title': 'what it is called' })
  assert.match(told.text, /Columns that are not read: nr.*Momo Ende, Michael/)
})

test('many copies are changed by a plan that is filled in where one stands: at a title, a copy, a shelf', async () => {
  await using at = await anOpenLibrary()
  const barcodes = await aShelf(at)
  await at.db.rows(sql`update copy set title_id = ${at.titleId} where barcode = any(${barcodes}::text[])`)
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  const to = async (path: string) => {
    const { html } = await cataloguer.open(path)
    const href = /href="(\/operations\/edit-copies[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
    return cataloguer.open(href ?? '')
  }
  const ofTitle = await to(`/titles/${at.titleId}/edit`)
  for (const barcode of barcodes) assert.ok(ofTitle.html.includes(barcode), barcode)
  assert.match(ofTitle.text, /Nothing changes before you confirm the plan/)
  const [{ id = 0 } = {}] = await at.db.rows<{ id: number }>(sql`select id from copy where shelf = 'Novels'`)
  assert.match((await to(`/copies/${id}/edit`)).html, /name="shelf"[^>]*value="Novels"/)
})
