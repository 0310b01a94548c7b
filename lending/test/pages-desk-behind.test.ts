import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContextOptions, Page, Request } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  hanging,
  heard,
  isLookAt,
  isPostTo,
  isScanOf,
  linkOf,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  type WiredDesk,
  whoHas,
} from './desk-fixtures.ts'
import { closedMs, onReceipt, openBeside, renew, renewable, takesUp, toReceipt } from './desk-situations.ts'
import { busyDisk, later, nothingStored, pagesOfStored, takenAll } from './desk-store.ts'

// What is scanned right behind something whose answer is on its way, and whom it is for.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** The way to the desk that hands in what is jotted down does not begin: the answer to the first scan comes before it. */
async function answerComesFirst(page: Page): Promise<void> {
  await page.evaluate(
    "navigation.addEventListener('navigate', (event) => { if (event.destination.url.endsWith('/desk')) event.preventDefault() })",
  )
}

/** What was taken back or listed. */
async function backOrListed({ at }: Pick<WiredDesk, 'at'>) {
  const back = await at.db.rows(sql`select from journal where action = 'take-back'`)
  const listed = await at.db.rows<{ refused: string }>(sql`select refused from kept_scan`)
  return { back: back.length, listed: listed.map(({ refused }) => refused) }
}

const isPost = (asked: Request) => asked.method() === 'POST'

test('behind a card on the receipt that the answer to a book came over, books there and at the desk are for that card', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 3)
  const { page, ben } = desk
  const [one = '', two = '', three = ''] = desk.books
  await answerComesFirst(page)
  const letGo = await hanging(page, isPost, () => scanBlindly(page, one))
  for (const code of [ben, two]) await scanBlindly(page, code)
  letGo()
  await page.waitForURL('**/desk?card=*')
  await readyToScan(page)
  await scan(page, three)
  await page.locator('#kept.good, #kept.warn').waitFor()
  await nothingStored(page)
  assert.deepEqual(await Promise.all(desk.books.map((book) => whoHas(desk, book))), ['Ada', 'Ben', 'Ben'])
})

test('a book on the receipt is listed where the empty desk comes in the place of the answer before it', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, context, ben } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await readyForOffline(page)
  await toReceipt(page)
  await answerComesFirst(page)
  const letGo = await hanging(page, isPost, () => scanBlindly(page, ben))
  await scanBlindly(page, one)
  await context.route('**/desk?card=*', (route) => route.abort())
  letGo()
  await page.locator('[data-shell]').waitFor({ state: 'attached' })
  await page.locator('#kept.good, #kept.warn').waitFor()
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [])
  assert.deepEqual(await backOrListed(desk), { back: 0, listed: ['after-unknown'] })
})

test('a book on a receipt that somebody has left for before a slow disk had looked is for whom that shows', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const isFree = await busyDisk(other)
  await page.reload()
  await readyToScan(page)
  await heard(page)
  await page.getByRole('link', { name: 'Receipt to print' }).click()
  await page.waitForURL('**/desk/receipt*')
  await page.locator('#scan:focus').waitFor()
  await heard(page)
  await scan(page, two)
  await page.waitForURL(({ pathname }) => pathname === '/desk')
  await readyToScan(page)
  await isFree()
  await page.getByText('On loan: 2 items').waitFor()
  await nothingStored(page)
  assert.equal(await whoHas(desk, two), 'Ada')
})

test('a book whose card a doubled tab has taken from under it is listed, and not taken back', {
  skip,
  timeout,
}, async () => {
  const withoutWorker = {
    newContext: (how?: BrowserContextOptions) => browsing().newContext({ ...how, serviceWorkers: 'block' }),
  }
  await using desk = await onReceipt(withoutWorker, 2)
  const { page, other, context, ben } = desk
  const [one = ''] = desk.books
  const letAsk = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk/hand-in'),
    () => scanBlindly(page, ben),
  )
  const [doubled] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate('void window.open(location.href)'),
  ])
  await doubled.locator('#scan:focus').waitFor()
  const { promise: mayGo, resolve: letDoubled } = Promise.withResolvers<void>()
  await doubled.route('**/desk', async (route) => {
    await mayGo
    await route.continue()
  })
  await page.bringToFront()
  await scanBlindly(page, one)
  const { promise: mayArrive, resolve: letPost } = Promise.withResolvers<void>()
  await context.route('**/desk/hand-in', async (route) => {
    if (isScanOf(route.request(), ben)) await mayArrive
    await route.fallback().catch(() => undefined)
  })
  const posted = context.waitForEvent(
    'request',
    (asked) => isScanOf(asked, ben) && isPostTo('/desk/hand-in')(asked),
  )
  letAsk()
  await posted
  const before = (await pagesOfStored(other)).get(ben)
  letDoubled()
  while ((await pagesOfStored(other)).get(ben) === before) await heard(other)
  letPost()
  await nothingStored(other)
  assert.deepEqual(await backOrListed(desk), { back: 0, listed: ['after-unknown'] })
})

test('what is scanned as a form leads away goes in from another desk where the tab is closed before its disk has it', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const isFree = await busyDisk(other)
  await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  await scanBlindly(page, two)
  page.on('dialog', (dialog) => void dialog.accept())
  await Promise.all([page.waitForEvent('close'), page.close({ runBeforeUnload: true })])
  await isFree()
  await takesUp(desk)
  await other.locator('#kept.good').waitFor()
  await nothingStored(other)
  assert.equal(await whoHas(desk, two), 'Ada')
})

test('what a desk had jotted down is not lost where a doubled tab takes its name', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, context, address, ada } = desk
  const [one = ''] = desk.books
  await heard(page)
  await page.getByRole('link', { name: 'Patrons', exact: true }).first().click()
  await page.waitForURL('**/patrons')
  const [doubled] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate('void window.open(location.href)'),
  ])
  await doubled.waitForLoadState()
  await page.bringToFront()
  await openFor(page, address, ada)
  await readyToScan(page)
  await heard(page)
  const isFree = await busyDisk(other)
  const press = await linkOf(page, other, 'Patrons')
  const letGo = await hanging(page, (asked) => isLookAt(asked, '/patrons'), press)
  await scanBlindly(page, one)
  letGo()
  await page.waitForURL('**/patrons')
  await doubled.bringToFront()
  await doubled.goto(`${address}/desk`)
  await readyToScan(doubled)
  await page.bringToFront()
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  await isFree()
  // Either of them may hand it in.
  for (const each of [doubled, page]) await later(each, closedMs)
  await takenAll(page)
  await nothingStored(page)
  // By their clock it was scanned before it was lent: the library was asked, and lists it.
  assert.deepEqual(await backOrListed(desk), { back: 1, listed: ['lent-since'] })
})

test('on a full disk a book on the receipt outlives a page that is loaded anew', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, context, cable } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await readyForOffline(page)
  await toReceipt(page)
  await context.addInitScript(`for (const way of ['add', 'put'])
    IDBObjectStore.prototype[way] = () => { throw new DOMException('full', 'QuotaExceededError') }`)
  await cable.pull()
  await scan(page, one)
  await page.locator('[data-shell]').waitFor({ state: 'attached' })
  await page.getByText('Kept here: 1').waitFor()
  page.on('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await page.getByText('Kept here: 1').waitFor()
  await cable.plugIn()
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  assert.equal(await whoHas(desk, one), 'Ada')
  assert.equal(await page.evaluate("sessionStorage.getItem('bibby-jotted')"), null)
})

test('where the form of a scan on the receipt fails, the page stays and takes the next one', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, context } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await readyForOffline(page)
  await toReceipt(page)
  await context.route('**/desk/scan?*', (route) =>
    route.fulfill({ status: 503, contentType: 'text/html', body: '<h1>Strange</h1>' }),
  )
  await scan(page, one)
  await page.locator('#kept.good').waitFor()
  await scan(page, two)
  await page.getByText('On loan: 2 items').waitFor()
  await nothingStored(page)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ada'])
})
