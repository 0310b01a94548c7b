import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  aWiredDesk,
  endSession,
  hanging,
  heard,
  isLookAt,
  isScanOf,
  loansOf,
  only,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  sendAgain,
  signIn,
  type WiredDesk,
} from './desk-fixtures.ts'
import { nothingStored, remembered, stored, writtenDown } from './desk-store.ts'

const skip = noChromium
const browsing = oneBrowser()

const click = (page: Page, name: string) =>
  page.evaluate(
    `requestAnimationFrame(() => [...document.querySelectorAll('a')].find((a) => a.textContent === ${JSON.stringify(name)}).click())`,
  )

test('behind a sign-out the next one at this desk does not go on for the patron of the one before', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  const isShownAnew = (url: string) => new URL(url).searchParams.get('card') === ada
  const letGo = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk') && isShownAnew(asked.url()),
    () => cable.plugIn(),
  )
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL('**/?said=signed-out')
  letGo()
  assert.deepEqual(await remembered(page), [])
  await signIn(page, at, address)
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('who signs out while the library can only be read leaves nobody behind at an empty desk', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await only(at, 'read-only')
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL('**/?said=signed-out')
  await signIn(page, at, address)
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await only(at, 'normal')
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('a book scanned while the empty desk is on its way is lent to nobody, and a card opens there', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  // A page on its way answers no question: another one of the device does.
  const other = await desk.context.newPage()
  await other.goto(`${address}/me`)
  await openFor(page, address, ada)
  await page.bringToFront()
  const letGo = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk'),
    () => click(page, 'Next patron'),
  )
  for (const code of [one, ben]) await scanBlindly(page, code)
  await writtenDown(other, ben)
  letGo()
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await scan(page, two)
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ben', barcode: two, back: false }])
})

test('a card that another page hands in while this one is shown anew is whom it shows then', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  const other = await desk.context.newPage()
  await other.goto(`${address}/desk`)
  await openFor(page, address, ada)
  await readyForOffline(page)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  const isShownAnew = (url: string) => new URL(url).searchParams.get('card') === ada
  const letGo = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk') && isShownAnew(asked.url()),
    () => cable.plugIn(),
  )
  await scan(page, ben)
  await writtenDown(page, ben)
  await Promise.all([answered(other, ben), other.reload()])
  await nothingStored(other)
  letGo()
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await Promise.all([answered(page, two), scan(page, two)])
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

test('a scan that is sent again after it was given up does not bring its patron back', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 4 })
  const { at, page, address, cable, ada, ben } = desk
  const [one = '', two = '', three = '', four = ''] = desk.books
  let broken = two
  let isThere = true
  await page.route('**/desk/hand-in', (route) => {
    if (!isScanOf(route.request(), broken)) return route.fallback()
    return isThere ? route.fulfill({ status: 500, body: '' }) : route.abort()
  })
  await openFor(page, address, ada)
  await cable.pull()
  for (const book of [one, two]) await scan(page, book)
  await page.getByText('Kept here: 2').waitFor()
  await cable.plugIn()
  await page.getByText('could not take these in').waitFor({ timeout: 60_000 })
  await scan(page, ben)
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await cable.pull()
  for (const book of [three, four]) await scan(page, book)
  await page.getByText('Kept here: 3').waitFor()
  broken = four
  isThere = false
  await Promise.all([answered(page, three), cable.plugIn()])
  await page.getByText('Kept here: 2').waitFor({ timeout: 40_000 })
  broken = ''
  await sendAgain(page)
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ben', barcode: three, back: false },
    { who: 'Ada', barcode: two, back: false },
    { who: 'Ben', barcode: four, back: false },
  ])
})

test('a page that was opened for somebody stays theirs when it is loaded anew', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await only(at, 'read-only')
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await openFor(page, address, ben)
  await readyToScan(page)
  await page.reload()
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await readyToScan(page)
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await only(at, 'normal')
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

for (const [what, begin] of [
  ['the command for the next patron', (page: Page) => scan(page, 'DESKNEXT')],
  ['the link to it', (page: Page) => click(page, 'Next patron')],
] as const) {
  test(`${what} holds where the empty desk does not come: the page shows nobody`, {
    skip,
    timeout: 60_000,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 1 })
    const { at, page, address, ada } = desk
    const [one = ''] = desk.books
    await page.clock.install()
    await openFor(page, address, ada)
    let isSlow = true
    const letGo = await hanging(
      page,
      (asked) => isSlow && isLookAt(asked, '/desk'),
      () => begin(page),
    )
    // The browser gives the way up, as when somebody stops it.
    const session = await desk.context.newCDPSession(page)
    await session.send('Page.stopLoading')
    isSlow = false
    await page.clock.fastForward(600)
    assert.equal(await page.getByRole('heading', { name: 'Ada Reader' }).count(), 0)
    await page.clock.fastForward(11_000)
    await page.getByText('Scan the patron’s card').waitFor()
    await Promise.all([answered(page, one), scan(page, one)])
    letGo()
    assert.deepEqual(await loansOf(at), [])
  })
}

test('without the library the desk shows nobody behind the end of a patron', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { page, address, cable, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await scan(page, '')
  await page.waitForURL(({ search }) => search === '')
  assert.equal(await page.getByText('could not be kept').count(), 0)
  for (const code of [ben, two]) await scan(page, code)
  await page.getByText('Kept here: 3').waitFor()
  assert.deepEqual(await page.getByRole('heading', { name: 'Reader' }).allTextContents(), [])
})

test('no scan is taken before the desk has its script, and it is told', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, address, cable, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await using context = await browsing().newContext({ serviceWorkers: 'block' })
  const page = await context.newPage()
  await signIn(page, at, address)
  await openFor(page, address, ada)
  await cable.pull()
  for (const code of ['', ben, one]) await scan(page, code)
  await page.getByText('Kept here: 2').waitFor()
  const { promise: over, resolve: letGo } = Promise.withResolvers<void>()
  await context.route('**/desk.js', async (route) => {
    await over
    await route.fallback()
  })
  await cable.plugIn()
  await page.reload({ waitUntil: 'commit' })
  await scanBlindly(page, two)
  letGo()
  await page.getByText('A scan was cut in two').waitFor()
  await heard(page)
  await scan(page, two)
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Ben', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

test('where the device takes nothing any more, what is scanned then is for whom it was before', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  // The disk is full: the browser says so by this fault.
  await page.evaluate(
    `IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') }`,
  )
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await Promise.all([answered(page, two), cable.plugIn()])
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ada', barcode: two, back: false },
  ])
})

test('a book behind a card that was read badly waits, where nobody stands at the desk, too', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address } = desk
  const [one = ''] = desk.books
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, 'badly-read'),
    () => scan(page, 'badly-read'),
  )
  await scan(page, one)
  await writtenDown(page, one)
  letGo()
  await page.getByText('Was it the next card?').waitFor()
  assert.deepEqual(
    (await stored(page)).map(({ code }) => code),
    [one],
  )
  assert.deepEqual(await loansOf(at), [])
})

test('scans for another library at this address wait for it', { skip, timeout: 60_000 }, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, cable, ada } = desk
  const [one = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  // As if it had been made for another one: what a device cannot know is left out.
  await page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open('bibby-desk')
    opening.onsuccess = () => {
      const scans = opening.result.transaction('scans', 'readwrite').objectStore('scans')
      scans.getAll().onsuccess = ({ target }) => {
        for (const each of target.result) scans.put({ ...each, library: 'another' })
        scans.transaction.oncomplete = () => resolve(opening.result.close())
      }
    }
  })`)
  await cable.plugIn()
  await page.goto(`${address}/desk`)
  await page.getByText('Scans for another library are kept here.').waitFor()
  assert.deepEqual(
    [(await stored(page)).length, await loansOf(at), await at.db.rows(sql`select from kept_scan`)],
    [1, [], []],
  )
})

for (const [where, role, open] of [
  ['a desk', 'desk', (page: Page, desk: WiredDesk) => openFor(page, desk.address, desk.ada)],
  ['a pile of returns', 'desk', (page: Page, { address }: WiredDesk) => page.goto(`${address}/check-in`)],
  ['a shelf', 'cataloguer', openShelf],
] as const) {
  test(`a page of ${where} that is still open when another library is at its address hands it nothing`, {
    skip,
    timeout: 60_000,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 1 })
    const { at, page, context, address } = desk
    const [one = ''] = desk.books
    await endSession(context)
    await signIn(page, at, address, role)
    await open(page, desk)
    const [here] = await at.db.rows<{ id: string }>(sql`select id::text from library`)
    await at.db.rows(sql`update library set id = gen_random_uuid()`)
    const done = () =>
      at.db.rows(
        sql`select action from journal where action in ('lend', 'take-back', 'keep-scan', 'scan-shelf')`,
      )
    await scan(page, one)
    await page.getByText('Scans for another library are kept here.').waitFor()
    assert.deepEqual([await stored(page), await done()], [[{ code: one, faults: 0 }], []])
    await at.db.rows(sql`update library set id = ${here?.id}`)
    await sendAgain(page)
    await nothingStored(page)
    assert.equal((await done()).length, 1)
  })
}

async function openShelf(page: Page, { address }: WiredDesk): Promise<void> {
  await page.goto(`${address}/stock-takes`)
  await page.locator('form[action="/stock-takes"] button').first().click()
  await page.waitForURL('**/stock-takes/*')
}

for (const [what, leave] of [
  ['a link', (page: Page) => page.getByRole('link', { name: 'Next patron' }).click()],
  ['a form of whoever is shown', (page: Page) => page.getByRole('button', { name: 'Renew' }).first().click()],
] as const) {
  test(`what waits behind something unknown is listed for somebody when the desk is left by ${what}`, {
    skip,
    timeout: 60_000,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 2 })
    const { at, page, address, ada } = desk
    const [one = '', two = ''] = desk.books
    await openFor(page, address, ada)
    await scan(page, one)
    await page.getByText('On loan: 1 item').waitFor()
    const letGo = await hanging(
      page,
      (asked) => isScanOf(asked, 'badly-read'),
      () => scan(page, 'badly-read'),
    )
    await scan(page, two)
    letGo()
    await page.getByText('Was it the next card?').waitFor()
    await Promise.all([answered(page, two), leave(page)])
    await nothingStored(page)
    assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
    assert.deepEqual(await at.db.rows(sql`select refused from kept_scan`), [{ refused: 'after-unknown' }])
  })
}

test('a command that leads to a page without a desk ends whom the desk showed', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await only(at, 'read-only')
  await scan(page, one)
  await page.getByText('The library can only be read now.').waitFor()
  await scan(page, 'DESKHELP')
  await page.waitForURL('**/desk/commands')
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await only(at, 'normal')
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})
