import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { anOpenLibrary, aVisitor } from './browser.ts'

test('a patron asks for receipts on their own page, or the desk for them, and either may end them', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const [patron, desk] = [aVisitor(at.app), aVisitor(at.app)]
  await patron.signIn('patron', at.card)
  await desk.signIn('staff', await at.staff('desk'))
  const wants = () =>
    at.db
      .rows<{ wants: boolean }>(sql`select wants_receipts as wants from patron where id = ${at.patronId}`)
      .then(([row]) => row?.wants)
  const theirs = `/patrons/${at.patronId}`
  assert.match((await patron.open('/account')).text, /not confirmed by mail, until you ask for it/)
  assert.match((await patron.send('/account/receipts')).text, /From now on each loan and return is confirmed/)
  assert.equal(await wants(), true)
  assert.match((await desk.open(theirs)).text, /Each loan and return is confirmed by mail/)
  assert.match((await desk.send(`${theirs}/receipts`)).text, /No more receipts are sent/)
  assert.equal(await wants(), false)
  assert.match((await desk.send(`${theirs}/receipts`)).text, /From now on each loan and return is confirmed/)
  await patron.open('/account')
  assert.match((await patron.send('/account/receipts')).text, /No more receipts are sent/)
  assert.equal(await wants(), false)
})

test('a form sent twice asks for receipts once, and one of long ago changes nothing a second time', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const patron = aVisitor(at.app)
  await patron.signIn('patron', at.card)
  await patron.open('/account')
  const form = patron.seen().forms.find(({ action }) => action === '/account/receipts')
  assert.ok(form)
  await patron.post('/account/receipts', form.fields)
  await patron.send('/account/receipts')
  const again = await patron.post('/account/receipts', form.fields)
  assert.match(again.text, /not confirmed by mail/)
})

test('who has no mail address is told that no receipt can be sent', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  await at.db.rows(sql`update patron set email = '' where id = ${at.patronId}`)
  const [patron, desk] = [aVisitor(at.app), aVisitor(at.app)]
  await patron.signIn('patron', at.card)
  await desk.signIn('staff', await at.staff('desk'))
  assert.match((await patron.open('/account')).text, /no mail address of yours/)
  assert.match((await desk.open(`/patrons/${at.patronId}`)).text, /There is no mail address/)
})
