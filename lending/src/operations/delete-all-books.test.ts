import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '@bibby/guard/operation.ts'
import { aServedLibrary, bearing } from '../../test/api-fixtures.ts'
import { by, monday } from '../../test/library-fixtures.ts'
import { aMailbox, atRest, carriedOut, codeIn, copiesOn, digestOfAll } from '../../test/operation-fixtures.ts'
import { addTitle } from '../catalogue/add-title.ts'
import { search } from '../catalogue/search.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'

const given = { because: 'We begin anew' }

async function aCatalogue({ secondPerson = false } = {}) {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect, secondPerson })
  for (const title of ['Emma', 'Emma in Bath', 'Persuasion']) {
    const told = await write(at.db, by(), addTitle, {
      fields: { title, controlSource: 'DE-1', controlNumber: title },
    })
    assert.equal(told.outcome, 'done')
  }
  await copiesOn(at.db, 'main', 12, { branchId: at.branchId, itemTypeId: at.itemTypeId })
  await at.db.rows(sql`
    update copy set withdrawn_at = now(), withdrawn_because = 'Lost' where id = (select max(id) from copy)
  `)
  const tokens = { operator: await at.tokenOf('operator'), manager: await at.tokenOf('manager') }
  await at.db.rows(sql`update staff set email = login || '@example.org'`)
  const ask = (who: 'operator' | 'manager', url: string, payload: object) =>
    at.app.inject({ method: 'POST', url, headers: bearing(tokens[who]), payload })
  return { ...at, mails, ask, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

type At = Awaited<ReturnType<typeof aCatalogue>>

async function planned({ library }: At): Promise<Operation> {
  const [{ actor = '' } = {}] = await library.db.rows<{ actor: string }>(sql`
    select 'staff:' || id as actor from staff where role = 'operator'
  `)
  const { guard, deleteAllBooks } = library.operations
  const told = await guard.plan(deleteAllBooks, { by: actor, given })
  assert.ok('planned' in told, JSON.stringify(told))
  return told.planned
}

const initiate = '/admin/books/delete-all/initiate'
const confirm = '/admin/books/delete-all/confirm'

test('all books are deleted by initiate and confirm; nothing is found then, and undo brings every table back to the row', async () => {
  await using at = await aCatalogue()
  const before = await digestOfAll(at.db)
  const told = await at.ask('operator', initiate, given)
  assert.equal(told.statusCode, 201)
  const { id, phrase, count } = told.json()
  assert.match(phrase, /^DELETE ALL 16 BOOKS #[0-9a-f]{4}$/)
  assert.equal(count, 16)
  const code = codeIn(at.mails)
  assert.ok(!told.body.includes(code.replace('-', '')), 'the code is in the mail, and not in the answer')
  assert.equal(await digestOfAll(at.db), before)

  const fixed = await at.ask('operator', confirm, { id, phrase: 'DELETE ALL BOOKS PERMANENTLY', code })
  assert.deepEqual([fixed.statusCode, fixed.json().code], [422, 'phrase-wrong'])
  const done = await at.ask('operator', confirm, { id, phrase, code })
  assert.deepEqual([done.json().state, done.json().acted], ['done', 16])
  const found = await search(at.library.searchDb, { query: 'Emma' })
  assert.equal(JSON.stringify(found).includes('Emma in Bath'), false)
  const [left] = await at.db.rows<{ n: number; words: number }>(sql`
    select (select count(*) from copy where withdrawn_at is null) as n, (select count(*) from vocabulary) as words
  `)
  assert.deepEqual(left, { n: 0, words: 0 })

  const undone = await at.ask('operator', `/api/v1/operations/${id}/undo`, {})
  assert.equal(undone.json().state, 'undone')
  assert.equal(await digestOfAll(at.db), before)
})

test('asked again under the same key, a plan whose code did not go out has one sent; one whose code holds has not', async () => {
  const { mails, sendDirect } = aMailbox()
  let works = false
  await using at = await aServedLibrary({
    sendDirect: async (mail) => (works ? sendDirect(mail) : { notSentBecause: 'the mail is down' }),
  })
  const headers = { ...bearing(await at.tokenOf('operator')), 'idempotency-key': 'one' }
  await at.db.rows(sql`update staff set email = login || '@example.org'`)
  const ask = () => at.app.inject({ method: 'POST', url: initiate, headers, payload: given })
  assert.equal((await ask()).json().code, 'code-not-sent')
  works = true
  const sent = await ask()
  assert.deepEqual([sent.statusCode, sent.json().state, mails.length], [201, 'armed', 1])
  assert.ok(sent.json().sentTo)
  assert.equal((await ask()).json().id, sent.json().id)
  assert.equal(mails.length, 1)
})

test('only operators begin it, and a token is needed: a page’s cookie is none', async () => {
  await using at = await aCatalogue()
  assert.equal((await at.ask('manager', initiate, given)).statusCode, 403)
  const anonymous = await at.app.inject({ method: 'POST', url: initiate, payload: given })
  assert.deepEqual([anonymous.statusCode, anonymous.json().code], [401, 'not-signed-in'])
  const cookie = { cookie: `bibby_session=${await at.tokenOf('operator')}` }
  const byCookie = await at.app.inject({ method: 'POST', url: initiate, payload: given, headers: cookie })
  assert.equal(byCookie.statusCode, 401)
  assert.equal(at.mails.length, 0)

  const plan = await planned(at)
  const url = `/api/v1/operations/${plan.id}`
  for (const [step, body] of [
    ['code', {}],
    ['confirm', { phrase: plan.phrase, code: '0000-0000' }],
    ['undo', {}],
  ] as const) {
    assert.equal((await at.ask('manager', `${url}/${step}`, body)).json().code, 'not-permitted', step)
  }
  // Stopping is anybody's who sees it.
  assert.equal((await at.ask('manager', `${url}/stop`, { because: 'no' })).json().state, 'refused')
})

test('where two people are needed, a manager approves what an operator planned, and not before is a code sent', async () => {
  await using at = await aCatalogue({ secondPerson: true })
  const { id, phrase } = (await at.ask('operator', initiate, given)).json()
  assert.equal(at.mails.length, 0)
  const url = `/api/v1/operations/${id}`
  assert.equal((await at.ask('operator', `${url}/code`, {})).json().code, 'approval-missing')
  assert.equal((await at.ask('operator', `${url}/approve`, {})).json().code, 'second-person-same')
  assert.equal((await at.ask('manager', `${url}/approve`, {})).statusCode, 200)
  assert.equal((await at.ask('operator', `${url}/code`, {})).statusCode, 200)
  const done = await at.ask('operator', confirm, { id, phrase, code: codeIn(at.mails) })
  assert.equal(done.json().state, 'done')
})

test('an approval does not outlive the account of who gave it, nor a plan the role of who made it', async () => {
  await using at = await aCatalogue({ secondPerson: true })
  const { id, phrase } = (await at.ask('operator', initiate, given)).json()
  await at.ask('manager', `/api/v1/operations/${id}/approve`, {})
  await at.ask('operator', `/api/v1/operations/${id}/code`, {})
  const ask = { id, phrase, code: codeIn(at.mails) }
  await at.db.rows(sql`update staff set deleted_at = now() where role = 'manager'`)
  const gone = await at.ask('operator', confirm, ask)
  assert.deepEqual([gone.statusCode, gone.json().code], [403, 'permission-gone'])
  await at.db.rows(sql`update staff set deleted_at = null`)
  // Past the door: another process may honour the session as it was for some seconds.
  const { guard } = at.library.operations
  const by = (await guard.show(id))?.requestedBy ?? ''
  await at.db.rows(sql`update staff set role = 'manager' where role = 'operator'`)
  assert.deepEqual(await guard.confirm({ by, ...ask }), { refused: 'permission-gone', of: by })
  await at.db.rows(sql`update staff set role = 'operator'`)
  assert.ok('confirmed' in (await guard.confirm({ by, ...ask })))
  assert.equal((await atRest(at.library, id)).state, 'done')
})

test('a book that is on loan or waited for keeps all of them, also when that happens after the plan', async () => {
  await using at = await aCatalogue()
  const hold = sql`
    insert into hold (title_id, patron_id, pickup_branch_id, state, placed_at)
    values (${at.titleId}, ${at.patronId}, ${at.branchId}, 'waiting', ${monday})
  `
  const loan = sql`
    insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
    values (${at.copyId}, ${at.patronId}, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, ${monday}, ${monday})
  `
  const plan = await planned(at)
  await at.db.rows(loan)
  const told = await at.ask('operator', initiate, given)
  assert.match(told.json().detail, /On loan: Charlotte's Web/)
  const ended = await carriedOut(at.library, plan, at.mails)
  assert.deepEqual([ended.state, ended.because?.refused], ['refused', 'in-the-way'])
  await at.db.rows(sql`delete from loan`)
  await at.db.rows(hold)
  assert.match(
    (await at.ask('operator', initiate, given)).json().detail,
    /Somebody waits for it: Charlotte's Web/,
  )
  const [left] = await at.db.rows<{ n: number }>(
    sql`select count(*) as n from title where deleted_at is not null`,
  )
  assert.equal(left?.n, 0)
})

test('a copy that is edited after the plan is a change of the set', async () => {
  await using at = await aCatalogue()
  const plan = await planned(at)
  await at.db.rows(sql`update copy set version = version + 1 where id = ${at.copyId}`)
  const ended = await carriedOut(at.library, plan, at.mails)
  assert.deepEqual([ended.state, ended.because?.refused], ['refused', 'set-changed'])
})

test('a title whose number was given to another since stays deleted when the others come back', async () => {
  await using at = await aCatalogue()
  const plan = await planned(at)
  await carriedOut(at.library, plan, at.mails)
  await write(at.db, by(), addTitle, {
    fields: { title: 'New Emma', controlSource: 'DE-1', controlNumber: 'Emma' },
  })
  const { guard } = at.library.operations
  const ask = { by: plan.requestedBy, id: plan.id }
  const told = await guard.undo(ask)
  assert.ok('refused' in told && told.refused === 'changed-since')
  assert.equal(told.difference.changed.count, 1)
  await guard.undo({ ...ask, leavingChanged: true })
  const { state, undone, left } = await atRest(at.library, plan.id)
  assert.deepEqual({ state, undone, left }, { state: 'undone', undone: 15, left: 1 })
})
