// What a desk does when the store of its device takes nothing any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  aWiredDesk,
  hanging,
  isScanOf,
  loansOf,
  openFor,
  readyToScan,
  scan,
} from './desk-fixtures.ts'
import { nothingStored, stored, writtenDown } from './desk-store.ts'

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** The disk is full: the browser says so by this fault, of what is written and of nothing else. */
async function fill(page: Page, ways: readonly ('add' | 'put')[] = ['add', 'put']): Promise<void> {
  await page.evaluate(`for (const way of ${JSON.stringify(ways)}) {
    const whole = IDBObjectStore.prototype[way]
    ;(globalThis.mends ??= []).push(() => { IDBObjectStore.prototype[way] = whole })
    IDBObjectStore.prototype[way] = () => { throw new DOMException('full', 'QuotaExceededError') }
  }`)
}

/** Nothing that is asked of the store is done to its end. */
async function abortAll(page: Page): Promise<void> {
  await page.evaluate(`{
    const whole = IDBDatabase.prototype.transaction
    ;(globalThis.mends ??= []).push(() => { IDBDatabase.prototype.transaction = whole })
    IDBDatabase.prototype.transaction = function (...given) {
      const begun = whole.apply(this, given)
      queueMicrotask(() => begun.abort())
      return begun
    }
  }`)
}

async function mend(page: Page): Promise<void> {
  await page.evaluate('for (const each of globalThis.mends.splice(0)) each()')
}

test('with a full disk what was kept before goes in once, and the desk goes on', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await fill(page)
  await cable.plugIn()
  await page.getByText('The library is back. Handed in: 1').waitFor()
  assert.deepEqual(await stored(page), [])
  await Promise.all([answered(page, two), scan(page, two)])
  await page.getByText('On loan: 2 items').waitFor()
  assert.equal(await page.getByText('cannot be reached').count(), 0)
  assert.equal((await loansOf(at)).length, 2)
})

test('what is answered while the disk is full is not handed in again once it is not', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, one),
    () => scan(page, one),
  )
  await scan(page, two)
  await writtenDown(page, two)
  await fill(page, ['put'])
  letGo()
  await page.getByText('On loan: 2 items').waitFor()
  await nothingStored(page)
  await mend(page)
  assert.equal(await page.getByText('Handed in').count(), 0)
  assert.equal((await loansOf(at)).length, 2)
})

test('a scan that the disk takes again stays behind those that it did not take', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await fill(page)
  await scan(page, ben)
  await page.getByText('Kept here: 2').waitFor()
  await mend(page)
  await scan(page, two)
  await page.getByText('Kept here: 3').waitFor()
  await Promise.all([answered(page, two), cable.plugIn()])
  await page.getByText('Handed in: 3').waitFor()
  assert.deepEqual(await loansOf(at), [
    { who: 'Ada', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

for (const locks of ['with', 'without'])
  test(`${locks} locks, a store that breaks off all that is asked of it loses no scan and holds none up`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 3 })
    const { at, page, address, cable, ada, ben } = desk
    const [one = '', two = '', three = ''] = desk.books
    if (locks === 'without')
      await page.addInitScript('Object.defineProperty(Navigator.prototype, "locks", { value: undefined })')
    await openFor(page, address, ada)
    await cable.pull()
    await scan(page, one)
    await page.getByText('Kept here: 1').waitFor()
    await abortAll(page)
    for (const code of [two, ben, three]) await scan(page, code)
    await page.getByText('Kept here: 4').waitFor()
    await page.getByText('leave this page open').waitFor()
    await Promise.all([answered(page, three), cable.plugIn()])
    await page.getByText('Handed in: 4').waitFor()
    assert.deepEqual(
      (await loansOf(at)).map(({ who, barcode }) => [who, barcode]),
      [
        ['Ada', one],
        ['Ada', two],
        ['Ben', three],
      ],
    )
    await page.getByText('On loan: 1 item').waitFor()
    await mend(page)
    // With the next scan the store drops what is answered.
    await scan(page, 'nobody-has-this')
    await page.getByText('Refused').first().waitFor()
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    await nothingStored(page)
    await page.reload()
    await readyToScan(page)
    assert.equal(await page.getByText('Handed in').count(), 0)
  })

/** The browser closes the store of this page and empties it, as when somebody clears the data of the site. */
async function empty(page: Page, address: string, until?: 'for good'): Promise<void> {
  // Another connection to it is closed with that of the page.
  await page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open('bibby-desk')
    opening.onsuccess = () => {
      globalThis.closing = new Promise((closed) => { opening.result.onclose = () => closed() })
      resolve()
    }
  })`)
  if (until)
    await page.evaluate(
      'IDBFactory.prototype.open = () => { throw new DOMException("broken", "UnknownError") }',
    )
  const browser = await page.context().newCDPSession(page)
  await browser.send('Storage.clearDataForOrigin', { origin: address, storageTypes: 'indexeddb' })
  await page.evaluate('globalThis.closing')
}

test('a store that the browser empties under the page loses no scan, and is used again', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = '', three = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await empty(page, address)
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await page.getByText('leave this page open').waitFor()
  await Promise.all([answered(page, two), cable.plugIn()])
  await page.getByText('Handed in: 2').waitFor()
  await page.getByText('On loan: 2 items').waitFor()
  await cable.pull()
  await scan(page, three)
  await page.getByText('Kept here: 1').waitFor()
  assert.deepEqual(
    (await stored(page)).map(({ code }) => code),
    [three],
  )
  assert.equal(await page.getByText('leave this page open').count(), 0)
  await Promise.all([answered(page, three), cable.plugIn()])
  await nothingStored(page)
  assert.deepEqual(
    (await loansOf(at)).map(({ who, barcode }) => [who, barcode]),
    [one, two, three].map((barcode) => ['Ada', barcode]),
  )
})

test('with a store that is closed and does not open again, the desk says so and goes on', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await empty(page, address, 'for good')
  // Told though the store would have to take nothing more.
  await page.getByRole('button', { name: 'Send them again' }).press('Enter')
  await page.getByText('leave this page open').waitFor()
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await Promise.all([answered(page, two), cable.plugIn()])
  await page.getByText('Handed in: 2').waitFor()
  assert.deepEqual(
    (await loansOf(at)).map(({ who, barcode }) => [who, barcode]),
    [one, two].map((barcode) => ['Ada', barcode]),
  )
})

test('what is answered while a store is closed is dropped there once it opens again', {
  skip,
  timeout,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { at, page, address, cable, ada } = desk
  const [one = '', two = '', three = ''] = desk.books
  await openFor(page, address, ada)
  await cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
  await page.evaluate(`{
    const { transaction } = IDBDatabase.prototype
    const { open } = IDBFactory.prototype
    ;(globalThis.mends ??= []).push(() => { IDBFactory.prototype.open = open })
    IDBFactory.prototype.open = () => { throw new DOMException('broken', 'UnknownError') }
    IDBDatabase.prototype.transaction = function () {
      IDBDatabase.prototype.transaction = transaction
      this.close()
      this.dispatchEvent(new Event('close'))
      return transaction.apply(this, arguments)
    }
  }`)
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  await page.getByText('leave this page open').waitFor()
  await Promise.all([answered(page, two), cable.plugIn()])
  await page.getByText('Handed in: 2').waitFor()
  await mend(page)
  assert.deepEqual(
    (await stored(page)).map(({ code }) => code),
    [one],
  )
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
  await nothingStored(page)
  await page.reload()
  await readyToScan(page)
  await Promise.all([answered(page, three), scan(page, three)])
  assert.equal(await page.getByText('Handed in').count(), 0)
  assert.equal((await loansOf(at)).length, 3)
})
