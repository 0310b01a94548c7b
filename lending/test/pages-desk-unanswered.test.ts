import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  aWiredDesk,
  cardShown,
  endSession,
  frames,
  hanging,
  heard,
  isLookAt,
  isPostTo,
  linkOf,
  loansOf,
  only,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  sendAgain,
  signIn,
  whoHas,
} from './desk-fixtures.ts'
import { type BesideDesk, onReceipt, openBeside, toReceipt } from './desk-situations.ts'
import { nothingStored, writtenDown } from './desk-store.ts'

// What is scanned on a page beside the desk, and does not get the answer of the desk.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** From now on a proxy answers scans in the place of the library, until it is taken away. */
async function aProxy({ context }: BesideDesk): Promise<() => Promise<void>> {
  await context.route('**/desk/scan?*', (route) => route.fulfill({ body: 'A proxy' }))
  return () => context.unroute('**/desk/scan?*')
}

for (const [what, begin] of [
  [
    'the session has ended',
    async ({ context, page, at, address }: BesideDesk) => {
      await endSession(context)
      return () => signIn(page, at, address)
    },
  ],
  [
    'the library can only be read',
    async ({ at }: BesideDesk) => {
      await only(at, 'read-only')
      return () => only(at, 'normal')
    },
  ],
  [
    'the form is too old, and somebody else signed in',
    async ({ context, at, address, other }: BesideDesk) => {
      // What its forms are known by goes too.
      await context.clearCookies()
      await signIn(other, at, address)
      return async () => undefined
    },
  ],
  ['a proxy answers', aProxy],
] as const)
  test(`a book on the receipt where ${what} is handed in by the desk that comes next`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(browsing())
    const { at, page, address } = desk
    const [one = ''] = desk.books
    const end = await begin(desk)
    await page.bringToFront()
    const isTold = page.getByText('You are signed out').waitFor()
    const isGone = page.waitForURL((url) => !url.pathname.startsWith('/desk/receipt'))
    await scan(page, one)
    await Promise.any([isTold, isGone])
    assert.deepEqual(await loansOf(at), [])
    await end()
    await page.goto(`${address}/desk`)
    await page.locator('#kept.good').waitFor()
    await nothingStored(page)
    assert.equal(await whoHas(desk, one), 'Ada')
  })

// The page that comes goes on to the desk at once.
for (const [how, go] of [
  ['a link is followed', async (_: Page, press: () => Promise<void>) => press()],
  ['the page is loaded anew', async (page: Page) => void (await page.reload().catch(() => undefined))],
  ['somebody goes back', async (page: Page) => void (await page.goBack().catch(() => undefined))],
] as const)
  test(`a book on the receipt that is not answered before ${how} is handed in`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(browsing())
    const { page, other } = desk
    const [one = ''] = desk.books
    const press = await linkOf(page, other, 'Back')
    await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
    await go(page, press)
    await page.locator('#kept.good').waitFor()
    await nothingStored(page)
    assert.equal(await whoHas(desk, one), 'Ada')
  })

test('a book on the receipt that is answered is not handed in again, done or refused', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, ada, ben, address } = desk
  const [one = ''] = desk.books
  for (const card of [ada, ben]) {
    await openFor(page, address, card)
    await readyToScan(page)
    await heard(page)
    await toReceipt(page)
    await scan(page, one)
    await page.locator('#desk:not([data-outcome=""])').waitFor()
    await readyToScan(page)
    // Where it can be loaded anew, also behind a form that was refused.
    const { pathname, searchParams } = new URL(page.url())
    assert.deepEqual([pathname, searchParams.get('scan')], ['/desk', null])
    await nothingStored(page)
    // Of nothing that was kept it is said that it is in now.
    assert.equal(await page.locator('#kept').isHidden(), true)
  }
  const kept = await at.db.rows(sql`select from kept_scan`)
  assert.deepEqual([await whoHas(desk, one), kept], ['Ada', []])
})

test('a book on the receipt is for whoever was scanned on the way to it, also when another page has handed that in', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, other, ben, address } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  const letGo = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk/receipt'),
    () => scan(page, 'DESKRECEIPT'),
  )
  await scanBlindly(page, ben)
  await writtenDown(other, ben)
  letGo()
  await page.waitForURL('**/desk/receipt*')
  await page.locator('#scan:focus').waitFor()
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  await nothingStored(other)
  // It forgets who stood at pages that are gone, before it is there.
  await other.reload()
  await readyToScan(other)
  await Promise.all([answered(other, ben), scan(other, ben)])
  await page.bringToFront()
  await scan(page, one)
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await nothingStored(page)
  assert.deepEqual([await cardShown(page), await whoHas(desk, one)], [ben, 'Ben'])
})

for (const [how, go] of [
  ['goes back to', async (page: Page) => page.goBack()],
  ['opens by its address', async (page: Page, receipt: string) => page.goto(receipt)],
] as const)
  test(`on a receipt that somebody ${how}, a book is for whose it is, and not for whoever was kept since`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 2 })
    const { page, context, address, ada, ben } = desk
    const [one = '', two = ''] = desk.books
    await openFor(page, address, ben)
    await readyForOffline(page)
    await readyToScan(page)
    await toReceipt(page)
    await scan(page, ada)
    await page.getByRole('heading', { name: 'Ada Reader' }).waitFor()
    await readyToScan(page)
    await heard(page)
    // The desk finds no way back before somebody goes back by another one.
    const paths = /\/desk\/(?:scan|hand-in)$/
    await context.route(paths, (route) => route.abort())
    await scan(page, one)
    await page.getByText('Kept here: 1').waitFor()
    await go(page, `${address}/desk/receipt?card=${ben}`)
    await page.waitForURL('**/desk/receipt*')
    await page.locator('#scan:focus').waitFor()
    await context.unroute(paths)
    await heard(page)
    await scan(page, two)
    await page.locator('#kept.good').waitFor()
    await nothingStored(page)
    assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ben'])
  })

test('a book right behind a scan that was cut as the receipt came is for nobody', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, ada, address } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await atOnce(page)
  await page.keyboard.type('car')
  await page.goto(`${address}/desk/receipt?card=${ada}`)
  await page.getByText('A scan was cut in two').waitFor()
  await scan(page, 'd-1')
  await scanBlindly(page, one)
  await page.waitForURL('**/desk')
  await page.clock.resume()
  await page.locator('#kept.warn').waitFor()
  await nothingStored(page)
  const listed = await at.db.rows(sql`select refused from kept_scan`)
  assert.deepEqual([listed, await loansOf(at)], [[{ refused: 'after-unknown' }], []])
})

test('a book right behind a scan that was cut without the library is for nobody', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, cable } = desk
  const [one = '', two = ''] = desk.books
  await readyForOffline(page)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await atOnce(page)
  await page.keyboard.type('car')
  await page.reload()
  await page.locator('#answer').getByText('A scan was cut in two').waitFor()
  await scan(page, 'd-1')
  await scan(page, two)
  await page.clock.resume()
  await page.getByText('Kept here: 2').waitFor()
  await cable.plugIn()
  await sendAgain(page)
  await nothingStored(page)
  const listed = await at.db.rows(sql`select refused from kept_scan`)
  assert.deepEqual(listed, [{ refused: 'after-unknown' }])
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('two desks beside a kept scan that cannot go in yet do not answer each other for ever', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, other, address, context } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await heard(page)
  const halted = JSON.stringify({ lend: { since: '2026-01-01T00:00:00Z', because: 'A test' } })
  await at.db.rows(sql`update fence set halted_verbs = ${halted}::jsonb`)
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  let asked = 0
  context.on('request', (request) => {
    if (isPostTo('/desk/hand-in')(request)) asked += 1
  })
  for (const each of [page, other]) {
    await each.goto(`${address}/check-in`)
    await readyToScan(each)
    await each.getByText('Scans of work that is halted').waitFor()
  }
  await frames(page, 120)
  assert.ok(asked >= 2 && asked < 10, `${asked} attempts`)
})
