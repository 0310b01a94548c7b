import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  cardShown,
  hanging,
  heard,
  isLookAt,
  isScanOf,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  scanHanging,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside } from './desk-situations.ts'
import { busyDisk, look, nothingStored, writtenDown } from './desk-store.ts'

// What has the turn at a desk: a look at what was kept, or a disk that is slow to write down. What comes meanwhile is for whom it
// would be without.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** The page is loaded anew in a browser that takes its time over each look at which pages live: a scan is answered meanwhile. */
async function slowLook(page: Page): Promise<void> {
  await page.addInitScript(`{
    const { query } = LockManager.prototype
    globalThis.looks = 0
    LockManager.prototype.query = async function () {
      globalThis.looks += 1
      const until = performance.now() + 300
      while (performance.now() < until) await new Promise(requestAnimationFrame)
      return query.call(this)
    }
  }`)
  await page.reload()
  await readyToScan(page)
}

test('a desk that goes out of reach while it looks what was kept says that the library is back', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, cable } = desk
  const [one = ''] = desk.books
  await readyForOffline(page)
  await slowLook(page)
  await cable.pull()
  const letAsk = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk/hand-in'),
    () => scanBlindly(page, one),
  )
  await cable.plugIn()
  letAsk()
  await page.getByText('The library is back. Handed in: 1').waitFor()
  assert.equal(await whoHas(desk, one), 'Ada')
})

test('a book behind the command for the receipt stands on it, also where a look at what was kept comes between', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page } = desk
  const [one = ''] = desk.books
  await slowLook(page)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, 'DESKRECEIPT'),
    () => scanBlindly(page, 'DESKRECEIPT'),
  )
  await scanBlindly(page, one)
  letGo()
  await page.waitForURL('**/desk/receipt*')
  await page.getByText(one).waitFor()
  assert.equal(await whoHas(desk, one), 'Ada')
})

test('a page that was opened for somebody stays theirs when it is loaded anew before a slow disk has said what was kept', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, other, cable, address, ben } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  const isFree = await busyDisk(other)
  await cable.plugIn()
  await openFor(page, address, ben)
  await readyToScan(page)
  await page.reload()
  await readyToScan(page)
  await scan(page, two)
  await isFree()
  await nothingStored(other)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ben'])
})

test('whoever is asked whose a pile is says so of all of it, once a slow disk has written it down', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 4)
  const { at, page, other, ada } = desk
  const [one = '', two = '', three = '', four = ''] = desk.books
  await readyToScan(page)
  await at.db.rows(sql`update patron set card = 'another-card' where card = ${ada}`)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, one),
    () => scanBlindly(page, one),
  )
  await scanBlindly(page, two)
  await writtenDown(other, two)
  // What is written or dropped is so only once that goes on, and what comes behind it waits.
  await page.evaluate(`for (const name of ['add', 'delete']) {
    const work = IDBObjectStore.prototype[name]
    IDBObjectStore.prototype[name] = function (what) {
      document.body.dataset.begun = name
      const stays = () => { this.count().onsuccess = () => document.body.dataset[name] ?? stays() }
      stays()
      return work.call(this, what)
    }
  }`)
  for (const code of [three, four]) await scanBlindly(page, code)
  await page.locator('[data-begun="add"]').waitFor()
  letGo()
  while ((await cardShown(page)) !== '');
  await page.evaluate("document.body.dataset.add = 'goes on'")
  const waiting = page.locator('#waiting')
  await waiting.getByText(three).waitFor()
  assert.equal(await waiting.getByRole('button').count(), 0)
  await page.evaluate("document.body.dataset.delete = 'goes on'")
  await waiting.getByText(four).waitFor()
  await waiting.getByRole('button', { name: 'Drop them' }).press('Enter')
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [])
})

test('what is not known behind the command for the receipt is seen before that comes', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page } = desk
  await readyToScan(page)
  await heard(page)
  const letGo = await scanHanging(page, 'DESKRECEIPT')
  await scanBlindly(page, 'badly-read')
  await writtenDown(page, 'badly-read')
  letGo()
  await page.locator('#answer').getByText('badly-read').waitFor()
  await nothingStored(page)
  await heard(page)
  assert.equal(new URL(page.url()).pathname, '/desk')
})

test('the command for the receipt leads on also where something that a closed tab has left is about to go in', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, other, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await slowLook(page)
  const looks = async (count: number) => {
    while ((await page.evaluate<number>('globalThis.looks')) < count);
  }
  await looks(4)
  await heard(page)
  await openFor(other, address, ada)
  await readyToScan(other)
  await scanHanging(other, one)
  await other.close()
  await page.evaluate('globalThis.looks = 0')
  await look(page)
  // By then it has seen that nothing is under way here.
  await looks(2)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, 'DESKRECEIPT'),
    () => scanBlindly(page, 'DESKRECEIPT'),
  )
  await looks(4)
  await scanBlindly(page, two)
  letGo()
  await page.waitForURL('**/desk/receipt*')
  await page.getByText(two).waitFor()
})
