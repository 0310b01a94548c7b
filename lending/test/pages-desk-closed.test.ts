import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page, Request } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  endSession,
  frames,
  hanging,
  heard,
  isLookAt,
  isPostTo,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  signIn,
  whoHas,
} from './desk-fixtures.ts'
import {
  type BesideDesk,
  closedMs,
  onReceipt,
  openBeside,
  takesUp,
  toReceipt,
  toSlip,
} from './desk-situations.ts'
import { busyDisk, later, look, nothingStored, takenAll, writtenDown } from './desk-store.ts'

// What is scanned on a page beside the desk, and what its tab leaves behind that is closed before anybody has answered.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** What pages have jotted down on this device, as a page of it sees that. */
async function jottedDown(page: Page): Promise<readonly string[]> {
  return page.evaluate(`Object.entries(localStorage)
    .filter(([name]) => name.startsWith('bibby-jotted-')).map(([, note]) => JSON.parse(note).scan.code)`)
}

/** Whether a scan, or somebody, is on the way to the desk. */
const isOnTheWay = (asked: Request) => /^\/desk(?:\/scan)?$/.test(new URL(asked.url()).pathname)

for (const [what, begin] of [
  ['nobody answers', async () => undefined],
  [
    'the session has ended',
    async ({ context, page }: BesideDesk) => {
      await endSession(context)
      return () => page.getByText('You are signed out').waitFor()
    },
  ],
  [
    'a proxy answers',
    async ({ context, page }: BesideDesk) => {
      await context.route('**/desk/scan?*', (route) => route.fulfill({ body: 'A proxy' }))
      return () => page.getByText('A proxy').waitFor()
    },
  ],
] as const)
  test(`a book on the receipt where ${what} is handed in by another tab once this one is closed`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(browsing())
    const { at, page, other, address } = desk
    const [one = ''] = desk.books
    const comes = await begin(desk)
    if (comes) await Promise.all([comes(), scan(page, one)])
    else await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
    await page.close()
    assert.deepEqual([await jottedDown(other), await loansOf(at)], [[one], []])
    await other.bringToFront()
    if (what === 'the session has ended') await signIn(other, at, address)
    // It may be answered yet.
    await other.goto(`${address}/desk`)
    await readyToScan(other)
    await look(other)
    await frames(other, 30)
    assert.deepEqual([await jottedDown(other), await loansOf(at)], [[one], []])
    await later(other, closedMs)
    await takenAll(other)
    await other.locator('#kept.good').waitFor()
    await nothingStored(other)
    assert.equal(await whoHas(desk, one), 'Ada')
  })

test('a book on the receipt is left to its page as long as that lives, and struck off by the answer', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing())
  const { at, page, other, address } = desk
  const [one = ''] = desk.books
  const letGo = await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  await later(other, closedMs)
  await look(other)
  await frames(other, 30)
  assert.deepEqual([await jottedDown(other), await loansOf(at)], [[one], []])
  letGo()
  await page.getByText('On loan: 1 item').waitFor()
  await nothingStored(other)
  assert.equal(await other.locator('#kept').isHidden(), true)
})

test('what a closed tab has left is taken by one of two desks that look at the same moment', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing())
  const { page, context, other, address } = desk
  const [one = ''] = desk.books
  await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
  await page.close()
  await context.unrouteAll()
  const third = await context.newPage()
  for (const each of [other, third]) {
    await each.bringToFront()
    await each.goto(`${address}/desk`)
    await readyToScan(each)
  }
  const beside = await context.newPage()
  await beside.goto(`${address}/search`)
  const isFree = await busyDisk(beside)
  // Each would find it and nothing kept of it, and keep it once the disk is free.
  for (const each of [other, third, other, third]) {
    await later(each, closedMs)
    await look(each)
    await frames(each, 5)
  }
  assert.deepEqual(await jottedDown(beside), [one])
  const handedIn: Request[] = []
  context.on('request', (asked) => {
    if (isPostTo('/desk/hand-in')(asked)) handedIn.push(asked)
  })
  await isFree()
  await takenAll(other)
  await nothingStored(other)
  assert.equal(await whoHas(desk, one), 'Ada')
  assert.equal(handedIn.length, 1)
})

test('what a closed tab has left goes in for those it was for, and what followed something for nobody', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 3)
  const { at, page, context, other, address, ben } = desk
  const [one = '', two = '', three = ''] = desk.books
  // Behind the first one, before anybody answers: a card, and a book for that.
  await hanging(page, isOnTheWay, async () => {
    for (const code of [one, ben, two]) await scanBlindly(page, code)
  })
  await page.close()
  await context.unrouteAll()
  // Something was kept before what is scanned there, and is in by the time it is looked for.
  const third = await context.newPage()
  await openFor(third, address, ben)
  await readyToScan(third)
  await toReceipt(third)
  await third.evaluate("sessionStorage.setItem('bibby-follows', 'somebody')")
  await hanging(third, isOnTheWay, () => scanBlindly(third, three))
  await third.close()
  assert.deepEqual((await jottedDown(other)).toSorted(), [one, ben, two, three].toSorted())
  await takesUp(desk)
  await other.locator('#kept.warn').waitFor()
  await nothingStored(other)
  const listed = await at.db.rows(
    sql`select barcode as code, refused from kept_scan join copy on copy.id = copy_id`,
  )
  assert.deepEqual(listed, [{ code: three, refused: 'after-unknown' }])
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ben'])
})

test('what a closed tab has left goes in as it was scanned, also where the clock was set back on the way', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 2)
  const { page, other, ben } = desk
  const [one = '', two = ''] = desk.books
  await page.evaluate(`new BroadcastChannel('clock').onmessage = ({ data }) => {
    const { now } = Date
    Date.now = () => now() + data
  }`)
  const setOn = async (ms: number) => {
    await other.evaluate(`new BroadcastChannel('clock').postMessage(${ms})`)
    await frames(other, 5)
  }
  await hanging(page, isOnTheWay, async () => {
    await scanBlindly(page, one)
    await setOn(4_000)
    await scanBlindly(page, ben)
    await setOn(-2_000)
    await scanBlindly(page, two)
  })
  await page.close()
  await takesUp(desk, closedMs + 4_000)
  await other.locator('#kept.good').waitFor()
  await nothingStored(other)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ben'])
})

for (const [when, comes] of [
  [
    'once somebody looks',
    async ({ other }: BesideDesk, [, two = '']: readonly string[]) => {
      // This desk has looked what is to be handed in before it may take what the tab has left.
      await Promise.all([answered(other, two), scanBlindly(other, two)])
      await later(other, closedMs)
      await look(other)
    },
  ],
  [
    'once the library is back',
    async ({ other, cable }: BesideDesk, [, two = '']: readonly string[]) => {
      await cable.pull()
      await scanBlindly(other, two)
      await other.locator('#kept.warn').waitFor()
      await later(other, closedMs)
      await cable.plugIn()
    },
  ],
] as const)
  test(`what a closed tab has left follows what its desk had written down already, ${when}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(browsing(), 2)
    const { page, other, address, ben } = desk
    const [one = ''] = desk.books
    // Others see what is written; this page is not told before it is closed.
    await page.addInitScript(`{
      const { transaction } = IDBDatabase.prototype
      IDBDatabase.prototype.transaction = function (...given) {
        const tx = transaction.apply(this, given)
        if (given[2]?.durability === 'strict') Object.defineProperty(tx, 'oncomplete', { set: () => undefined })
        return tx
      }
    }`)
    const letGo = await hanging(page, isOnTheWay, async () => {
      for (const code of [ben, one]) await scanBlindly(page, code)
    })
    letGo()
    await writtenDown(other, ben)
    await page.close()
    await other.bringToFront()
    await other.goto(`${address}/desk`)
    await readyToScan(other)
    await comes(desk, desk.books)
    while ((await jottedDown(other)).length > 0) await frames(other, 1)
    await nothingStored(other)
    assert.equal(await whoHas(desk, one), 'Ben')
  })

test('a login that leads back to the address of a form has answered nothing', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, context } = desk
  const [one = '', two = ''] = desk.books
  await toSlip(desk, one)
  await context.route('**/check-in?*', async (route) => {
    const asked = route.request()
    if (asked.method() === 'POST') return route.fulfill({ status: 303, headers: { location: asked.url() } })
    return route.fallback()
  })
  await scan(page, two)
  await page.waitForURL('**/check-in')
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  await page.reload()
  await page.locator('[id^="done-"]').nth(1).waitFor()
})

test('where somebody stops the way to the desk, the page goes on to it by and by', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, context, other } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await page.clock.install()
  await toReceipt(page)
  // A page that is on its way to another one is not asked anything.
  await page.evaluate("new BroadcastChannel('stop').onmessage = () => stop()")
  await hanging(page, isOnTheWay, async () => {
    for (const code of [one, two]) await scanBlindly(page, code)
  })
  const stopped = page.waitForEvent('requestfailed', (asked) => isLookAt(asked, '/desk'))
  await other.evaluate("new BroadcastChannel('stop').postMessage('now')")
  await stopped
  assert.deepEqual(await loansOf(desk.at), [])
  // What hung may arrive now.
  await context.unrouteAll()
  await page.clock.fastForward(12_000)
  await page.clock.resume()
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ada'])
})

test('what is answered by another page beside the desk is struck off there', { skip, timeout }, async () => {
  await using desk = await onReceipt(browsing())
  const { page } = desk
  await scan(page, 'DESKHELP')
  await page.waitForURL('**/desk/commands*')
  assert.deepEqual(await jottedDown(page), [])
  await nothingStored(page)
  assert.equal(new URL(page.url()).search, '')
})

test('where a browser keeps nothing a book on the receipt is lent, and so is one at the desk', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, ada, address, context } = desk
  const [one = '', two = ''] = desk.books
  await context.addInitScript(`for (const name of ['sessionStorage', 'localStorage'])
    Object.defineProperty(globalThis, name, { get() { throw new DOMException('Blocked', 'SecurityError') } })`)
  await page.goto(`${address}/desk/receipt?card=${ada}`)
  await scan(page, one)
  await page.getByText('On loan: 1 item').waitFor()
  await readyToScan(page)
  await heard(page)
  await scan(page, two)
  await page.getByText('On loan: 2 items').waitFor()
  await readyForOffline(page)
  await desk.cable.pull()
  await scan(page, one)
  await page.getByText('Kept here: 1').waitFor()
})
