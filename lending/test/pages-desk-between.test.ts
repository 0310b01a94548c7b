import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  aWiredDesk,
  comesTo,
  endSession,
  hanging,
  heard,
  isLookAt,
  isPostTo,
  isScanOf,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  sendAgain,
  signIn,
} from './desk-fixtures.ts'
import { reasoning, renew, renewable } from './desk-situations.ts'
import { busyDisk, nothingStored, stored, writtenDown } from './desk-store.ts'

// What is scanned between two pages, or between two answers.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** Ada presses Renew, and its page does not come yet. */
async function renewing(books: number) {
  const desk = await renewable(browsing(), books)
  const letGo = await hanging(desk.page, isPostTo('/desk/renew'), () => renew(desk.page))
  return { ...desk, letGo }
}

const answerOf = (page: Page) => page.locator('#answer').textContent()

test('a command for returns while another page is on its way leads to the returns, and ends whoever stood there', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewing(2)
  const { at, page, other, letGo } = desk
  const [one = '', two = ''] = desk.books
  await scanBlindly(page, 'DESKRETURN')
  await scanBlindly(page, two)
  await writtenDown(other, 'DESKRETURN')
  letGo()
  await comesTo(page, '**/check-in')
  await nothingStored(other)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('the next card while another page is on its way opens its patron, for the books that come after that page too', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewing(3)
  const { at, page, other, ben, letGo } = desk
  const [one = '', two = '', three = ''] = desk.books
  for (const code of [ben, two]) await scanBlindly(page, code)
  await writtenDown(other, two)
  letGo()
  await page.waitForURL('**/desk?card=*')
  await nothingStored(page)
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await Promise.all([answered(page, three), scan(page, three)])
  assert.deepEqual(
    (await loansOf(at)).map(({ who, barcode }) => [who, barcode]),
    [
      ['Ada', one],
      ['Ben', two],
      ['Ben', three],
    ],
  )
})

test('the next card while another page is on its way opens its patron also where it is handed in before that page is there', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 4)
  const { at, page, cable, other, ada, ben } = desk
  const [one = '', two = '', three = '', four = ''] = desk.books
  await cable.pull()
  await scan(page, two)
  await page.getByText('The library cannot be reached').waitFor()
  await cable.plugIn()
  // Ada's book is on its way, and so is the page that her form leads to.
  const letIn = await hanging(
    page,
    (asked) => isScanOf(asked, two),
    () => sendAgain(page),
  )
  const letGo = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  await scanBlindly(page, ben)
  await scanBlindly(page, three)
  await writtenDown(other, three)
  letIn()
  await nothingStored(other)
  letGo()
  await page.waitForURL('**/desk?card=*')
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await Promise.all([answered(page, four), scan(page, four)])
  assert.deepEqual(
    (await loansOf(at)).map(({ who, barcode }) => [who, barcode]),
    [
      ['Ada', one],
      ['Ada', two],
      ['Ben', three],
      ['Ben', four],
    ],
  )
  // And what Ada left behind leads nobody to Ben later.
  await openFor(page, desk.address, ada)
  await readyToScan(page)
  await page.getByRole('heading', { name: 'Ada Reader' }).waitFor()
})

test('a scan that was entered, and not yet on a slow disk when its page went, is done', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewing(2)
  const { at, page, other, letGo } = desk
  const [one = '', two = ''] = desk.books
  // The disk is busy until the page has gone.
  const isFree = await busyDisk(other)
  await scanBlindly(page, two)
  letGo()
  await page.waitForURL('**/desk?card=*')
  await readyToScan(page)
  await isFree()
  await answered(page, two)
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ada', barcode: two, back: false },
  ])
})

test('a scan that is entered before a slow disk says what was kept follows what the page followed, also when it is loaded anew again', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, context, cable, address, ada, ben } = desk
  const [one = ''] = desk.books
  const other = await context.newPage()
  await other.goto(`${address}/me`)
  await openFor(page, address, ada)
  await page.bringToFront()
  await readyForOffline(page)
  await cable.pull()
  await scan(page, ben)
  await page.getByText('Kept here: 1').waitFor()
  const isFree = await busyDisk(other)
  await cable.plugIn()
  await page.reload()
  await readyToScan(page)
  await heard(page)
  await scanBlindly(page, one)
  page.on('dialog', (asks) => asks.accept())
  await page.reload()
  await readyToScan(page)
  await Promise.all([answered(page, one), isFree()])
  await nothingStored(other)
  assert.deepEqual(await loansOf(at), [{ who: 'Ben', barcode: one, back: false }])
})

test('a scan that is half typed when the page changes is told as cut, and its rest is not taken for another', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, ada } = desk
  const [one = ''] = desk.books
  await openFor(page, address, ada)
  await readyToScan(page)
  await atOnce(page)
  await page.keyboard.type(one.slice(0, 3))
  await page.reload()
  await page.getByText('A scan was cut in two').waitFor()
  await scan(page, one.slice(3))
  // It may have been the next card, and nobody has heard that it was cut.
  await scan(page, one)
  await page.getByText('Was it the next card?').waitFor()
  assert.deepEqual(await loansOf(at), [])
  await page.getByRole('button', { name: 'Go on with them' }).press('Enter')
  await page.clock.resume()
  await page.getByText('On loan: 1 item').waitFor()
  await page.locator('#answer').getByText('A scan was cut in two').waitFor({ state: 'hidden' })
  // What it was nobody knows: it is listed until somebody has seen to it.
  await page.locator('#refused').getByText('A scan was cut in two').waitFor()
  await page.locator('#refused').getByText('Refused before: 1').waitFor()
  assert.deepEqual(await at.db.rows(sql`select from journal where outcome = 'refused'`), [])
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('an empty field that is entered as soon as the page is there does not end the patron', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, ada } = desk
  const [one = ''] = desk.books
  await openFor(page, address, ada)
  await atOnce(page)
  await page.reload()
  await scan(page, '')
  await page.getByText('A scan was cut in two').waitFor()
  await page.clock.resume()
  await Promise.all([answered(page, one), scan(page, one)])
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

for (const [when, before] of [
  ['half typed when', 5],
  ['begun as soon as', 0],
] as const)
  test(`a book that is ${when} the desk says that a card is not known waits for somebody to look`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 2 })
    const { at, page, address, ada } = desk
    const [one = '', two = ''] = desk.books
    await openFor(page, address, ada)
    await atOnce(page)
    const letGo = await hanging(
      page,
      (asked) => isScanOf(asked, 'badly-read'),
      () => scan(page, 'badly-read'),
    )
    await page.keyboard.type(one.slice(0, before))
    letGo()
    await page.locator('#desk[data-outcome="refused"]').waitFor()
    await scanBlindly(page, one.slice(before))
    await page.getByText('Was it the next card?').waitFor()
    assert.deepEqual(await loansOf(at), [])
    await page.getByRole('button', { name: 'Drop them' }).press('Enter')
    await page.clock.resume()
    await nothingStored(page)
    await heard(page)
    await Promise.all([answered(page, two), scan(page, two)])
    assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: two, back: false }])
  })

test('it waits also when a command between the two is under way', { skip, timeout }, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, ada } = desk
  const [one = ''] = desk.books
  await openFor(page, address, ada)
  await atOnce(page)
  await scan(page, 'badly-read')
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, 'DESKRECEIPT'),
    () => scan(page, 'DESKRECEIPT'),
  )
  await scan(page, one)
  await page.getByText('Was it the next card?').waitFor()
  await Promise.all([answered(page, 'DESKRECEIPT'), letGo()])
  // The page has heard it once it has dropped it.
  while ((await stored(page)).some(({ code }) => code === 'DESKRECEIPT'));
  await page.getByRole('button', { name: 'Drop them' }).press('Enter')
  await page.waitForURL('**/desk/receipt*')
  assert.deepEqual(await loansOf(at), [])
})

test('a receipt that was asked for comes behind what waited for somebody to look', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, ada } = desk
  const [one = ''] = desk.books
  await openFor(page, address, ada)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, 'DESKRECEIPT'),
    () => scan(page, 'DESKRECEIPT'),
  )
  for (const code of ['badly-read', one]) await scan(page, code)
  letGo()
  await page.getByRole('button', { name: 'Go on with them' }).press('Enter')
  await page.waitForURL('**/desk/receipt*')
  await page.locator('.paper').getByText(one).waitFor()
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('without the library a button leads nowhere, and the desk goes on scanning', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = '', three = ''] = desk.books
  await openFor(page, address, ada)
  await readyForOffline(page)
  await scan(page, one)
  await page.getByText('On loan: 1 item').waitFor()
  await cable.pull()
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  // What was lent before this is not said of it.
  assert.equal(await page.locator('#desk').getAttribute('data-outcome'), 'attention')
  assert.equal(await answerOf(page), '')
  for (const press of [
    () => page.getByRole('button', { name: 'Renew' }).press('Enter'),
    () => page.getByRole('link', { name: 'Patrons', exact: true }).first().press('Enter'),
  ]) {
    await page.evaluate(`document.querySelector('#kept h2').textContent = ''`)
    await press()
    await page.getByText('That page needs the library.').waitFor()
  }
  // A word that every object knows is no command.
  for (const code of [three, 'constructor']) await scan(page, code)
  await page.getByText('Kept here: 3').waitFor()
  await cable.plugIn()
  await sendAgain(page)
  await nothingStored(page)
  assert.deepEqual(
    (await loansOf(at)).map(({ who, barcode }) => [who, barcode]),
    [one, two, three].map((barcode) => ['Ada', barcode]),
  )
})

test('a reason that is being typed is not taken away by the answer to the next scan', {
  skip,
  timeout,
}, async () => {
  await using desk = await reasoning(browsing())
  const { page, letGo } = desk
  const [, two = ''] = desk.books
  const isAnswered = answered(page, two)
  letGo()
  await (await isAnswered).finished()
  await page.keyboard.type('asked')
  assert.equal(await page.locator('#answer input[name="reason"]').inputValue(), 'her mother asked')
  await page.locator('#scan').focus()
  await page.getByText(`Scanned: ${two}`).waitFor()
})

test('where the other page does not come, whoever was scanned meanwhile stays at the desk', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, context, address, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await readyToScan(page)
  await page.clock.install()
  await hanging(
    page,
    (asked) => isLookAt(asked, '/patrons'),
    () => page.getByRole('link', { name: 'Patrons', exact: true }).first().click({ noWaitAfter: true }),
  )
  await (await context.newCDPSession(page)).send('Page.stopLoading')
  for (const code of [ben, one]) await scanBlindly(page, code)
  await writtenDown(page, one)
  await page.clock.fastForward(10_000)
  await nothingStored(page)
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await Promise.all([answered(page, two), scan(page, two)])
  assert.deepEqual(await loansOf(at), [
    { who: 'Ben', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
  await nothingStored(page)
})

for (const [how, leave] of [
  ['loaded anew', (page: Page) => page.reload()],
  [
    'left by a link',
    async (page: Page) => {
      await page.getByRole('link', { name: 'Next patron' }).click()
      await page.waitForURL(({ search }) => search === '')
    },
  ],
] as const)
  test(`a book that waits for somebody to look is listed for them where the page is ${how}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 1 })
    const { at, page, address, ada } = desk
    const [one = ''] = desk.books
    await openFor(page, address, ada)
    await atOnce(page)
    await scan(page, 'badly-read')
    await page.locator('#desk[data-outcome="refused"]').waitFor()
    await scan(page, one)
    await page.getByText('Was it the next card?').waitFor()
    await page.clock.resume()
    page.on('dialog', (asks) => asks.accept())
    await leave(page)
    await nothingStored(page)
    assert.deepEqual(await loansOf(at), [])
    assert.deepEqual(await at.db.rows(sql`select refused from kept_scan`), [{ refused: 'after-unknown' }])
  })

test('a reason that is being typed when the library goes away stays', { skip, timeout }, async () => {
  await using desk = await reasoning(browsing())
  const { page, cable } = desk
  await cable.pull()
  await page.context().unrouteAll({ behavior: 'ignoreErrors' })
  await page.getByText('The library cannot be reached.').waitFor()
  await page.keyboard.type('asked')
  assert.equal(await page.locator('#answer input[name="reason"]').inputValue(), 'her mother asked')
})

test('a shelf scan that cannot be read is given up, and what is behind it goes in', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, cable } = desk
  const [one = ''] = desk.books
  await endSession(page.context())
  await signIn(page, at, address, 'cataloguer')
  await page.goto(`${address}/stock-takes`)
  await page.locator('form[action="/stock-takes"] button').first().click()
  await page.waitForURL('**/stock-takes/*')
  await page.locator('#scan:focus').waitFor()
  await cable.pull()
  await page.keyboard.insertText('29\u001d1')
  await page.keyboard.press('Enter')
  await scan(page, one)
  await page.getByText('Kept here: 2').waitFor()
  await cable.plugIn()
  await sendAgain(page)
  await page.getByRole('button', { name: 'Drop what could not be taken in (1)' }).press('Enter')
  await nothingStored(page)
  assert.equal((await at.db.rows(sql`select from stock_take_scan`)).length, 1)
})
