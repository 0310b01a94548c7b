import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { lend } from '../src/circulation/lend.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  aWiredDesk,
  cardShown,
  hanging,
  isScanOf,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  sendAgain,
  someone,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside } from './desk-situations.ts'
import { nothingStored } from './desk-store.ts'
import { by } from './library-fixtures.ts'

const skip = noChromium
const browsing = oneBrowser()

for (const [how, leave] of [
  ['by the link to the next patron', ['Next patron']],
  ['by the commands for returns and back', ['DESKRETURN', 'DESKLEND']],
] as const)
  test(`a desk without its library that was left ${how} is nobody’s`, { skip }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 2 })
    const { at, cable, page, ada, books, address } = desk
    const [one = '', two = ''] = books
    await page.goto(`${address}/check-in`)
    await readyForOffline(page)
    await openFor(page, address, ada)
    await cable.pull()
    await scan(page, one)
    await page.getByText('Kept here: 1').waitFor()
    if (leave.length === 1) await page.getByRole('link', { name: leave[0] }).click()
    else {
      for (const [code, path] of [
        [leave[0], '**/check-in'],
        [leave[1], '**/desk'],
      ] as const) {
        await scan(page, code)
        await page.waitForURL(path)
        await page.getByText('Kept here: 1').waitFor()
      }
    }
    await page.locator('[data-shell]').waitFor({ state: 'attached' })
    await page.getByText('Kept here: 1').waitFor()
    await scan(page, two)
    await page.getByText('Kept here: 2').waitFor()
    await cable.plugIn()
    await nothingStored(page)
    assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
  })

test('two desks of one device that are both left in one outage keep apart whose they are', {
  skip,
  timeout: 60_000,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 7 })
  const { at, cable, page: left, context, ada, ben, books, address } = desk
  const [one = '', two = '', three = '', four = '', five = '', six = '', seven = ''] = books
  await openFor(left, address, ben)
  await Promise.all([answered(left, four), scan(left, four)])
  await left.goto(`${address}/check-in`)
  await readyForOffline(left)
  await openFor(left, address, ada)
  const right = await context.newPage()
  await openFor(right, address, ben)
  for (const page of [left, right]) await readyToScan(page)
  await cable.pull()
  let kept = 0
  const keeps = async (page: Page, code: string) => {
    await page.bringToFront()
    await scan(page, code)
    kept += 1
    await page.getByText(`Kept here: ${kept}`).waitFor()
  }
  const goes = async (page: Page, path: string, go: () => Promise<void>) => {
    await page.bringToFront()
    await go()
    await page.waitForURL(path)
    await page.locator('[data-shell]').waitFor({ state: 'attached' })
    await page.getByText(`Kept here: ${kept}`).waitFor()
  }
  // Ada, and behind her Ben, at the left; Ben, a return, and Ada at the right; turn by turn.
  await keeps(left, one)
  await keeps(right, three)
  await goes(left, '**/desk', () => left.getByRole('link', { name: 'Next patron' }).click())
  await goes(right, '**/check-in', () => scan(right, 'DESKRETURN'))
  await keeps(left, ben)
  await keeps(right, four)
  await keeps(left, two)
  await goes(right, '**/desk', () => scan(right, 'DESKLEND'))
  await keeps(right, ada)
  await keeps(right, five)
  // The right one hands in, whichever asks first.
  await left.route('**/desk/hand-in', (route) => route.abort())
  await cable.plugIn()
  await sendAgain(right)
  await right.getByText(`Handed in: ${kept}`).waitFor()
  await left.unroute('**/desk/hand-in')
  // The left one is loaded anew, as the desk that the library has.
  await left.locator('[data-shell]').waitFor({ state: 'detached' })
  await readyToScan(left)
  await nothingStored(left)
  for (const [page, card, book] of [
    [left, ben, six],
    [right, ada, seven],
  ] as const) {
    await page.bringToFront()
    await page.locator(`form[data-scan] [name="card"][value="${card}"]`).waitFor({ state: 'attached' })
    await Promise.all([answered(page, book), scan(page, book)])
    assert.equal(await cardShown(page), card)
  }
  const lent = (await loansOf(at)).map(({ who, barcode, back }) => `${barcode} ${who}${back ? ' back' : ''}`)
  assert.deepEqual(
    lent.toSorted(),
    [
      `${one} Ada`,
      `${two} Ben`,
      `${three} Ben`,
      `${four} Ben back`,
      `${five} Ada`,
      `${six} Ben`,
      `${seven} Ada`,
    ].toSorted(),
  )
})

for (const [how, hear] of [
  ['another page of its device does', sendAgain],
  // No page of this browser is ever hidden.
  [
    'somebody looks at it',
    async (_: Page, page: Page) => page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`),
  ],
] as const)
  test(`a desk sees that its library is back as soon as ${how}`, { skip, timeout: 60_000 }, async () => {
    await using desk = await openBeside(browsing(), 2)
    const { cable, page, other, ben, books, address } = desk
    const [one = '', two = ''] = books
    await openFor(other, address, ben)
    // By its own clock it would never ask again.
    await atOnce(page)
    await page.reload()
    for (const each of [page, other]) await readyToScan(each)
    await cable.pull()
    await scan(other, one)
    await other.getByText('Kept here: 1').waitFor()
    await page.bringToFront()
    await scan(page, two)
    await page.getByText('Kept here: 2').waitFor()
    await cable.plugIn()
    await hear(other, page)
    await page.getByText('On loan: 1 item').waitFor()
    assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ben', 'Ada'])
  })

test('a desk that is left by a link while a scan is under way is nobody’s, and the scan is done', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, ada, books, address } = desk
  const [one = '', two = ''] = books
  await openFor(page, address, ada)
  page.on('dialog', (asks) => asks.accept())
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, one),
    () => scan(page, one),
  )
  await page.getByRole('link', { name: 'Next patron' }).click()
  await page.waitForURL((url) => url.pathname === '/desk' && url.search === '')
  await page.getByText('Scan the patron’s card').waitFor()
  await scan(page, two)
  letGo()
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('a book that is scanned at somebody’s desk while returns of this page go in is lent to them', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, cable, page, ada, books, address } = desk
  const [forAda = '', back = ''] = books
  const other = await someone(at, 'Other')
  const hourAgo = new Date(Date.now() - 60 * 60_000)
  const ask = { card: other.card, barcode: back, branchId: at.branchId }
  assert.equal((await write(at.library.db, by({ occurredAt: hourAgo }), lend, ask)).outcome, 'done')
  await openFor(page, address, ada)
  await page.goto(`${address}/check-in`)
  await readyForOffline(page)
  await cable.pull()
  await scan(page, back)
  await page.getByText('Kept here: 1').waitFor()
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, back),
    async () => {
      await cable.plugIn()
      await page.goBack()
    },
  )
  await page.getByText('Scan the books').waitFor()
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
  await scan(page, forAda)
  letGo()
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Other', barcode: back, back: true },
    { who: 'Ada', barcode: forAda, back: false },
  ])
})

test('a scan that the library failed on is for whoever it was scanned for, whoever stands there when it is sent again', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { at, cable, page, ada, ben, books, address } = desk
  const [one = '', two = '', three = ''] = books
  let isBroken = true
  await page.route('**/desk/hand-in', (route) =>
    isBroken && isScanOf(route.request(), two) ? route.fulfill({ status: 500, body: '' }) : route.fallback(),
  )
  await openFor(page, address, ada)
  await cable.pull()
  for (const book of [one, two]) await scan(page, book)
  await page.getByText('Kept here: 2').waitFor()
  await cable.plugIn()
  await page.getByText('could not take these in').waitFor()
  await scan(page, ben)
  await page.getByText('Scan the books').waitFor()
  await scan(page, three)
  await page.getByText('On loan: 1 item').waitFor()
  isBroken = false
  const done = answered(page, two)
  await sendAgain(page)
  await done
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ben', barcode: three, back: false },
    { who: 'Ada', barcode: two, back: false },
  ])
})

test('a desk that stands at the answer to a form comes back too, at its own address', { skip }, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, cable, page, ada, books, address } = desk
  const [one = '', two = ''] = books
  await at.db.rows(
    sql`update patron set blocked_because = 'Owes a book', blocked_at = now() where card = ${ada}`,
  )
  await openFor(page, address, ada)
  await scan(page, one)
  await page.getByText('The patron is blocked.').first().waitFor()
  // Nothing is said of why: the form is refused, and answered where it was sent to.
  await page.evaluate(`document.querySelector('#answer form').noValidate = true`)
  await page.getByLabel('Lend it all the same, because').press('Enter')
  await page.waitForURL('**/desk/lend')
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
  await at.db.rows(sql`update patron set blocked_because = null, blocked_at = null where card = ${ada}`)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await cable.plugIn()
  await page.getByText('Handed in: 1').waitFor()
  await scan(page, two)
  await page.getByText('On loan: 2 items').waitFor()
  await nothingStored(page)
})
