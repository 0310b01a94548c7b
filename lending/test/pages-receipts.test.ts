import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Choice, wantedOf } from '../src/notices/wanted-notices.ts'
import { patron as patronOf } from '../src/patrons/patron.ts'
import { sql } from '../src/postgres/sql.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const settled = /It is settled what is sent by mail/
const ticked = (...choices: Choice[]) => Object.fromEntries(choices.map((choice) => [choice, 'yes']))

test('a patron chooses what is mailed on their own page, or the desk does for them', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const [patron, desk] = [aVisitor(at.app), aVisitor(at.app)]
  await patron.signIn('patron', at.card)
  await desk.signIn('staff', await at.staff('desk'))
  const wants = async () => {
    const found = await patronOf(at.db, { patronId: at.patronId })
    return found && wantedOf(found)
  }
  const theirs = `/patrons/${at.patronId}`
  assert.deepEqual(await wants(), ['due-soon', 'holds', 'card-expiring'])
  assert.match((await patron.open('/account')).text, /overdue is sent in any case/)
  assert.match((await patron.send('/account/notices', ticked('receipts'))).text, settled)
  assert.deepEqual(await wants(), ['due-soon', 'holds', 'card-expiring', 'receipts'])
  await desk.open(theirs)
  const form = desk.seen().forms.find(({ action }) => action === `${theirs}/notices`)
  assert.equal(form?.fields.receipts, 'yes', 'the desk sees what the patron chose')
  const { key = '', _csrf = '' } = form?.fields ?? {}
  assert.match((await desk.post(`${theirs}/notices`, { key, _csrf, ...ticked('holds') })).text, settled)
  assert.deepEqual(await wants(), ['holds'])
})

test('a form sent twice settles it once, and one of long ago changes nothing a second time', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const patron = aVisitor(at.app)
  await patron.signIn('patron', at.card)
  await patron.open('/account')
  const form = patron.seen().forms.find(({ action }) => action === '/account/notices')
  assert.ok(form)
  await patron.post('/account/notices', { ...form.fields, ...ticked('receipts') })
  await patron.open('/account')
  const { key = '', _csrf = '' } =
    patron.seen().forms.find(({ action }) => action === '/account/notices')?.fields ?? {}
  await patron.post('/account/notices', { key, _csrf })
  await patron.post('/account/notices', { ...form.fields, ...ticked('receipts') })
  const found = await patronOf(at.db, { patronId: at.patronId })
  assert.deepEqual(found && wantedOf(found), [])
})

test('who has no mail address is told that nothing can be sent', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  await at.db.rows(sql`update patron set email = '' where id = ${at.patronId}`)
  const [patron, desk] = [aVisitor(at.app), aVisitor(at.app)]
  await patron.signIn('patron', at.card)
  await desk.signIn('staff', await at.staff('desk'))
  assert.match((await patron.open('/account')).text, /no mail address of yours/)
  assert.match((await desk.open(`/patrons/${at.patronId}`)).text, /There is no mail address/)
})
