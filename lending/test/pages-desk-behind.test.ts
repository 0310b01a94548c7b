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
  loansOf,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  type WiredDesk,
  whoHas,
} from './desk-fixtures.ts'
import { onReceipt, openBeside, renewable, toReceipt } from './desk-situations.ts'
import { busyDisk, nothingStored, pagesOfStored } from './desk-store.ts'

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
