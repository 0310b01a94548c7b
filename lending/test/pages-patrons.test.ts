import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anOpenLibrary, aVisitor } from './browser.ts'
import { aCharge, aPatron, besides } from './library-fixtures.ts'

test('a desk merges a duplicate: it sees what moves, confirms, and the old card leads on', async () => {
  await using at = await anOpenLibrary()
  const old = await aPatron(at.db, { ...besides(at), familyName: 'Reader', blockedBecause: 'Lost a book' })
  await aCharge(at.db, { patronId: old.patronId, cents: 250 })
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/desk?card=${old.card}`)
  await desk.send('/desk/lend', { barcode: at.barcode })
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
    assert.match(merged.text, /The two records are one now.*Blocked Lost a book.*Charlotte's Web.*€2\.50/)
  }

  const scanned = await desk.open(`/desk?card=${old.card}`)
  assert.equal(scanned.status, 404)
  assert.match(scanned.text, /merged into another\. It leads to card/)
  assert.ok(scanned.html.includes(`/desk?card=${at.card}"`))
  const inGoodStanding = await aPatron(at.db, besides(at))
  await desk.open(`/desk?card=${inGoodStanding.card}`)
  const between = await desk.send('/desk/lend', { barcode: old.card })
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
