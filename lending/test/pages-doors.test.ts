import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import type { Role } from '../src/staff/permission.ts'
import { aCopy, aPatron, aTitle, besides } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

type Who = 'nobody' | 'patron' | Role
const everybody: readonly Who[] = ['nobody', 'patron', 'desk', 'cataloguer', 'manager', 'operator']

/** Who may open which page. */
const doors: Readonly<Record<string, readonly Who[]>> = {
  '/': everybody,
  '/search?query=web': everybody,
  '/titles/TITLE': everybody,
  '/sign-in': everybody,
  '/account': ['patron'],
  '/account/card': ['patron'],
  '/account/history': ['patron'],
  '/me': ['patron', 'desk', 'cataloguer', 'manager', 'operator'],
  '/desk': ['desk', 'manager', 'operator'],
  '/desk?card=CARD': ['desk', 'manager', 'operator'],
  '/check-in': ['desk', 'manager', 'operator'],
  '/shelf': ['desk', 'manager', 'operator'],
  '/overdue': ['desk', 'manager', 'operator'],
  '/patrons': ['desk', 'manager', 'operator'],
  '/patrons/new': ['desk', 'manager', 'operator'],
  '/patrons/import': ['desk', 'manager', 'operator'],
  '/patrons/PATRON': ['desk', 'manager', 'operator'],
  '/patrons/PATRON/merge': ['desk', 'manager', 'operator'],
  '/imports': ['cataloguer', 'manager', 'operator'],
  '/catalogue/new': ['cataloguer', 'manager', 'operator'],
  '/copies/COPYID/edit': ['cataloguer', 'manager', 'operator'],
  '/titles/TITLE/edit': ['cataloguer', 'manager', 'operator'],
  '/rules': ['desk', 'manager', 'operator'],
  '/rules?card=CARD&barcode=BARCODE': ['desk', 'manager', 'operator'],
  '/journal': ['manager', 'operator'],
  '/branches': ['manager', 'operator'],
  '/staff': ['manager', 'operator'],
  '/notices': ['manager', 'operator'],
  '/notices/preview': ['manager', 'operator'],
  '/notices/dead': ['manager', 'operator'],
  '/notices/mail': ['operator'],
  '/notices/templates/overdue': ['manager', 'operator'],
  '/operations': ['cataloguer', 'manager', 'operator'],
  '/operations/withdraw-copies': ['cataloguer', 'manager', 'operator'],
  '/operations/edit-copies': ['cataloguer', 'manager', 'operator'],
  '/operations/erase-patron': ['manager', 'operator'],
  '/operations/delete-all-books': ['operator'],
  '/settings': ['operator'],
  '/staff/new': ['manager', 'operator'],
}

test('each page opens to whom it is for, and the navigation shows just those doors', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const { app } = at
  for (const who of everybody) {
    const visitor = aVisitor(app)
    if (who === 'patron') await visitor.signIn('patron', at.card)
    else if (who !== 'nobody') await visitor.signIn('staff', await at.staff(who))
    for (const [door, allowed] of Object.entries(doors)) {
      const seen = await visitor.open(pathTo(door, at))
      const outcome = seen.path.startsWith('/sign-in') && door !== '/sign-in' ? 'sign-in' : seen.status
      const expected = allowed.includes(who) ? 200 : who === 'nobody' ? 'sign-in' : 403
      assert.equal(outcome, expected, `${who} at ${door}`)
    }
    const { html } = await visitor.open('/')
    for (const [, to = ''] of html.matchAll(/<a href="(\/[a-z-]*)"/g)) {
      const allowed = doors[to]
      assert.ok(!allowed || allowed.includes(who), `${who} is shown ${to}`)
    }
  }
})

test('a sign-in leads on to a page of ours only, however the address is written', async () => {
  await using at = await anOpenLibrary()
  const login = await at.staff('desk')
  for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a\u3000b', '/é', '/a b']) {
    const visitor = aVisitor(at.app)
    const { forms } = await visitor.open('/sign-in?kind=staff')
    const form = forms.find(({ text }) => text.includes('Login'))
    const fields = { ...form?.fields, account: login, password: pagePassword, to }
    const seen = await visitor.post('/sign-in', fields)
    assert.deepEqual([seen.status, seen.path], [200, '/'], to)
  }
})

test('a form without its token is refused and does nothing', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/desk?card=${at.card}`)
  const fields = { card: at.card, barcode: at.barcode, key: 'a-key-of-a-forger' }
  const forged = await desk.post('/desk/lend', fields)
  assert.equal(forged.status, 403)
  assert.match(forged.text, /The form is out of date/)
  assert.equal((await desk.post('/desk/lend', { ...fields, _csrf: 'x'.repeat(40) })).status, 403)
  assert.deepEqual(await at.db.rows(sql`select from loan`), [])
})

test('a form without a key was not made by us', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/desk?card=${at.card}`)
  assert.equal((await desk.send('/desk/scan', { code: at.barcode, key: '' })).status, 400)
  assert.deepEqual(await at.db.rows(sql`select from loan`), [])
})

test('a form sent twice, by a double click or a reload, lends once and says the same', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/desk?card=${at.card}`)
  const form = desk.seen().forms.find(({ action }) => action === '/desk/scan')
  assert.ok(form)
  const fields = { ...form.fields, code: at.barcode }
  const both = await Promise.all([desk.post('/desk/scan', fields), desk.post('/desk/scan', fields)])
  for (const { status, text } of both) {
    assert.equal(status, 200)
    assert.match(text, /On loan: 1 item/)
  }
  assert.equal((await at.db.rows(sql`select from loan`)).length, 1)
})

test('a page that names what is missing does not guess at why besides', async () => {
  await using at = await anOpenLibrary()
  const staff = aVisitor(at.app)
  await staff.signIn('staff', await at.staff('cataloguer'))
  const gone = await staff.open(`/imports/preview?upload=${randomUUID()}`)
  assert.match(gone.html, /The file is no longer here\.[\s\S]*Bring it again\./)
  assert.doesNotMatch(gone.html, /mistyped/)
  assert.match((await staff.open('/nothing-here')).html, /mistyped/)
})

test('what a title or a patron is called stays text', async () => {
  await using at = await anOpenLibrary()
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)> '\`&amp;`
  const { titleId } = await aTitle(at.db, { title: evil, authors: [evil] })
  const { barcode } = await aCopy(at.db, { ...besides(at), titleId })
  const { card, patronId } = await aPatron(at.db, {
    ...besides(at),
    givenName: evil,
    familyName: evil,
    blockedBecause: evil,
  })
  await at.db.rows(
    sql`update title set subtitle = ${evil}, summary = ${evil}, subjects = ${[evil]}, series = ${[evil]}`,
  )
  await at.db.rows(sql`update copy set shelf = ${evil}, call_number = ${evil}`)
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('operator'))
  await desk.open(`/desk?card=${card}`)
  await desk.send('/desk/scan', { code: barcode })
  await desk.send('/desk/lend', { barcode, reason: evil }, { says: 'Override' })
  const paths = [
    `/titles/${titleId}`,
    `/titles/${titleId}/edit`,
    `/search?query=${encodeURIComponent(evil)}`,
    `/desk?card=${card}`,
    `/desk?card=${encodeURIComponent(evil)}`,
    '/check-in',
    '/shelf',
    `/patrons/${patronId}`,
    `/patrons?query=${encodeURIComponent(evil)}`,
    '/patrons?query=script',
    '/journal',
    `/rules?card=${encodeURIComponent(evil)}&barcode=${barcode}`,
    `/sign-in?to=${encodeURIComponent(`javascript:${evil}`)}`,
    `/sign-in?to=${encodeURIComponent('//evil.example')}`,
    `/?said=${encodeURIComponent(evil)}`,
  ]
  for (const path of paths) {
    const { html } = await desk.open(path)
    assert.doesNotMatch(html, /<script>alert|<img src=x|onerror=alert\(1\)>/, path)
    assert.doesNotMatch(html, /(?:href|action|src)="(?:javascript:|\/\/)/, path)
  }
  assert.match((await desk.open(`/titles/${titleId}`)).text, /<script>alert\(1\)<\/script>/)
})

/** What a page waits for before it is shown is its last element. */
const wholeBehindAll =
  /<link rel="expect" href="#(\w+)" blocking="render">[\s\S]*<span id="\1" hidden><\/span>\s*<\/body>\s*<\/html>\s*$/

test('pages carry no script or style of their own, a policy forbids both, and they are shown whole', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('operator'))
  for (const door of Object.keys(doors)) {
    const { html } = await desk.open(pathTo(door, at))
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc="\/assets\/)|<style|\sstyle=|\son[a-z]+=/, door)
    assert.match(html, wholeBehindAll, door)
  }
  const { headers } = await at.app.inject({ url: '/', headers: { accept: 'text/html' } })
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /default-src 'self'/)
  assert.doesNotMatch(policy, /unsafe|https?:/)
})

test('the first page weighs less than 60 kB with all that it asks for, and asks nobody else', async () => {
  await using at = await anOpenLibrary()
  const { body } = await at.app.inject({ url: '/', headers: { accept: 'text/html' } })
  let bytes = Buffer.byteLength(body)
  for (const [, path = ''] of body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
    const file = await at.app.inject({ url: path.replaceAll('&amp;', '&') })
    assert.equal(file.statusCode, 200, path)
    assert.match(String(file.headers['cache-control']), /immutable/)
    bytes += file.rawPayload.byteLength
  }
  assert.ok(bytes < 60_000, `${bytes} bytes`)
  assert.doesNotMatch(body, /(?:href|src)="(?:https?:)?\/\//)
})

test('a desk weighs less than 60 kB over the wire, with all that it asks for', async () => {
  await using at = await anOpenLibrary()
  const clerk = aVisitor(at.app)
  await clerk.signIn('staff', await at.staff('desk'))
  const weightOf = async (url: string) => {
    const { statusCode, rawPayload } = await at.app.inject({
      url,
      cookies: clerk.cookies(),
      headers: { accept: 'text/html', 'accept-encoding': 'gzip' },
    })
    assert.equal(statusCode, 200, url)
    return rawPayload.byteLength
  }
  const { html } = await clerk.open('/desk')
  const asked = new Set([...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path))
  assert.ok([...asked].some((path) => path.endsWith('/idiomorph.js')))
  const weights = await Promise.all(['/desk', ...asked].map(weightOf))
  const bytes = weights.reduce((sum, each) => sum + each)
  assert.ok(bytes < 60_000, `${bytes} bytes`)
})

test('a session cookie is out of the reach of script and of other sites', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const page = await at.app.inject({ url: '/sign-in' })
  const token = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const answer = await at.app.inject({
    method: 'POST',
    url: '/sign-in',
    cookies: Object.fromEntries(page.cookies.map(({ name, value }) => [name, value])),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      _csrf: token,
      kind: 'patron',
      account: at.card,
      password: 'correct horse battery staple',
    }).toString(),
  })
  const session = answer.cookies.find(({ name }) => name === 'bibby_session')
  assert.equal(session?.httpOnly, true)
  assert.equal(session?.sameSite, 'Lax')
})

test('of two pages that a browser opens at once as it starts, both take what is typed', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const before = await at.app.inject({ url: '/sign-in' })
  // What has no end of its own ends with the browser.
  const lasting = before.cookies.filter(({ maxAge = 0 }) => maxAge > 0)
  let cookies = Object.fromEntries(lasting.map(({ name, value }) => [name, value]))
  const pages = await Promise.all([1, 2].map(() => at.app.inject({ url: '/sign-in', cookies })))
  for (const page of pages)
    cookies = { ...cookies, ...Object.fromEntries(page.cookies.map(({ name, value }) => [name, value])) }
  for (const { body } of pages) {
    const fields = { kind: 'patron', account: at.card, password: 'correct horse battery staple' }
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
    const answer = await at.app.inject({
      method: 'POST',
      url: '/sign-in',
      cookies,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ _csrf, ...fields }).toString(),
    })
    assert.equal(answer.statusCode, 303)
  }
})

test('signing in leads back to where one was going, and never out of the library', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const visitor = aVisitor(at.app)
  const asked = await visitor.open('/account')
  assert.match(asked.path, /^\/sign-in\?to=%2Faccount/)
  await visitor.signIn('patron', at.card)
  assert.equal(visitor.seen().path, '/account')
  for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
    const other = aVisitor(at.app)
    const { forms } = await other.open(`/sign-in?to=${encodeURIComponent(to)}`)
    for (const { fields } of forms) assert.equal(fields.to ?? '', '')
  }
})

test('what is not there, or not for oneself, is told by a decent page', async () => {
  await using at = await anOpenLibrary()
  const visitor = aVisitor(at.app)
  for (const path of [
    '/nothing',
    '/titles/999999',
    '/titles/x',
    '/titles/0',
    '/titles/99999999999999999999',
  ]) {
    const { status, text } = await visitor.open(path)
    assert.equal(status, 404, path)
    assert.match(text, /Search the catalogue/)
  }
  const api = await at.app.inject({ url: '/api/v1/nothing', headers: { accept: 'text/html' } })
  assert.match(String(api.headers['content-type']), /problem\+json/)
})

function pathTo(door: string, at: OpenLibrary): string {
  return door
    .replace('TITLE', String(at.titleId))
    .replace('PATRON', String(at.patronId))
    .replace('COPYID', String(at.copyId))
    .replace('CARD', at.card)
    .replace('BARCODE', at.barcode)
}
