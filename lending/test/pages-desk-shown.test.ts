import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  aWiredDesk,
  frames,
  hanging,
  heard,
  isLookAt,
  isPostTo,
  loansOf,
  openFor,
  readyToScan,
  scan,
  scanBlindly,
  scanHanging,
  telling,
} from './desk-fixtures.ts'
import { reasoning, renew, renewable } from './desk-situations.ts'
import { busyDisk, nothingStored, stored, writtenDown } from './desk-store.ts'

// A scan is for whom the page shows, so what comes late does not show somebody else.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

test('a card that is answered while a form for Ada leads away does not open its patron under the next book', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { at, page, other, ada, ben } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const shown = await telling(page, other)
  const letBen = await scanHanging(page, ben)
  const letGo = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  const isAnswered = answered(page, ben)
  letBen()
  await isAnswered
  assert.equal(await shown(), ada)
  await scanBlindly(page, two)
  await writtenDown(other, two)
  letGo()
  await page.waitForURL('**/desk?card=*')
  await nothingStored(other)
  assert.deepEqual(
    (await loansOf(at)).map(({ who }) => who),
    ['Ada', 'Ada'],
  )
})

test('the same where the disk is slow, and the form waits for it', { skip, timeout }, async () => {
  await using desk = await renewable(browsing(), 1)
  const { page, other, ada, ben } = desk
  await heard(page)
  const shown = await telling(page, other)
  const letBen = await scanHanging(page, ben)
  const isFree = await busyDisk(other)
  const letGo = await hanging(page, isPostTo('/desk/renew'), async () => {
    await renew(page)
    const isAnswered = answered(page, ben)
    letBen()
    await isAnswered
    assert.equal(await shown(), ada)
    await isFree()
  })
  letGo()
  await page.waitForURL('**/desk?card=*')
})

test('a desk that was left by a link, and shows nobody, does not show Ada again for an answer to her book', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { at, page, other, address } = desk
  const [, two = ''] = desk.books
  const shown = await telling(page, other)
  const letTwo = await scanHanging(page, two)
  const letGo = await hanging(
    page,
    (asked) => isLookAt(asked, '/me'),
    () => page.locator('a[href="/me"]').first().click({ noWaitAfter: true }),
  )
  // The page that is left shows nobody half a second later.
  while ((await shown()) !== '');
  const isAnswered = answered(page, two)
  letTwo()
  await isAnswered
  assert.equal(await shown(), '')
  letGo()
  await page.waitForURL('**/me')
  await page.goto(`${address}/desk`)
  await nothingStored(page)
  assert.deepEqual(
    (await loansOf(at)).map(({ who, back }) => [who, back]),
    [
      ['Ada', false],
      ['Ada', false],
    ],
  )
})

for (const next of ['', 'DESKNEXT'])
  test(`where ${next || 'Enter'} is the first to find the library away, the page shows nobody`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 1 })
    const { page, cable, address, ada } = desk
    await openFor(page, address, ada)
    await readyToScan(page)
    await heard(page)
    await cable.pull()
    await scan(page, next)
    await page.getByText('The library cannot be reached').waitFor()
    await page.getByText('Scan a card, then the books').waitFor()
    assert.equal(await page.locator('form[data-scan] [name="card"]').inputValue(), '')
    await page.waitForURL('**/desk')
  })

const pressed = {
  'the mouse': async (page: Page) => {
    const button = page.locator('#answer form[action="/desk/lend"] button')
    await button.hover()
    await page.mouse.down()
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    )
    await page.mouse.up()
  },
  'the keyboard': async (page: Page) => {
    await page.keyboard.press('Tab')
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    )
    await page.keyboard.press('Enter')
  },
}

for (const [how, press] of Object.entries(pressed))
  test(`the button beside a reason works by ${how} while the next answer waits`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await reasoning(browsing())
    const { at, page, letGo } = desk
    const [one = '', two = ''] = desk.books
    const isAnswered = answered(page, two)
    letGo()
    await (await isAnswered).finished()
    await Promise.all([page.context().waitForEvent('request', isPostTo('/desk/lend')), press(page)])
    await page.getByText('overridden').first().waitFor()
    assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
  })

test('a reason that is being typed is not taken away when the library comes back', {
  skip,
  timeout,
}, async () => {
  await using desk = await reasoning(browsing())
  const { page, cable } = desk
  await cable.pull()
  await page.context().unrouteAll({ behavior: 'ignoreErrors' })
  await page.getByText('The library cannot be reached').waitFor()
  await cable.plugIn()
  await sendAgainQuietly(page)
  await nothingStored(page)
  // By then the page would be as the library has it.
  await frames(page, 60)
  await page.keyboard.type('asked')
  assert.equal(await page.locator('#answer input[name="reason"]').inputValue(), 'her mother asked')
  await page.locator('#scan').focus()
  await page.locator('#answer input[name="reason"]').waitFor({ state: 'detached' })
})

/** Asks for another attempt, and leaves the focus where it is. */
async function sendAgainQuietly(page: Page): Promise<void> {
  await page.evaluate("document.querySelector('#kept').dispatchEvent(new Event('bibby-again'))")
}

test('what is left elsewhere is not handed in between something unknown and the book that nobody has heard it for', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, context, cable, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await readyToScan(page)
  const gone = await context.newPage()
  await gone.goto(`${address}/check-in`)
  await readyToScan(gone)
  await cable.pull()
  await scan(gone, two)
  await gone.getByText('Kept here: 1').waitFor()
  await gone.close()
  await cable.plugIn()
  await page.bringToFront()
  await atOnce(page)
  // Where it begins to go in, it does not end.
  await context.route('**/desk/hand-in', () => undefined)
  await scan(page, 'badly-read')
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  // No time passes on this page, and by then it would have begun.
  for (let reads = 0; reads < 30; reads += 1) await stored(page)
  await scanBlindly(page, one)
  await page.getByText('Was it the next card?').waitFor()
  await page.clock.resume()
  assert.deepEqual(await loansOf(at), [])
})
