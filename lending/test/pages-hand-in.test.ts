import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { halt } from '../src/halt/halt.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  aWiredDesk,
  endSession,
  isLookAt,
  loansOf,
  openFor,
  scan,
  sendAgain,
  signIn,
} from './desk-fixtures.ts'
import { nothingStored, stored } from './desk-store.ts'
import { aBranch, aCopy, aPatron, besides, by } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** Somebody from the desk of a branch, whose device sends scans. */
async function aDevice(at: OpenLibrary, { branchId } = { branchId: at.branchId }) {
  const visitor = aVisitor(at.app)
  const login = await at.staff('desk')
  await at.db.rows(sql`update staff set branch_id = ${branchId} where login = ${login}`)
  await visitor.signIn('staff', login)
  await visitor.open('/desk')
  const send = async (path: string, fields: Readonly<Record<string, string>>, headers = {}) => {
    const { _csrf = '' } = visitor.seen().forms.find(({ action }) => action === '/desk/scan')?.fields ?? {}
    return at.app.inject({
      method: 'POST',
      url: path,
      cookies: visitor.cookies(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams({ _csrf, key: randomUUID(), ...fields }).toString(),
    })
  }
  return {
    login,
    visitor,
    /** As the page of the desk sends a scan while the library is there. */
    scan: (fields: Readonly<Record<string, string>>) =>
      send('/desk/scan', fields, { 'x-bibby-desk': 'live' }),
    /** As a device hands in what it had kept. */
    handIn: (fields: Readonly<Record<string, string>>) =>
      send('/desk/hand-in', { meant: 'lend', ageMs: '60000', ...fields }),
  }
}

async function loans(at: OpenLibrary) {
  return at.db.rows<{ card: string; barcode: string }>(sql`
    select patron.card, copy.barcode from loan
    join copy on copy.id = loan.copy_id join patron on patron.id = loan.patron_id order by loan.id
  `)
}

test('a kept scan that a colleague has seen to is not lent from a list of before; a form sent again has its answer', async () => {
  await using at = await anOpenLibrary()
  const { visitor, handIn } = await aDevice(at)
  const { card, barcode: code } = at
  await handIn({ code, card, afterUnknown: 'x' })
  await visitor.open('/desk/kept')
  const lending = visitor.seen().forms.find(({ action }) => action.endsWith('/lend'))
  assert.ok(lending)
  await visitor.send('/desk/kept', {}, { says: 'Seen to' })
  const late = await visitor.post(lending.action, lending.fields)
  assert.equal(late.status, 409)
  assert.match(late.text, /This scan was seen to already\./)
  assert.deepEqual(await loans(at), [])

  await visitor.open('/desk')
  await handIn({ code, card, afterUnknown: 'x' })
  await visitor.open('/desk/kept')
  const form = visitor.seen().forms.find(({ action }) => action.endsWith('/lend'))
  assert.ok(form)
  for (let time = 1; time <= 2; time += 1)
    assert.match((await visitor.post(form.action, form.fields)).path, /said=scan-lent/)
  assert.deepEqual(await loans(at), [{ card, barcode: code }])
})

test('a code that is scanned into the note of a kept scan does not see to it', async () => {
  await using at = await anOpenLibrary()
  const { visitor, handIn } = await aDevice(at)
  await handIn({ code: at.barcode, card: at.card, afterUnknown: 'x' })
  await visitor.open('/desk/kept')
  for (const note of [at.card, `Told her${at.card}`, 'DESKRECEIPT']) {
    const shown = await visitor.send('/desk/kept', { note }, { says: 'Seen to' })
    assert.match(shown.text, /That was scanned, and is no reason\./)
  }
  assert.deepEqual(await at.db.rows(sql`select settled_at from kept_scan`), [{ settled_at: null }])
  await visitor.send('/desk/kept', { note: `${at.card} was told.` }, { says: 'Seen to' })
  assert.deepEqual(await at.db.rows(sql`select note from kept_scan`), [{ note: `${at.card} was told.` }])
})

test('an answer says which verb is halted, where that alone is halted', async () => {
  await using at = await anOpenLibrary()
  const { scan, handIn } = await aDevice(at)
  const { card, barcode: code } = at
  const stop = (verb?: string) => write(at.db, by(), halt, { reason: 'A test', verb })
  const ask = { card, code, branch: String(at.branchId) }
  await stop('lend')
  for (const send of [scan, handIn]) {
    const lending = await send(ask)
    assert.deepEqual([lending.statusCode, lending.headers['x-bibby-halted']], [503, 'lend'])
    const back = await send({ ...ask, card: '' })
    assert.deepEqual([back.statusCode, back.headers['x-bibby-halted']], [200, undefined])
  }
  await stop('keep-scan')
  const unknown = await handIn({ ...ask, card: '', code: 'nothing' })
  assert.deepEqual([unknown.statusCode, unknown.headers['x-bibby-halted']], [503, 'keep-scan'])
  await stop()
  for (const send of [scan, handIn]) {
    const all = await send(ask)
    assert.deepEqual([all.statusCode, all.headers['x-bibby-halted']], [503, undefined])
  }
})

test('a kept scan of a branch that is not known here is listed at the branch of whoever hands it in', async () => {
  await using at = await anOpenLibrary()
  const { visitor, handIn } = await aDevice(at)
  const ask = { card: at.card, code: at.barcode, branch: '7' }
  assert.equal((await handIn(ask)).json().became, 'kept')
  const kept = () => at.db.rows(sql`select branch_id as "branchId", refused from kept_scan`)
  assert.deepEqual(await kept(), [{ branchId: at.branchId, refused: 'branch-unknown' }])
  assert.match((await visitor.open('/desk/kept')).text, /There is no such branch\./)
  assert.deepEqual(await loans(at), [])
})

test('a scan that could not be listed is never said to be kept', async () => {
  await using at = await anOpenLibrary()
  const { handIn } = await aDevice(at)
  const key = randomUUID()
  assert.equal((await handIn({ key, code: 'nothing' })).json().became, 'kept')
  const other = await handIn({ key, code: 'something else' })
  assert.deepEqual([other.statusCode, other.json().code], [422, 'key-reused'])
  assert.equal((await at.db.rows(sql`select from kept_scan`)).length, 1)
})

test('every page that scans says which library it is, and only a scan of that one is handed in', async () => {
  await using at = await anOpenLibrary()
  const { visitor, handIn } = await aDevice(at)
  const [here] = await at.db.rows<{ id: string }>(sql`select id::text from library`)
  assert.ok(here)
  for (const page of ['/check-in', '/desk/offline', '/desk/offline?meant=take-back', '/desk'])
    assert.match((await visitor.open(page)).html, / id="kept" [^>]*data-library="[0-9a-f-]{36}"/)
  assert.ok(visitor.seen().html.includes(`data-library="${here.id}"`))
  const ask = { card: at.card, code: at.barcode, key: randomUUID() }
  for (const library of [randomUUID(), 'x'.repeat(200)]) {
    const elsewhere = await handIn({ ...ask, library })
    assert.deepEqual([elsewhere.statusCode, elsewhere.json().code], [409, 'another-library'])
  }
  assert.deepEqual(await at.db.rows(sql`select from kept_scan union all select from journal`), [])
  assert.equal((await handIn({ ...ask, library: here.id })).json().became, 'done')
  assert.deepEqual(await loans(at), [{ card: at.card, barcode: at.barcode }])
})

test('an answer of the desk says where what was scanned may have been the next card, live as handed in', async () => {
  await using at = await anOpenLibrary()
  const { scan, handIn } = await aDevice(at)
  const { card } = at
  const both = await aCopy(at.db, besides(at))
  const [unlent, ended] = [await aCopy(at.db, besides(at)), await aPatron(at.db, besides(at))]
  await at.db.rows(sql`update copy set barcode = ${card} where barcode = ${both.barcode}`)
  await at.db.rows(sql`update copy set lendable = false where barcode = ${unlent.barcode}`)
  await at.db.rows(sql`update patron set deleted_at = now() where card = ${ended.card}`)
  const isLive = async (ask: { card: string; code: string }) =>
    / id="desk" [^>]*data-may-be-card="yes"/.test((await scan(ask)).body)
  for (const open of [(await aPatron(at.db, besides(at))).card, ''])
    for (const code of ['nothing', card, ended.card, 'a\u0007b', '123456']) {
      assert.equal(await isLive({ card: open, code }), true, `${code} at ${open}`)
      assert.equal((await handIn({ card: open, code })).json().isUnknown, true, `${code} at ${open}`)
    }
  // A copy that is only a copy, whoever the card of the patron at the desk belongs to by now, and a card.
  for (const open of [(await aPatron(at.db, besides(at))).card, ended.card]) {
    assert.equal(await isLive({ card: open, code: unlent.barcode }), false)
    assert.equal((await handIn({ card: open, code: unlent.barcode })).json().isUnknown, false)
    assert.equal(await isLive({ card: open, code: (await aPatron(at.db, besides(at))).card }), false)
  }
  assert.equal(await isLive({ card: '', code: at.barcode }), false)
})

test('a scan whose answer was lost has it still when a colleague hands it in', async () => {
  await using at = await anOpenLibrary()
  const [one, other] = [await aDevice(at), await aDevice(at)]
  const branch = String(at.branchId)
  const kept = () => at.db.rows(sql`select refused from kept_scan order by id`)
  const lent = { card: at.card, code: at.barcode, key: randomUUID() }
  assert.equal((await one.handIn({ ...lent, branch })).json().became, 'done')
  assert.equal((await other.handIn({ ...lent, branch })).json().became, 'done')
  assert.equal((await other.handIn({ ...lent, branch, afterUnknown: 'x' })).json().became, 'done')

  // Scanned at the live desk; the device knew no branch, and the colleague works at another one.
  const { branchId } = await aBranch(at.db)
  await at.db.rows(sql`update staff set branch_id = ${branchId} where login = ${other.login}`)
  const live = { card: at.card, code: (await aCopy(at.db, besides(at))).barcode, key: randomUUID() }
  assert.equal((await one.scan(live)).statusCode, 200)
  assert.equal((await other.handIn(live)).json().became, 'done')
  const back = { card: '', code: live.code, key: randomUUID() }
  assert.equal((await one.scan(back)).statusCode, 200)
  assert.equal((await other.handIn({ ...back, meant: 'take-back' })).json().became, 'done')
  assert.deepEqual([(await loans(at)).length, await kept()], [2, []])

  const reused = await other.handIn({ ...live, card: (await aPatron(at.db, besides(at))).card, branch })
  assert.equal(reused.json().became, 'kept')
  assert.deepEqual([(await loans(at)).length, await kept()], [2, [{ refused: 'key-reused' }]])
})

test('a scan that was listed is not listed or done again when a colleague hands it in', async () => {
  await using at = await anOpenLibrary()
  const [one, other] = [await aDevice(at), await aDevice(at)]
  const branch = String(at.branchId)
  const refused = { card: at.card, code: at.barcode, key: randomUUID(), branch }
  const unknown = { card: at.card, code: 'nothing', key: randomUUID(), branch }
  await at.db.rows(sql`update copy set lendable = false`)
  for (const scan of [refused, unknown]) await one.handIn(scan)
  await at.db.rows(sql`update copy set lendable = true`)
  for (const { handIn } of [other, one]) {
    assert.deepEqual((await handIn(refused)).json(), { became: 'kept', isUnknown: false })
    assert.deepEqual((await handIn(unknown)).json(), { became: 'kept', isUnknown: true })
  }
  assert.equal((await at.db.rows(sql`select from kept_scan`)).length, 2)
  assert.deepEqual(await loans(at), [])
  // Refused at the live desk, it is listed for whoever hands it in.
  await at.db.rows(sql`update copy set lendable = false`)
  const live = { ...refused, key: randomUUID() }
  assert.equal((await one.scan(live)).statusCode, 409)
  await at.db.rows(sql`update copy set lendable = true`)
  assert.deepEqual((await other.handIn(live)).json(), { became: 'kept', isUnknown: false })
  assert.equal((await at.db.rows(sql`select from kept_scan`)).length, 3)
})

test('a scan that was done live for another branch than that of its page is done once', async () => {
  await using at = await anOpenLibrary()
  // A colleague of this branch opened the page; by now somebody of another one is signed in.
  const page = { branch: String(at.branchId) }
  const { scan, handIn } = await aDevice(at, await aBranch(at.db))
  const lent = { card: at.card, code: at.barcode, key: randomUUID() }
  const back = { card: '', code: at.barcode, key: randomUUID() }
  for (const live of [lent, back]) {
    assert.equal((await scan(live)).statusCode, 200)
    assert.equal((await handIn({ ...live, ...page })).json().became, 'done')
  }
  assert.deepEqual(await at.db.rows(sql`select from kept_scan`), [])
  assert.equal((await loans(at)).length, 1)
})

test('a command behind something unknown is followed, and not listed as a book', async () => {
  await using at = await anOpenLibrary()
  const { handIn } = await aDevice(at)
  const behind = { card: at.card, afterUnknown: 'badly-read' }
  for (const [code, to] of [
    ['DESKRETURN', '/check-in'],
    ['/next', '/desk'],
    ['DESKHELP', '/desk/commands'],
  ] as const)
    assert.deepEqual((await handIn({ ...behind, code })).json(), { became: 'command', to })
  assert.deepEqual(await at.db.rows(sql`select from kept_scan`), [])
  // What is no command waits for somebody, as before.
  assert.equal((await handIn({ ...behind, code: at.barcode })).json().became, 'kept')
})

test('a scan of a shelf that a proxy answers in the place of the library stays, and is noted once when that is back', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address } = desk
  const [code = ''] = desk.books
  await endSession(desk.context)
  await signIn(page, at, address, 'cataloguer')
  await page.goto(`${address}/stock-takes`)
  await page.locator('form[action="/stock-takes"] button').first().click()
  await page.waitForURL('**/stock-takes/*')
  let asked = 0
  await page.route('**/stock-takes/*', (route) => {
    if (route.request().method() !== 'POST') return route.fallback()
    asked += 1
    return route.fulfill({ contentType: 'text/html', body: '<h1>We will be back</h1>' })
  })
  await scan(page, code)
  await page.getByText('Kept here: 1').waitFor()
  const seen = page.waitForResponse((answer) => answer.request().method() === 'POST')
  await Promise.all([seen, sendAgain(page)])
  await page.getByText('The library cannot be reached.').waitFor()
  assert.ok(asked > 1)
  assert.deepEqual(await stored(page), [{ code, faults: 0 }])
  await page.unroute('**/stock-takes/*')
  await sendAgain(page)
  await nothingStored(page)
  assert.deepEqual(await at.db.rows(sql`select outcome from journal where action = 'scan-shelf'`), [
    { outcome: 'done' },
  ])
})

test('who hands in for another branch finds what is to be looked at, which is lent there after all', async () => {
  await using at = await anOpenLibrary()
  const { branchId } = await aBranch(at.db, { name: 'Riverside' })
  const [there, here] = [await aDevice(at, { branchId }), await aDevice(at)]
  const scan = { code: at.barcode, card: at.card, afterUnknown: 'x', branch: String(branchId) }
  assert.equal((await here.handIn(scan)).json().became, 'kept')
  const page = await here.visitor.open('/desk/kept')
  assert.match(page.text, /· at Riverside ·/)
  assert.doesNotMatch(page.text, /Nothing to look at/)
  assert.doesNotMatch((await there.visitor.open('/desk/kept')).text, /at Riverside|Nothing to look at/)
  // A colleague beside them, who did not hand it in, is not asked.
  const colleague = await aDevice(at)
  assert.match((await colleague.visitor.open('/desk/kept')).text, /Nothing to look at/)
  // The desk of each says the same.
  for (const [{ visitor }, isTold] of [
    [there, true],
    [here, true],
    [colleague, false],
  ] as const)
    assert.equal((await visitor.open('/desk')).html.includes('href="/desk/kept"'), isTold)
  await here.visitor.open('/desk/kept')
  assert.match((await here.visitor.send('/desk/kept', {}, { says: 'Lend' })).path, /said=scan-lent/)
  assert.deepEqual(await at.db.rows(sql`select branch_id as "branchId" from loan`), [{ branchId }])
  assert.match((await there.visitor.open('/desk/kept')).text, /Nothing to look at/)
})

async function occurredAt(at: OpenLibrary): Promise<readonly number[]> {
  const rows = await at.db.rows<{ at: Date }>(sql`
    select occurred_at as at from journal where action in ('lend', 'take-back') and outcome = 'done' order by recorded_at
  `)
  return rows.map((row) => row.at.getTime())
}

test('scans that a device hands in lie as far apart as it says, however late each arrives, and never in the future', async () => {
  await using at = await anOpenLibrary()
  const { visitor, handIn } = await aDevice(at)
  const { now } = JSON.parse((await visitor.open('/desk/hand-in')).html)
  assert.ok(Math.abs(Date.now() - now) < 60_000)
  await visitor.open('/desk')
  const say = (sentAt: number, ageMs: number) => ({ sentAt: String(sentAt), ageMs: String(ageMs) })
  await handIn({ card: at.card, code: at.barcode, ...say(now - 4_000, 10_000) })
  await handIn({ card: '', code: at.barcode, ...say(now, 13_995) })
  assert.deepEqual(await occurredAt(at), [now - 14_000, now - 13_995])

  await handIn({ card: at.card, code: at.barcode, ...say(now + 3_600_000, 0) })
  const [, , lent = 0] = await occurredAt(at)
  assert.ok(lent >= now && lent <= Date.now())
})

for (const slow of ['request', 'answer'] as const)
  test(`a book lent and brought back while the library is away is no conflict, however slow one ${slow} is and wrong the clock`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 1 })
    const { at, page, address, cable, ada } = desk
    const [code = ''] = desk.books
    let lateMs = 0
    Object.assign(at.library, { clock: () => new Date(Date.now() + lateMs) })
    const itsTime = () => Date.now() + lateMs - 3 * 24 * 60 * 60_000
    await page.clock.install({ time: itsTime() })
    /** A minute goes by, here and there. */
    const later = async () => {
      lateMs += 60_000
      await page.clock.setSystemTime(itsTime())
    }
    await openFor(page, address, ada)
    await cable.pull()
    const before = Date.now()
    await scan(page, code)
    await page.getByText('Kept here: 1').waitFor()
    for (const each of ['', code]) await scan(page, each)
    await page.getByText('Kept here: 2').waitFor()
    const after = Date.now()
    let nth = 0
    // The first scan arrives late; or the second is not answered, and the time comes late before it is sent again.
    await page.route('**/desk/hand-in', async (route) => {
      const isLook = isLookAt(route.request(), '/desk/hand-in')
      if (!isLook) nth += 1
      if (slow === 'request' && nth === 1 && !isLook) await later()
      if (slow === 'answer' && nth === 2 && !isLook) return route.abort()
      if (slow === 'request' || nth < 2 || !isLook) return route.fallback()
      const response = await route.fetch()
      await later()
      return route.fulfill({ response })
    })
    await cable.plugIn()
    await page.getByText('Handed in:').waitFor()
    await nothingStored(page)
    assert.deepEqual(await at.db.rows(sql`select refused from kept_scan`), [])
    assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: code, back: true }])
    for (const time of await occurredAt(at)) assert.ok(time > before - 2_000 && time <= after)
  })
