import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core'
import { takeBack } from '../src/circulation/take-back.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  cardShown,
  endSession,
  hanging,
  heard,
  isLookAt,
  isPostTo,
  linkOf,
  loansOf,
  openFor,
  readyToScan,
  scan,
  scanBlindly,
  sendAgain,
  signInHere,
  whoHas,
} from './desk-fixtures.ts'
import { onReceipt, openBeside, takesUp, toReceipt } from './desk-situations.ts'
import { later, look, nothingStored, taken, writtenDown } from './desk-store.ts'
import { by } from './library-fixtures.ts'

// For whom a scan on a page beside the desk is, whatever comes between.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** So much later what was jotted down at pages that are gone is anybody's, with locks and without. */
const leftMs = 70_000

/** A browser that has neither locks nor workers, as on plain http. */
const onHttp = {
  newContext: async (how?: BrowserContextOptions) => {
    const context = await browsing().newContext({ ...how, serviceWorkers: 'block' })
    await context.addInitScript('Object.defineProperty(Navigator.prototype, "locks", { value: undefined })')
    return context
  },
}

/** What was jotted down on this device was so that much earlier. */
async function aged(page: Page): Promise<void> {
  await page.evaluate(`for (const [name, note] of Object.entries(localStorage)) {
    if (!name.startsWith('bibby-jotted-')) continue
    const { scan, ...rest } = JSON.parse(note)
    localStorage.setItem(name, JSON.stringify({ ...rest, scan: { ...scan, at: scan.at - ${leftMs} } }))
  }`)
}

/** What a person has to look at. */
async function listed({ at }: Pick<Awaited<ReturnType<typeof openBeside>>, 'at'>) {
  return at.db.rows(
    sql`select barcode, refused from kept_scan join copy on copy.id = copy_id order by kept_scan.id`,
  )
}

/** The receipt, with Ben's card scanned while it was on its way. */
async function benOnTheWay(desk: Awaited<ReturnType<typeof openBeside>>): Promise<void> {
  const { page, other, ben } = desk
  await readyToScan(page)
  const isReceipt = (asked: Request) => isLookAt(asked, '/desk/receipt')
  const letGo = await hanging(page, isReceipt, () => scan(page, 'DESKRECEIPT'))
  await scanBlindly(page, ben)
  await writtenDown(other, ben)
  letGo()
  await page.waitForURL('**/desk/receipt*')
  await page.locator('#scan:focus').waitFor()
  await heard(page)
}

test('behind a card on the receipt that is not known, a book waits for somebody to look', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing())
  const { at, page } = desk
  const [one = ''] = desk.books
  await atOnce(page)
  await scan(page, 'badly-read')
  await page.locator('#desk[data-may-be-card]').waitFor()
  await scan(page, one)
  await page.clock.resume()
  await page.locator('#waiting').getByText(one).waitFor()
  assert.deepEqual(await loansOf(at), [])
})

test('a book on the receipt of somebody whose card nobody has any more is for nobody', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 2)
  const { at, page, ada } = desk
  const [one = '', two = ''] = desk.books
  await at.db.rows(sql`update patron set card = 'card-of-old' where card = ${ada}`)
  await atOnce(page)
  await scan(page, one)
  await page.locator('#desk[data-nobodys]').waitFor()
  await scan(page, two)
  await page.clock.resume()
  await page.getByText('Nobody has that card any more. Not done').waitFor()
  assert.deepEqual(await at.db.rows(sql`select action from journal where action = 'take-back'`), [])
})

test('the answer to a scan beside the desk is heard', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, context } = desk
  await context.addInitScript(`{
    const { start } = OscillatorNode.prototype
    OscillatorNode.prototype.start = function (...at) {
      globalThis.tones = (globalThis.tones ?? 0) + 1
      return start.apply(this, at)
    }
  }`)
  await readyToScan(page)
  await toReceipt(page)
  await scan(page, 'badly-read')
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  assert.equal(await page.evaluate('globalThis.tones'), 2)
})

test('what another desk has taken of a tab that goes on stays where it belongs', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing())
  const { page, other, ben, address, context } = desk
  const [one = ''] = desk.books
  await other.goto(`${address}/check-in`)
  await readyToScan(other)
  await heard(other)
  await page.bringToFront()
  await endSession(context)
  await scan(page, ben)
  await page.getByText('You are signed out').locator('..').getByRole('link', { name: 'Sign in' }).click()
  await page.waitForURL('**/sign-in*')
  await later(other, leftMs)
  await taken(other, ben)
  // The same person signs in again.
  await signInHere(page, await sameLogin(desk))
  await page.goto(`${address}/desk`)
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await readyToScan(page)
  await nothingStored(page)
  await scan(page, one)
  await page.getByText('On loan: 1 item').waitFor()
  assert.equal(await whoHas(desk, one), 'Ben')
})

/** The login of whoever has signed in at this desk. */
async function sameLogin({ at }: Awaited<ReturnType<typeof openBeside>>): Promise<string> {
  const [row] = await at.db.rows<{ login: string }>(
    sql`select login from staff where password_hash is not null order by id limit 1`,
  )
  return row?.login ?? ''
}

test('without locks, too, a book on the receipt follows the one before, whoever has taken that meanwhile', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(onHttp, 2)
  const { page, other, address } = desk
  const [one = '', two = ''] = desk.books
  await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
  // The library is slow for the other desk, too.
  await other.route('**/desk/hand-in', (route) => route.abort())
  await other.bringToFront()
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  // By the clock of a page alone its lease would last as much longer.
  await aged(other)
  await taken(other, one)
  await page.bringToFront()
  await scanBlindly(page, two)
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ada'])
})

test('without locks a book on the receipt of which nobody knows whom it follows is for a person to look at', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(onHttp, 1)
  const { page } = desk
  const [one = ''] = desk.books
  await benOnTheWay(desk)
  await scan(page, one)
  await page.locator('#kept.warn').waitFor()
  await nothingStored(page)
  assert.deepEqual(await listed(desk), [{ barcode: one, refused: 'after-unknown' }])
})

test('a book on the receipt that a colleague has come to is not for whoever was scanned on the way', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, other, ben, context } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await Promise.all([answered(page, one), scan(page, one)])
  await heard(page)
  await endSession(context)
  const press = await linkOf(page, other, 'Receipt to print')
  const letGo = await hanging(page, (asked) => isLookAt(asked, '/desk/receipt'), press)
  await scanBlindly(page, ben)
  await writtenDown(other, ben)
  letGo()
  await page.waitForURL('**/sign-in*')
  await signInHere(page, await at.staff('desk'))
  await page.waitForURL('**/desk/receipt*')
  await page.locator('#scan:focus').waitFor()
  await heard(page)
  await scan(page, two)
  await page.locator('#kept.warn').waitFor()
  await nothingStored(page)
  assert.deepEqual(await listed(desk), [{ barcode: two, refused: 'after-unknown' }])
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

test('a book at the holds is not for whoever was scanned on another way before', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, other, ben } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  const press = await linkOf(page, other, 'Ada Reader')
  const letGo = await hanging(page, (asked) => new URL(asked.url()).pathname.startsWith('/patrons/'), press)
  await scanBlindly(page, ben)
  await writtenDown(other, ben)
  letGo()
  await page.waitForURL('**/patrons/*')
  await page.locator('nav a[href="/shelf"]').first().click()
  await page.waitForURL('**/shelf')
  await page.locator('#scan:focus').waitFor()
  await heard(page)
  await scan(page, one)
  await page.locator('#desk').waitFor()
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [])
  await page.locator('[id^="done-"]').first().waitFor()
})

test('what was refused before is not so any more once another desk has handed it in', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { at, page, other, address, ada, ben } = desk
  const [one = '', two = ''] = desk.books
  await openFor(page, address, ben)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  await openFor(page, address, ada)
  await readyToScan(page)
  await heard(page)
  for (const code of [two, one]) {
    await Promise.all([answered(page, code), scan(page, code)])
    await heard(page)
  }
  const refused = page.locator('#refused')
  await refused.getByText(two).waitFor()
  await write(at.db, by(), takeBack, { barcode: two, branchId: at.branchId })
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  await page.bringToFront()
  const paths = /\/desk\/(?:scan|hand-in)$/
  await page.route(paths, (route) => route.abort())
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  await sendAgain(other)
  await look(other)
  await refused.waitFor({ state: 'hidden' })
  assert.equal((await loansOf(at)).at(-1)?.who, 'Ada')
  await page.unroute(paths)
})

test('what is scanned in two tabs of one receipt, and left, is not mixed', { skip, timeout }, async () => {
  await using desk = await onReceipt(browsing(), 2)
  const { at, page, other, context, ben } = desk
  const [one = '', two = ''] = desk.books
  const [doubled] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate('void window.open(location.href)'),
  ])
  await doubled.locator('#scan:focus').waitFor()
  await heard(doubled)
  const isOnTheWay = (asked: Request) => /^\/desk(?:\/scan)?$/.test(new URL(asked.url()).pathname)
  await page.bringToFront()
  await hanging(page, isOnTheWay, () => scanBlindly(page, one))
  await doubled.bringToFront()
  await hanging(doubled, isOnTheWay, () => scanBlindly(doubled, ben))
  await page.bringToFront()
  await scanBlindly(page, two)
  await doubled.close()
  await page.close()
  await takesUp(desk, leftMs)
  await other.locator('#kept.good').waitFor()
  await nothingStored(other)
  assert.deepEqual(
    (await loansOf(at)).map(({ who }) => who),
    ['Ada', 'Ada'],
  )
})

test('a scan that is cut in two on the receipt is listed by the desk', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, ada, address } = desk
  const [one = '', two = ''] = desk.books
  await readyToScan(page)
  await page.keyboard.type(one.slice(0, 3))
  await page.goto(`${address}/desk/receipt?card=${ada}`)
  await page.getByText('A scan was cut in two').waitFor()
  await heard(page)
  await scan(page, two)
  await page.getByText('On loan: 1 item').waitFor()
  await page.locator('#refused').getByText('A scan was cut in two').waitFor()
})

for (const [what, begin] of [
  ['cannot be reached', async (desk: Awaited<ReturnType<typeof openBeside>>) => desk.cable.pull()],
  [
    'is hidden by a proxy',
    async ({ context }: { context: BrowserContext }) =>
      context.route(/\/desk(?:\/|$)/, (route) => route.fulfill({ status: 502, body: 'A proxy' })),
  ],
] as const)
  test(`on a device without a worker the receipt stays, and takes scans, while the library ${what}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(
      { newContext: (how = {}) => browsing().newContext({ ...how, serviceWorkers: 'block' }) },
      3,
    )
    const { page, context, cable, address, ben } = desk
    const [one = '', two = '', three = ''] = desk.books
    await begin(desk)
    await scan(page, one)
    await page.getByText('The library cannot be reached').waitFor()
    for (const code of [two, ben, three]) await scan(page, code)
    assert.match(page.url(), /\/desk\/receipt/)
    await context.unrouteAll()
    if (what === 'cannot be reached') await cable.plugIn()
    await page.waitForURL(`${address}/desk`)
    await page.getByText('Handed in: 4').waitFor()
    await nothingStored(page)
    const who = await Promise.all([one, two, three].map((book) => whoHas(desk, book)))
    assert.deepEqual([who, await cardShown(page)], [['Ada', 'Ada', 'Ben'], ben])
  })

test('a book on the receipt that nobody answers is taken to the desk', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, context } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await page.clock.install()
  await toReceipt(page)
  let asked = 0
  await context.route('**/desk/scan?*', () => {
    asked += 1
  })
  const sent = context.waitForEvent('request', isPostTo('/desk/scan'))
  await scanBlindly(page, one)
  await sent
  // The clock of a page that is on its way is not asked for.
  void page.clock.fastForward(10_000).catch(() => undefined)
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  assert.deepEqual([await whoHas(desk, one), asked], ['Ada', 1])
})

test('a book that waits on the receipt is taken to the desk when it is loaded anew', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page } = desk
  const [one = ''] = desk.books
  await benOnTheWay(desk)
  const isHome = (asked: Request) => isLookAt(asked, '/desk')
  const letGo = await hanging(page, isHome, () => scanBlindly(page, one))
  const again = page.context().waitForEvent('request', isHome)
  await page.reload().catch(() => undefined)
  await again
  letGo()
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  assert.equal(await whoHas(desk, one), 'Ben')
})

test('where a browser keeps nothing, a book that cannot wait is said to be lost', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 2)
  const { page, ada, address, context } = desk
  const [one = '', two = ''] = desk.books
  await context.addInitScript(`for (const name of ['sessionStorage', 'localStorage'])
    Object.defineProperty(globalThis, name, { get() { throw new DOMException('Blocked', 'SecurityError') } })
    addEventListener('DOMContentLoaded', () => {
      const told = document.querySelector('[data-told="lost"]')
      if (told) new MutationObserver(() => { history.replaceState({}, '', '?lost') }).observe(told, { attributes: true })
    })`)
  await page.goto(`${address}/desk/receipt?card=${ada}`)
  await page.locator('#scan:focus').waitFor()
  await heard(page)
  const letGo = await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
  const told = page.waitForURL(/\?lost$/, { waitUntil: 'commit' })
  await scanBlindly(page, two)
  await told
  letGo()
  await page.getByText('On loan: 1 item').waitFor()
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', undefined])
})
