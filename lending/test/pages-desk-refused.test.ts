import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { takeBack } from '../src/circulation/take-back.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  cardShown,
  endSession,
  frames,
  hanging,
  heard,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  signIn,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside } from './desk-situations.ts'
import { nothingStored } from './desk-store.ts'
import { by } from './library-fixtures.ts'

// What a desk refuses in the middle of a pile is not lost sight of, and what nobody meant is not done.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

const refusedBefore = (page: Page) => page.locator('#refused')

/** A pile for Ada of which Ben has the second book, scanned in one go. */
async function pileWithOneOfBens(books: number) {
  const desk = await openBeside(browsing(), books)
  const { page, address, ada, ben } = desk
  const [, two = ''] = desk.books
  await openFor(page, address, ben)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  await openFor(page, address, ada)
  await readyToScan(page)
  await heard(page)
  for (const code of desk.books) await scanBlindly(page, code)
  await page.getByText(`On loan: ${books - 1} items`).waitFor()
  await nothingStored(page)
  return desk
}

test('which book was refused in the middle of a pile is shown until the next patron', {
  skip,
  timeout,
}, async () => {
  await using desk = await pileWithOneOfBens(4)
  const { page, ben } = desk
  const [, two = ''] = desk.books
  await page.getByText('Lent').first().waitFor()
  await refusedBefore(page).getByText(`${two} · The copy is on loan.`).waitFor()
  await page.reload()
  await refusedBefore(page).getByText(two).waitFor()
  await readyToScan(page)
  await Promise.all([answered(page, ben), scan(page, ben)])
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await refusedBefore(page).waitFor({ state: 'hidden' })
})

test('a book that was refused before is not shown any more once it is done after all, or seen to', {
  skip,
  timeout,
}, async () => {
  await using desk = await pileWithOneOfBens(3)
  const { at, page } = desk
  const [, two = ''] = desk.books
  await scan(page, 'badly-read')
  // How many were refused before says nothing yet of this one.
  await page.locator('#answer').getByText('badly-read').waitFor()
  await refusedBefore(page).getByText('Refused before: 1').waitFor()
  await heard(page)
  await at.db.rows(sql`update loan set returned_at = now() where copy_id = (select id from copy where barcode = ${two})
    and returned_at is null`)
  await Promise.all([answered(page, two), scan(page, two)])
  await page.getByText('On loan: 3 items').waitFor()
  await refusedBefore(page).getByText('badly-read').waitFor()
  assert.equal(await refusedBefore(page).getByText(two).count(), 0)
  await refusedBefore(page).getByRole('button', { name: 'Seen to' }).click()
  await refusedBefore(page).waitFor({ state: 'hidden' })
  assert.equal(await page.evaluate('document.activeElement.id'), 'scan')
})

test('what is not known in a pile of returns is shown by what was scanned', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, address } = desk
  const [one = '', two = ''] = desk.books
  for (const code of [one, two]) await Promise.all([answered(page, code), scan(page, code)])
  await nothingStored(page)
  await page.goto(`${address}/check-in`)
  await readyToScan(page)
  for (const code of [one, 'badly-read', two]) await scanBlindly(page, code)
  await refusedBefore(page).getByText('badly-read').waitFor()
  await nothingStored(page)
  assert.ok((await loansOf(at)).every(({ back }) => back))
})

test('where a card is nobody’s any more, the rest of the pile waits and is not taken back', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 3)
  const { at, page, address, ada, ben } = desk
  const [, , three = ''] = desk.books
  await openFor(page, address, ben)
  await Promise.all([answered(page, three), scan(page, three)])
  await nothingStored(page)
  await openFor(page, address, ada)
  await readyToScan(page)
  await heard(page)
  await at.db.rows(sql`update patron set card = 'another-card' where card = ${ada}`)
  for (const code of desk.books) await scanBlindly(page, code)
  await page.getByText('Nobody has that card any more').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Go on with them' }).count(), 0)
  assert.equal(await whoHas(desk, three), 'Ben')
  assert.deepEqual(
    (await loansOf(at)).map(({ back }) => back),
    [false],
  )
  await page.getByRole('button', { name: 'Drop them' }).press('Enter')
  await nothingStored(page)
})

test('Enter that is held for too long ends nobody', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, ada } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await page.keyboard.type(one)
  // Pressed again without having come up, it repeats itself.
  for (let times = 0; times < 4; times += 1) await page.keyboard.down('Enter')
  await page.keyboard.up('Enter')
  await page.getByText('On loan: 1 item').waitFor()
  await heard(page)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  assert.deepEqual([await cardShown(page), await whoHas(desk, two)], [ada, 'Ada'])
})

test('a key that comes up as a page comes has cut nothing in two', { skip, timeout }, async () => {
  // A worker would have the script already.
  const newContext = (how = {}) => browsing().newContext({ ...how, serviceWorkers: 'block' })
  await using desk = await openBeside({ newContext }, 1)
  const { page } = desk
  await readyToScan(page)
  await page.keyboard.type('/return')
  const letScript = await hanging(
    page,
    (asked) => asked.url().endsWith('/scan-field.js'),
    async () => {
      await page.keyboard.down('Enter')
    },
  )
  await page.waitForURL('**/check-in', { waitUntil: 'commit' })
  // As before the field has the focus; and a browser notes only what takes a while.
  await page.evaluate(`document.activeElement.blur()
    addEventListener('keyup', () => {
      for (const until = performance.now() + 200; performance.now() < until; );
    })`)
  await page.keyboard.up('Enter')
  letScript()
  await readyToScan(page)
  await heard(page)
  assert.equal(await page.locator('#answer').textContent(), '')
})

test('a scan of a shelf that cannot be read is refused as such', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, context, address } = desk
  await endSession(context)
  await signIn(page, at, address, 'cataloguer')
  await page.goto(`${address}/stock-takes`)
  await page.locator('form[action="/stock-takes"] button').first().click()
  await page.waitForURL('**/stock-takes/*')
  await page.locator('#scan:focus').waitFor()
  await heard(page)
  await page.keyboard.insertText('29\u001d1')
  await page.keyboard.press('Enter')
  await page.locator('#answer').getByText('The scan cannot be read').waitFor()
  await nothingStored(page)
})

test('a book that is scanned into the field that asks why is no reason, and is listed', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, ada } = desk
  const [one = '', two = ''] = desk.books
  await at.db.rows(
    sql`update patron set blocked_because = 'Owes a book', blocked_at = now() where card = ${ada}`,
  )
  await readyToScan(page)
  await scan(page, one)
  const answer = page.locator('#answer')
  const reason = answer.locator('input[name="reason"]')
  await reason.focus()
  await scanBlindly(page, two)
  await answer.getByText('That was scanned, and is no reason.').waitFor()
  assert.equal(await answer.locator('[data-scanned]').textContent(), two)
  // The numbers of these books are shorter than those of a library.
  await at.db.rows(sql`update copy set barcode = '39000000000013' where barcode = ${two}`)
  for (const [written, code] of [
    ['Her mother asked', '39000000000013'],
    ['Her mother asked', '9783161484100'],
    ['Her mother asked', 'DESKNEXT'],
  ] as const)
    for (const typed of [written + code, code + written]) {
      await reason.fill(typed)
      await Promise.all([page.waitForEvent('load'), reason.press('Enter')])
      await answer.getByText('That was scanned, and is no reason.').waitFor()
      assert.equal(await answer.locator('[data-scanned]').textContent(), code, typed)
      // What was written is there to go on with.
      assert.equal(await reason.inputValue(), written, typed)
    }
  await refusedBefore(page).getByText(two).waitFor()
  assert.deepEqual(await loansOf(at), [])
  await reason.press('Enter')
  await page.getByText('On loan: 1 item').waitFor()
  assert.equal(await whoHas(desk, one), 'Ada')
  await refusedBefore(page).getByText('9783161484100').waitFor()
})

test('behind a card that is scanned into the field that asks why a book waits for somebody to look', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await at.db.rows(
    sql`update patron set blocked_because = 'Owes a book', blocked_at = now() where card = ${ada}`,
  )
  await readyToScan(page)
  await scan(page, one)
  await page.locator('#answer input[name="reason"]').focus()
  await at.db.rows(sql`update patron set blocked_because = null, blocked_at = null where card = ${ada}`)
  await atOnce(page)
  await scanBlindly(page, ben)
  await page.locator('#desk[data-may-be-card]').waitFor()
  await scan(page, two)
  await page.clock.resume()
  await page.locator('#waiting').getByText(two).waitFor()
  assert.deepEqual(await loansOf(at), [])
})

test('what was refused before is seen neither by whoever signs in next nor at the empty desk', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, address, cable } = desk
  await page.goto(`${address}/desk`)
  await readyForOffline(page)
  for (const code of ['badly-read', 'read-badly']) {
    await Promise.all([answered(page, code), scan(page, code)])
    await nothingStored(page)
    await heard(page)
  }
  await refusedBefore(page).getByText('badly-read').waitFor()
  await cable.pull()
  await page.goto(`${address}/desk`)
  await page.locator('#kept[data-shell]').waitFor({ state: 'attached' })
  assert.equal(await page.getByText('badly-read').count(), 0)
  await cable.plugIn()
  await endSession(page.context())
  await signIn(page, at, address, 'manager')
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  assert.equal(await refusedBefore(page).isVisible(), false)
})

test('that a page needs the library is still said where to ask for it took long', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page } = desk
  await readyForOffline(page)
  await desk.cable.pull()
  await scan(page, desk.books[0] ?? '')
  await page.getByText('Kept here: 1').waitFor()
  await page.context().route('**/desk', () => undefined)
  await scan(page, 'DESKRECEIPT')
  await page.getByText('That page needs the library').waitFor()
  await frames(page, 30)
  assert.ok(await page.getByText('That page needs the library').isVisible())
})

test('at a desk that was opened without the library, too, what was refused in a pile is listed once that is back', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 3)
  const { page, address, cable, ada } = desk
  const [one = '', two = '', three = ''] = desk.books
  await page.goto(`${address}/desk`)
  await readyForOffline(page)
  await cable.pull()
  await page.reload()
  await page.locator('[data-shell]').waitFor({ state: 'attached' })
  for (const code of [ada, one]) await scan(page, code)
  await page.getByText('Kept here: 2').waitFor()
  await cable.plugIn()
  await page.getByText('Handed in: 2').waitFor()
  await heard(page)
  await Promise.all([answered(page, two), scan(page, two)])
  await Promise.all([answered(page, one), scan(page, one)])
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  await Promise.all([answered(page, three), scan(page, three)])
  await refusedBefore(page).getByText(one).waitFor()
})

test('of many that were refused the latest are seen at once, and the others are counted and one press away', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, address } = desk
  await page.goto(`${address}/check-in`)
  await readyToScan(page)
  for (let nth = 1; nth <= 8; nth += 1) {
    const code = `badly-${nth}`
    await Promise.all([answered(page, code), scan(page, code)])
  }
  const list = refusedBefore(page)
  await list.getByText('Refused before: 7').waitFor()
  const seen = async () =>
    await list
      .locator('.code')
      .evaluateAll((all) =>
        all.filter((each) => each.checkVisibility()).map(({ textContent }) => textContent),
      )
  assert.deepEqual(await seen(), ['badly-7', 'badly-6', 'badly-5', 'badly-4', 'badly-3'])
  await list.getByText('2 more').click()
  assert.deepEqual((await seen()).slice(5), ['badly-2', 'badly-1'])
})

test('a book that was refused before is listed no more once it was kept, and is done after all', {
  skip,
  timeout,
}, async () => {
  await using desk = await pileWithOneOfBens(3)
  const { at, page, cable } = desk
  const [, two = ''] = desk.books
  await readyForOffline(page)
  await refusedBefore(page).getByText(two).waitFor()
  await write(at.db, by(), takeBack, { barcode: two, branchId: at.branchId })
  await cable.pull()
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  await cable.plugIn()
  await page.getByText('Handed in: 1').waitFor()
  await refusedBefore(page).waitFor({ state: 'hidden' })
  assert.deepEqual(
    (await loansOf(at)).filter(({ barcode }) => barcode === two).map(({ who, back }) => [who, back]),
    [
      ['Ben', true],
      ['Ada', false],
    ],
  )
})

test('that a page needs the library is said no more once that answers, and asks who is there', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, cable, context } = desk
  const [one = ''] = desk.books
  await readyForOffline(page)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await scan(page, 'DESKRECEIPT')
  const said = page.locator('#answer').getByText('That page needs the library')
  await said.waitFor()
  await endSession(context)
  await cable.plugIn()
  await page.getByText('signed out').waitFor()
  await said.waitFor({ state: 'hidden' })
})

test('wherever the focus is that is no field, a scan comes into the field for scans', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await heard(page)
  // As a browser does with a box that scrolls.
  await page.evaluate("document.querySelector('main').tabIndex = 0; document.querySelector('main').focus()")
  await scanBlindly(page, one)
  await page.getByText('On loan: 1 item').waitFor()
})

test('what was refused before stays in sight where the desk is loaded anew while the library is away', {
  skip,
  timeout,
}, async () => {
  await using desk = await pileWithOneOfBens(3)
  const { page, cable } = desk
  const [, two = ''] = desk.books
  await readyForOffline(page)
  await refusedBefore(page).getByText(two).waitFor()
  await cable.pull()
  await page.reload()
  await page.locator('[data-shell]').waitFor({ state: 'attached' })
  await cable.plugIn()
  await page.getByText('On loan: 2 items').waitFor()
  await refusedBefore(page).getByText(two).waitFor()
})
