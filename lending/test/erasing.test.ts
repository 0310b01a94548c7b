import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { lend } from '../src/circulation/lend.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'
import { by } from './library-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aMailbox, closeWaysBack, codeIn } from './operation-fixtures.ts'
import { aVisitor } from './visitor.ts'

type Role = Parameters<ServedLibrary['tokenOf']>[0]
const because = 'They moved away'

async function aLibrary() {
  let log = ''
  const logTo = new Writable({
    write: (chunk, _, done) => {
      log += String(chunk)
      done()
    },
  })
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect, logLevel: 'debug', logTo })
  const tokens = new Map<Role, string>()
  const ask = async (role: Role, url: string, payload?: object) => {
    const token = tokens.get(role) ?? (await at.tokenOf(role))
    tokens.set(role, token)
    await at.db.rows(sql`update staff set email = login || '@example.org'`)
    const headers = bearing(token)
    return at.app.inject({ method: payload ? 'POST' : 'GET', url, headers, ...(payload ? { payload } : {}) })
  }
  const plan = async (card = at.card) => ask('manager', '/api/v1/operations/erase-patron', { card, because })
  return { ...at, ask, plan, mails, log: () => log, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

test('by API: a manager erases by the code from the mail; the patron is signed out at once, and comes back by undo', async () => {
  await using at = await aLibrary()
  const own = bearing(await at.patronToken())
  const me = async () => (await at.app.inject({ url: '/api/v1/me', headers: own })).statusCode
  assert.equal(await me(), 200)
  const planned = await at.plan()
  assert.equal(planned.statusCode, 201)
  const { id, phrase, samples } = planned.json()
  assert.equal(samples[0], `Ada Reader, card ${at.card}`)
  const path = `/api/v1/operations/${id}`
  await at.ask('manager', `${path}/code`, {})
  const done = await at.ask('manager', `${path}/confirm`, { phrase, code: codeIn(at.mails) })
  assert.deepEqual([done.statusCode, done.json().state], [200, 'done'], done.body)
  assert.equal(await me(), 401)
  const gone = await at.ask('desk', `/api/v1/patrons/${at.card}`)
  assert.deepEqual([gone.statusCode, gone.json().code], [404, 'patron-unknown'])
  const undone = await at.ask('operator', `${path}/undo`, {})
  assert.equal(undone.json().state, 'undone')
  assert.equal((await at.ask('desk', `/api/v1/patrons/${at.card}`)).statusCode, 200)
  for (const word of [at.card, 'Reader', because]) assert.ok(!at.log().includes(word), word)
  assert.ok(!at.mails.some((mail) => JSON.stringify(mail).includes(at.card)))
})

test('by API: neither desk nor cataloguer erases, and who may not read patrons sees that it was, not of whom', async () => {
  await using at = await aLibrary()
  const url = '/api/v1/operations/erase-patron'
  for (const role of ['desk', 'cataloguer'] as const) {
    assert.equal((await at.ask(role, url, { card: at.card, because })).statusCode, 403)
  }
  const { id } = (await at.plan()).json()
  await at.db.rows(sql`update patron set protected = true where id = ${at.patronId}`)
  const refused = await at.plan()
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'in-the-way'])
  assert.match(refused.json().detail, /^Protected: Ada Reader, card /)
  for (const seen of ['', `/${id}`]) {
    const { body } = await at.ask('cataloguer', `/api/v1/operations${seen}`)
    assert.ok(body.includes(id), body)
    for (const word of [at.card, 'Ada', because]) assert.ok(!body.includes(word), `${word} in ${body}`)
    assert.ok((await at.ask('manager', `/api/v1/operations${seen}`)).body.includes(at.card))
  }
  const stopped = await at.ask('cataloguer', `/api/v1/operations/${id}/stop`, { because: 'Ask again' })
  assert.equal(stopped.json().state, 'refused')
  assert.ok(!stopped.body.includes(at.card))
  assert.equal((await at.ask('cataloguer', `/api/v1/operations/${id}/undo`, {})).statusCode, 403)
})

test('by page without script: from the page of a patron to a code, and back again; and nothing is told once it is forgotten', async () => {
  const { mails, sendDirect } = aMailbox()
  await using at = await anOpenLibrary({ sendDirect })
  const patronPath = `/patrons/${at.patronId}`
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  assert.ok(!(await desk.open(patronPath)).html.includes('/operations/erase-patron'))
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  await at.db.rows(sql`update staff set email = login || '@example.org'`)
  assert.match((await manager.open('/operations')).html, /href="\/operations\/erase-patron"/)
  const { html } = await manager.open(patronPath)
  const [, link = ''] = /href="(\/operations\/erase-patron\?card=[^"]+)"/.exec(html) ?? []
  const form = await manager.open(link)
  assert.equal(form.forms.find(({ action }) => action === '/operations/erase-patron')?.fields.card, at.card)

  await write(at.db, by(), lend, at)
  const refused = await manager.send('/operations/erase-patron', { because })
  assert.match(refused.text, /Something stands in the way.*On loan: “Charlotte's Web”/)
  await at.db.rows(sql`update loan set returned_at = lent_at, returned_branch_id = ${at.branchId}`)
  const planned = await manager.send('/operations/erase-patron', { because })
  assert.match(planned.text, /ERASE 1 PATRON #[0-9a-f]{4}.*Ada Reader, card .*1 loan of the past/)
  const [path = ''] = planned.path.split('?')
  const armed = await manager.send(`${path}/code`, {})
  const phrase = /ERASE 1 PATRON #[0-9a-f]{4}/.exec(armed.text)?.[0] ?? ''
  const done = await manager.send(`${path}/confirm`, { phrase, code: codeIn(mails) })
  assert.match(done.text, /Done Can be taken back until/)
  assert.equal((await manager.open(patronPath)).status, 404)

  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  assert.ok(!(await cataloguer.open(path)).text.includes(at.card))
  await closeWaysBack(at.db)
  await at.library.operations.guard.forget({ by: 'system:sweeps' })
  const over = await manager.open(path)
  assert.match(over.text, /Erase patron.*Done.*Forgotten/)
  for (const word of [at.card, 'Ada Reader', because]) assert.ok(!over.text.includes(word), word)
  assert.match((await manager.open('/operations')).text, /Erase patron/)
  assert.match(
    (await manager.open('/journal')).text,
    /Forgot the rows of an operation that is over: erase patron/,
  )
})
