import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { openTransaction } from './at-once.ts'
import { aCharge, aPatron, besides } from './library-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor, type Seen, type Visitor } from './visitor.ts'

test('a desk merges a duplicate: it sees what moves, confirms, and the old card leads on', async () => {
  await using at = await anOpenLibrary()
  const old = await aPatron(at.db, { ...besides(at), familyName: 'Reader', blockedBecause: 'Lost a book' })
  await aCharge(at.db, { patronId: old.patronId, cents: 250 })
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/desk?card=${old.card}`)
  await desk.send('/desk/scan', { code: at.barcode })
  await desk.send('/desk/lend', { reason: 'It is known' }, { says: 'Override' })

  await desk.open(`/patrons/${at.patronId}`)
  const path = `/patrons/${at.patronId}/merge`
  await desk.open(path)
  assert.match((await desk.send(path, { card: 'nobody' })).text, /Nobody has this card\. It was card nobody/)
  assert.match((await desk.send(path, { card: at.card })).text, /Both cards are of the same record/)
  const preview = await desk.send(path, { card: old.card })
  assert.match(preview.text, /On loan 1 Returned 0 Holds 0 Owed €2\.50.*Charlotte's Web/)
  assert.match(preview.text, /It is blocked: Lost a book/)
  assert.doesNotMatch(preview.text, /The names differ/)

  const other = aVisitor(at.app)
  await other.signIn('staff', await at.staff('desk'))
  await other.open(`/patrons/${old.patronId}`)
  await other.send(`/patrons/${old.patronId}/edit`, { familyName: 'Writer' })
  const stale = await desk.send(path, {}, { says: 'Merge' })
  assert.equal(stale.status, 409)
  assert.match(stale.text, /Somebody changed it meanwhile.*The names differ/)

  const form = stale.forms.find(({ method, text }) => method === 'post' && text.includes('Merge'))
  assert.ok(form)
  const twice = await Promise.all([1, 2].map(() => desk.post(form.action, form.fields)))
  for (const merged of twice) {
    assert.equal(merged.path, `/patrons/${at.patronId}?said=merged`)
    assert.match(merged.text, /The two records are one now/)
    assert.match(merged.text, /Blocked Lost a book.*Charlotte's Web.*€2\.50/)
  }

  const scanned = await desk.open(`/desk?card=${old.card}`)
  assert.equal(scanned.status, 404)
  assert.match(scanned.text, /merged into another\. It leads to card/)
  assert.ok(scanned.html.includes(`/desk?card=${at.card}"`))
  const inGoodStanding = await aPatron(at.db, besides(at))
  await desk.open(`/desk?card=${inGoodStanding.card}`)
  const between = await desk.send('/desk/scan', { code: old.card })
  assert.equal(between.status, 404)
  assert.match(between.text, /merged into another/)
  for (const kept of [`/patrons/${old.patronId}`, `/patrons?query=${old.card}`])
    assert.equal((await desk.open(kept)).path, `/patrons/${at.patronId}?said=was-merged`)
  await desk.open('/patrons/new')
  const anew = await desk.send('/patrons', { card: old.card, familyName: 'New' }, { says: 'Register' })
  assert.match(anew.text, /merged into another/)
})

test('a patron whose record is merged away is signed out at once', async () => {
  await using at = await anOpenLibrary()
  const old = await aPatron(at.db, besides(at))
  await at.letIn(old.card)
  const reader = aVisitor(at.app)
  await reader.signIn('patron', old.card)
  assert.equal((await reader.open('/account')).path, '/account')
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/patrons/${at.patronId}/merge?card=${old.card}`)
  await desk.send(`/patrons/${at.patronId}/merge`, {}, { says: 'Merge' })
  assert.doesNotMatch((await reader.open('/')).text, /My account|Sign out/)
  assert.match((await reader.open('/account')).path, /^\/sign-in/)
})

test('a patron sees what they returned, has it kept and forgotten; nobody who works here sees it', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('operator'))
  await desk.open(`/desk?card=${at.card}`)
  await desk.send('/desk/scan', { code: at.barcode })
  await desk.open('/check-in')
  await desk.send('/check-in', { code: at.barcode })
  const reader = aVisitor(at.app)
  await reader.signIn('patron', at.card)
  assert.match((await reader.open('/account')).html, /href="\/account\/history"/)
  assert.match((await reader.open('/account/history')).text, /Charlotte's Web E\. B\. White/)
  assert.match((await reader.send('/account/history')).text, /kept for you, because you asked for it/)
  assert.match((await reader.send('/account/history')).text, /we forget that it was you/)
  assert.equal((await desk.open('/account/history')).status, 403)
  const page = await desk.open(`/patrons/${at.patronId}`)
  assert.doesNotMatch(page.text, /Charlotte's Web/)
})

/** The page of an import once it is over. */
async function whenOver(desk: Visitor, seen: Seen): Promise<Seen> {
  let page = seen
  while (page.html.includes('data-progress="running"')) page = await desk.open(page.path)
  return page
}

test('an import of patrons that takes long shows how far it is, and goes on behind its page', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open('/patrons/import')
  const [category] = await at.db.rows<{ code: string }>(sql`select code from patron_category`)
  const rows = Array.from({ length: 300 }, (_, n) => `N-${n},Reader,${category?.code}`)
  const content = `card,surname,category\n${rows.join('\n')}\n${at.card},Changed,\n`
  await desk.upload('/patrons/import/uploads', { name: 'people.csv', content })
  // Somebody is at the last patron of the file.
  await using others = await openTransaction(
    at.db,
    sql`select from patron where id = ${at.patronId} for update`,
  )
  const started = await desk.send('/patrons/import')
  assert.match(started.text, /people\.csv Running Read \d+ New \d+/)
  assert.match(started.html, /<noscript><meta http-equiv="refresh"/)
  await others.end('rollback')
  const over = await whenOver(desk, started)
  assert.match(over.text, /people\.csv Read 301 New 300 Updated 1 Unchanged 0 Not taken 0/)
  assert.doesNotMatch(over.html, /http-equiv="refresh"/)
})

test('an import of patrons that was cut off says so, and leads back to its file as it was to be read', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open('/patrons/import')
  const looked = await desk.upload('/patrons/import/uploads', {
    name: 'p.csv',
    content: 'Ausweis,Nachname\n1,A\n',
  })
  const query = new URL(looked.path, at.address).searchParams
  const upload = query.get('upload') ?? ''
  query.set('map.card', 'Ausweis')
  const page = `/patrons/import/${upload}?${query}`
  assert.equal((await desk.open(page)).status, 404, 'nothing was begun')
  await writeFile(join(at.library.dataFolder, 'uploads', `preview-${upload}.rejects`), '')
  const cutOff = await desk.open(page)
  assert.match(cutOff.text, /It was cut off on its way/)
  const back = /href="(\/patrons\/import\/preview\?[^"]+)"/.exec(cutOff.html)?.[1]?.replaceAll('&amp;', '&')
  const again = await desk.open(back ?? '')
  assert.doesNotMatch(again.text, /Card: say which column/)
  assert.match(again.text, /Category: say which column/)
})

test('a file of patrons is brought, looked at, its columns told, imported once, and its rejects handed back', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open('/patrons/import')
  const content = `Ausweis,Nachname,Grad\nN-1,Öberg,x\n${at.card},Changed,y\n,Nobody,\n`
  const first = await desk.upload('/patrons/import/uploads', { name: 'people.csv', content })
  assert.equal(first.status, 422)
  assert.match(first.text, /Columns are missing.*Card: say which column it is\..*Category: say which column/)
  const [category] = await at.db.rows<{ code: string }>(sql`select code from patron_category`)
  const told = { 'map.card': 'Ausweis', 'map.familyName': 'Nachname', category: category?.code ?? '' }
  const preview = await desk.send('/patrons/import/preview', told)
  assert.match(preview.text, /Read 3 New 1 Updated 1 Unchanged 0 Not taken 1/)
  assert.match(preview.text, /Columns that are not read: Grad.*Line 4 The row has no card/)
  assert.equal((await at.db.rows(sql`select from patron`)).length, 1)
  const form = preview.forms.find(({ action }) => action === '/patrons/import')
  assert.ok(form)
  const both = await Promise.all([1, 2].map(() => desk.post(form.action, form.fields)))
  for (const told of [...both, await desk.post(form.action, form.fields)]) {
    const { path, text } = await whenOver(desk, told)
    assert.match(path, /^\/patrons\/import\/[0-9a-f-]{36}/)
    assert.match(text, /people\.csv.*Read 3 New 1 Updated 1 Unchanged 0 Not taken 1.* 4 The row has no card/)
  }
  const result = both[0]?.path.split('?')[0]
  assert.match((await desk.open(`${result}/rejects`)).html, /^Ausweis,Nachname,Grad\n,Nobody,\n$/)
  assert.match((await desk.open('/patrons?query=N-1')).text, /Öberg/)
  assert.equal((await desk.open('/patrons/import/preview?upload=../../etc')).status, 404)
  assert.equal((await desk.open('/patrons/import/no-such')).status, 404)
})
