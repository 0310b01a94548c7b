import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lend } from '../src/circulation/lend.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { aBrowser, noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  aWiredDesk,
  endSession,
  hanging,
  isPostTo,
  isScanOf,
  loansOf,
  only,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  sendAgain,
  signIn,
  someone,
} from './desk-fixtures.ts'
import { nothingStored, remembered, stored } from './desk-store.ts'
import { by } from './library-fixtures.ts'
import type { OpenLibrary } from './open-library.ts'

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

async function lentAnHourAgo(at: OpenLibrary, barcode: string): Promise<void> {
  const { card } = await someone(at, 'Other')
  const hourAgo = by({ occurredAt: new Date(Date.now() - 60 * 60_000) })
  const told = await write(at.library.db, hourAgo, lend, { card, barcode, branchId: at.branchId })
  assert.equal(told.outcome, 'done')
}

test('what a page that was closed had kept goes in from another one that has nothing to do', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page: left, address, cable, ada, ben } = desk
  const [one = ''] = desk.books
  const right = await desk.context.newPage()
  await left.clock.install()
  await openFor(left, address, ada)
  await openFor(right, address, ben)
  await cable.pull()
  await right.bringToFront()
  await scan(right, one)
  await right.getByText('Kept here: 1').waitFor()
  await right.close()
  await cable.plugIn()
  await Promise.all([answered(left, one), left.clock.fastForward(31_000)])
  await nothingStored(left)
  assert.deepEqual(await loansOf(at), [{ who: 'Ben', barcode: one, back: false }])
  // Nor does the device remember who stood at the page that is gone.
  await left.clock.fastForward(31_000)
  await left.reload()
  await readyToScan(left)
  await scan(left, 'nobody-has-this')
  await left.getByText('Refused').first().waitFor()
  assert.deepEqual(
    (await remembered(left)).filter(({ card }) => card === ben),
    [],
  )
})

test('a book that is scanned behind the command for the receipt stands on it', {
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
  await scan(page, one)
  letGo()
  await page.waitForURL('**/desk/receipt*')
  await page.getByText(one).waitFor()
  assert.equal((await loansOf(at)).length, 1)
})

test('a command that needs the library says so while it is away, and the desk stays', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await readyForOffline(page)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await scan(page, 'DESKRECEIPT')
  await page.getByText('That page needs the library.').waitFor()
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await cable.plugIn()
  await nothingStored(page)
  assert.equal((await loansOf(at)).length, 2)
})

test('while lending alone is halted it is kept and told as that, and returns go on', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await lentAnHourAgo(at, two)
  const halted = JSON.stringify({ lend: { since: '2026-01-01T00:00:00Z', because: 'A test' } })
  await at.db.rows(sql`update fence set halted_verbs = ${halted}::jsonb`)
  await openFor(page, address, ada)
  await scan(page, one)
  await page.getByText('This work is halted for now.').waitFor()
  assert.equal(await page.getByText('cannot be reached').count(), 0)
  await page.goto(`${address}/check-in`)
  await readyToScan(page)
  await page.getByText('Scans of work that is halted').waitFor()
  await Promise.all([answered(page, two), scan(page, two)])
  assert.deepEqual(await loansOf(at), [{ who: 'Other', barcode: two, back: true }])
  await at.db.rows(sql`update fence set halted_verbs = '{}'`)
  await page.getByRole('link', { name: 'Lend', exact: true }).first().click()
  await nothingStored(page)
  assert.deepEqual((await loansOf(at)).at(-1), { who: 'Ada', barcode: one, back: false })
})

test('who may not lend is told so at a desk that another one left open', { skip, timeout }, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address, ada } = desk
  const [one = ''] = desk.books
  await openFor(page, address, ada)
  const other = await desk.context.newPage()
  await endSession(desk.context)
  await signIn(other, at, address, 'cataloguer')
  await page.bringToFront()
  await scan(page, one)
  await page.getByText('signs in who may do that').waitFor()
  assert.deepEqual(
    (await stored(page)).map(({ code }) => code),
    [one],
  )
})

test('a scan that no library takes any more is dropped by whoever says so', { skip, timeout }, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, address } = desk
  const [one = ''] = desk.books
  await endSession(desk.context)
  await signIn(page, at, address, 'cataloguer')
  await page.goto(`${address}/stock-takes`)
  await page.locator('form[action="/stock-takes"] button').first().click()
  await page.waitForURL('**/stock-takes/*')
  let isCut = true
  await page.route('**/stock-takes/*', (route) =>
    isCut && route.request().method() === 'POST' ? route.abort() : route.fallback(),
  )
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await at.db.rows(sql`update stock_take set ended_at = now()`)
  isCut = false
  await sendAgain(page)
  await page.getByRole('button', { name: 'Drop what could not be taken in (1)' }).press('Enter')
  await nothingStored(page)
})

/** By plain http under another name than that of this machine: a browser has neither locks nor workers there. */
const withoutLocks = () => aBrowser('--host-resolver-rules=MAP library.test 127.0.0.1')
const named = (address: string) => address.replace('127.0.0.1', 'library.test')

test('without locks a page tries again at once when it is asked to, and where the clock was set back', {
  skip,
  timeout,
}, async () => {
  await using plain = await withoutLocks()
  await using desk = await aWiredDesk(plain, { books: 1 })
  const { at, page, cable, ada } = desk
  const [one = ''] = desk.books
  const address = named(desk.address)
  await page.clock.install()
  await signIn(page, at, address)
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  // One attempt that fails has had the lease.
  await Promise.all([page.waitForEvent('requestfailed'), page.clock.fastForward(3_000)])
  await page.clock.setSystemTime(Date.now() - 60 * 60_000)
  await cable.plugIn()
  await Promise.all([answered(page, one), sendAgain(page)])
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('without locks, what waits at one page for somebody to look is left to it by the others', {
  skip,
  timeout,
}, async () => {
  await using plain = await withoutLocks()
  await using desk = await aWiredDesk(plain, { books: 1 })
  const { at, page, ada } = desk
  const [one = ''] = desk.books
  const address = named(desk.address)
  await signIn(page, at, address)
  await openFor(page, address, ada)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, 'badly-read'),
    () => scan(page, 'badly-read'),
  )
  await scan(page, one)
  letGo()
  await page.getByText('Was it the next card?').waitFor()
  // A minute and more goes by, then another page is opened: its clock stands for that.
  const other = await desk.context.newPage()
  await other.clock.setSystemTime(Date.now() + 90_000)
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  await scan(other, 'nobody-has-this')
  await other.getByText('Refused').first().waitFor()
  await page.bringToFront()
  await Promise.all([answered(page, one), page.getByRole('button', { name: 'Go on with them' }).click()])
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
  assert.deepEqual(await at.db.rows(sql`select unknown_code, refused, meant from kept_scan`), [])
})

test('without locks a device forgets who stood at a page that is gone', { skip, timeout }, async () => {
  await using plain = await withoutLocks()
  await using desk = await aWiredDesk(plain, { books: 1 })
  const { at, page, ada } = desk
  const [one = ''] = desk.books
  const address = named(desk.address)
  await signIn(page, at, address)
  await openFor(page, address, ada)
  await only(at, 'read-only')
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await page.reload()
  await only(at, 'normal')
  await nothingStored(page)
  await page.clock.setSystemTime(Date.now() + 20 * 60_000)
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  await scan(page, 'nobody-has-this')
  await page.getByText('Refused').first().waitFor()
  assert.deepEqual(await remembered(page), [])
})

test('an empty desk whose session has ended meanwhile asks to sign in, and not for the library', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { page, address, cable } = desk
  await page.goto(`${address}/desk`)
  await readyForOffline(page)
  await cable.pull()
  await page.reload()
  await page.locator('[data-shell]').waitFor({ state: 'attached' })
  await endSession(desk.context)
  await cable.plugIn()
  await page.getByText('You are signed out.').waitFor()
})

test('a desk beside a page that hands in says so, keeps what is scanned, and says no more once it is in', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { page, context, address, ada, cable } = desk
  const [one = '', two = '', three = ''] = desk.books
  await page.goto(`${address}/check-in`)
  await readyForOffline(page)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  const letGo = await hanging(page, isPostTo('/desk/hand-in'), () => cable.plugIn())
  const beside = await context.newPage()
  await openFor(beside, address, ada)
  const says = beside.getByText('Another page of this device is handing in')
  await says.waitFor()
  for (const code of [two, three]) await scan(beside, code)
  await beside.getByText('Kept here: 3').waitFor()
  await says.waitFor()
  letGo()
  await beside.getByText('On loan: 2 items').waitFor()
  await says.waitFor({ state: 'hidden' })
  await nothingStored(beside)
})
