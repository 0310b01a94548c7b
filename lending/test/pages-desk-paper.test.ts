import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  atOnce,
  aWiredDesk,
  cardShown,
  hanging,
  heard,
  isDeskOf,
  isLookAt,
  isScanOf,
  loansOf,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  signIn,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside, renewable, toSlip } from './desk-situations.ts'
import { nothingStored, writtenDown } from './desk-store.ts'

// Pages that commands lead to, away from the desk: its paper and its lists. Who works with the scanner alone goes on from there.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

const led = [
  ['DESKRECEIPT', '/desk/receipt'],
  ['DESKHELP', '/desk/commands'],
  ['DESKKEPT', '/desk/kept'],
  ['DESKHOLDS', '/shelf'],
] as const

/** The page that the command leads to is there, and its cursor stands in the field. */
async function go(page: Page, command: string, path: string): Promise<void> {
  await scan(page, command)
  await page.waitForURL(({ pathname }) => pathname === path)
  await page.locator('#scan:focus').waitFor()
}

for (const [command, path] of led) {
  test(`the command for the next patron, on the page that ${command} led to, leads to the empty desk`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { page } = desk
    const [one = ''] = desk.books
    await readyToScan(page)
    await go(page, command, path)
    await scan(page, 'DESKNEXT')
    await page.waitForURL(({ pathname, search }) => pathname === '/desk' && search === '')
    await readyToScan(page)
    await scan(page, one)
    await page.locator('#desk:not([data-outcome=""])').waitFor()
    assert.deepEqual([await cardShown(page), await whoHas(desk, one)], ['', undefined])
  })

  test(`a card, on the page that ${command} led to, opens its patron, wherever the focus is`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { page, ben } = desk
    const [one = ''] = desk.books
    await readyToScan(page)
    await go(page, command, path)
    await page.locator('main .button.quiet:not(form *)').first().focus()
    await scanBlindly(page, ben)
    await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
    await readyToScan(page)
    await scan(page, one)
    await page.getByText('On loan: 1 item').waitFor()
    assert.equal(await whoHas(desk, one), 'Ben')
  })
}

test('a book on the receipt of a patron is lent to them, and the desk says so', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, ada } = desk
  const [, two = ''] = desk.books
  await go(page, 'DESKRECEIPT', '/desk/receipt')
  await scan(page, two)
  await page.getByText('On loan: 2 items').waitFor()
  await page.locator('#desk[data-outcome="done"]').getByText(two).first().waitFor()
  assert.deepEqual([await cardShown(page), await whoHas(desk, two)], [ada, 'Ada'])
})

test('a book on the slip for the hold shelf is one more that comes back', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page } = desk
  const [one = '', two = ''] = desk.books
  await toSlip(desk, one)
  await scan(page, two)
  await page.waitForURL('**/check-in?copy=*')
  await page.locator('#desk[data-outcome="done"]').waitFor()
})

test('without script a page that a command led to takes a card, and then its receipt a book', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, address, ada } = desk
  const [one = ''] = desk.books
  await using context = await browsing().newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await signIn(page, at, address)
  await page.goto(`${address}/desk`)
  await go(page, 'DESKHELP', '/desk/commands')
  await scan(page, ada)
  await page.getByRole('heading', { name: 'Ada Reader' }).waitFor()
  await go(page, 'DESKRECEIPT', '/desk/receipt')
  await scan(page, one)
  await page.getByText('On loan: 1 item').waitFor()
  await go(page, 'DESKRECEIPT', '/desk/receipt')
  await scan(page, '')
  await page.waitForURL(({ pathname, search }) => pathname === '/desk' && search === '')
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('an empty field on the receipt means the next patron, unless it is entered as soon as the page is there', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, address, ada } = desk
  await atOnce(page)
  await page.goto(`${address}/desk/receipt?card=${ada}`)
  await scan(page, '')
  await page.getByText('A scan was cut in two').waitFor()
  await page.clock.resume()
  await heard(page)
  await scan(page, '')
  await page.waitForURL(({ pathname, search }) => pathname === '/desk' && search === '')
})

for (const [from, to] of [
  ['/desk', '/desk/commands'],
  ['/desk/commands', '/desk'],
] as const)
  test(`a scan that is half typed on the way from ${from} to ${to} is told as cut`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { at, page, address } = desk
    const [one = ''] = desk.books
    await page.goto(`${address}${from}`)
    await atOnce(page)
    await page.keyboard.type(one.slice(0, 3))
    await page.goto(`${address}${to}`)
    await page.getByText('A scan was cut in two').waitFor()
    await scan(page, one.slice(3))
    await page.clock.resume()
    await heard(page)
    await Promise.all([
      page.context().waitForEvent('request', (asked) => isScanOf(asked, one)),
      scan(page, one),
    ])
    await page.locator('#desk:not([data-outcome=""])').getByText(one).first().waitFor()
    assert.deepEqual(await at.db.rows(sql`select from journal where outcome = 'refused'`), [])
  })

test('a book on the receipt goes to whoever was scanned while the receipt was on its way', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, other, ben } = desk
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
  await scan(page, one)
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await nothingStored(page)
  assert.deepEqual([await cardShown(page), await whoHas(desk, one)], [ben, 'Ben'])
})

test('a card and its books, scanned at once on a page without a desk, are all taken', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, ben } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await go(page, 'DESKHELP', '/desk/commands')
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, ben) || isDeskOf('')(asked),
    () => scanBlindly(page, ben),
  )
  for (const code of [one, two]) await scanBlindly(page, code)
  letGo()
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await readyToScan(page)
  await nothingStored(page)
  await page.getByText('On loan: 2 items').waitFor()
  assert.deepEqual(
    [await cardShown(page), await loansOf(at)],
    [ben, [one, two].map((barcode) => ({ who: 'Ben', barcode, back: false }))],
  )
})

test('a book on the receipt whose answer does not come is lent once, and the next one behind it', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, ada } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await go(page, 'DESKRECEIPT', '/desk/receipt')
  const { promise: isLent, resolve: lent } = Promise.withResolvers<void>()
  await page.context().route('**/desk/scan?*', async (route) => {
    await route.fetch({ maxRedirects: 0 })
    lent()
  })
  await Promise.all([isLent, scan(page, one)])
  await scanBlindly(page, two)
  await page.getByText('On loan: 2 items').waitFor()
  await nothingStored(page)
  assert.deepEqual(
    [await cardShown(page), await loansOf(at), await at.db.rows(sql`select from kept_scan`)],
    [ada, [one, two].map((barcode) => ({ who: 'Ada', barcode, back: false })), []],
  )
})

for (const [command, path, who] of [
  ['DESKRECEIPT', '/desk/receipt', 'Ada'],
  ['DESKHOLDS', '/shelf', undefined],
] as const) {
  test(`a book on the page that ${command} led to is kept where that finds the library away`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { at, page, cable } = desk
    const [one = ''] = desk.books
    await readyForOffline(page)
    await go(page, command, path)
    await cable.pull()
    await scan(page, one)
    await page.locator('#kept[data-shell]').waitFor({ state: 'attached' })
    await page.getByText('Kept here: 1').waitFor()
    await cable.plugIn()
    await nothingStored(page)
    assert.equal(await whoHas(desk, one), who)
    // Nobody stands at the holds: there it came back.
    const done = await at.db.rows(sql`select action from journal where action in ('lend', 'take-back')`)
    assert.deepEqual(done, [{ action: who ? 'lend' : 'take-back' }])
  })
}
