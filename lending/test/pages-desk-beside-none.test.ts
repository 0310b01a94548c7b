import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContextOptions, Request } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  atOnce,
  endSession,
  frames,
  hanging,
  heard,
  isLookAt,
  isPostTo,
  isScanOf,
  linkOf,
  loansOf,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  signIn,
  signInHere,
  whoHas,
} from './desk-fixtures.ts'
import { onReceipt, openBeside } from './desk-situations.ts'
import { later, look, nothingStored, taken, takenAll } from './desk-store.ts'

// What is scanned on a page beside the desk where the library does not take it, and where somebody goes another way.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

/** A browser without a worker, as on plain http. */
const withoutWorker = {
  newContext: (how?: BrowserContextOptions) => browsing().newContext({ ...how, serviceWorkers: 'block' }),
}

const isQuestion = (asked: Request) => isLookAt(asked, '/desk/hand-in')

test('where lending alone is halted, what is scanned on the receipt is kept by the desk', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 2)
  const { at, page } = desk
  const [one = '', two = ''] = desk.books
  const halted = JSON.stringify({ lend: { since: '2026-01-01T00:00:00Z', because: 'A test' } })
  await at.db.rows(sql`update fence set halted_verbs = ${halted}::jsonb`)
  await scan(page, one)
  await page.getByText('This work is halted for now').waitFor()
  await scan(page, two)
  await page.getByText('Kept here: 2').waitFor()
  assert.deepEqual(await loansOf(at), [])
})

test('where the session has ended, the receipt stays, takes more, and leads to whoever signs in', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 3)
  const { at, page, context } = desk
  await endSession(context)
  for (const book of desk.books) {
    await scan(page, book)
    await page.getByText('You are signed out').waitFor()
  }
  assert.match(page.url(), /\/desk\/receipt/)
  await page.getByText('You are signed out').locator('..').getByRole('link', { name: 'Sign in' }).click()
  await signInHere(page, await at.staff('desk'))
  await page.getByText('Handed in: 3').waitFor()
  await nothingStored(page)
  for (const book of desk.books) assert.equal(await whoHas(desk, book), 'Ada')
})

test('where whoever is signed in by now has no desk, the receipt stays and takes more', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 2)
  const { at, page, other, address, context } = desk
  const [one = '', two = ''] = desk.books
  await endSession(context)
  await signIn(other, at, address, 'cataloguer')
  await page.bringToFront()
  await scan(page, one)
  await page.getByText('They go in when somebody signs in who may do that').waitFor()
  await scan(page, two)
  await frames(page, 10)
  assert.match(page.url(), /\/desk\/receipt/)
  await endSession(context)
  await signIn(other, at, address)
  await page.bringToFront()
  await page.getByText('Handed in: 2').waitFor()
  await nothingStored(page)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ada'])
})

test('of what another desk has handed in a part, the rest follows it all the same', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 1)
  const { at, page, other, ben, address, context } = desk
  const [one = ''] = desk.books
  await other.goto(`${address}/check-in`)
  await readyToScan(other)
  await heard(other)
  await page.bringToFront()
  await endSession(context)
  // Both are jotted down before the page goes.
  const letGo = await hanging(page, isQuestion, () => scanBlindly(page, ben))
  await scanBlindly(page, one)
  letGo()
  await page.getByText('You are signed out').waitFor()
  await page.goto(`${address}/sign-in`)
  await later(other, 20_000)
  await taken(other, one)
  await context.unrouteAll()
  await context.route('**/desk/hand-in', (route) =>
    isScanOf(route.request(), one) ? route.abort() : route.fallback(),
  )
  const third = await context.newPage()
  await signIn(third, at, address)
  const tried = context.waitForEvent('requestfailed', (asked) => isScanOf(asked, one))
  await look(other)
  await tried
  await other.close()
  await context.unrouteAll()
  await page.bringToFront()
  await page.goto(`${address}/desk`)
  await page.locator('#kept.good, #kept.warn').waitFor()
  await nothingStored(page)
  const back = await at.db.rows(sql`select from journal where action = 'take-back'`)
  assert.deepEqual([await whoHas(desk, one), back.length], ['Ben', 0])
})

test('what a closed tab has left goes whole', { skip, timeout }, async () => {
  await using desk = await onReceipt(browsing(), 2)
  const { page, other, address } = desk
  const [one = '', two = ''] = desk.books
  await hanging(page, isPostTo('/desk/scan'), () => scanBlindly(page, one))
  await page.close()
  // The second one was scanned so much later.
  await other.evaluate(`(() => {
    const [[name, note]] = Object.entries(localStorage).filter(([name]) => name.startsWith('bibby-jotted-'))
    const { scan, nth, ...rest } = JSON.parse(note)
    const { card, ...behind } = { ...scan, key: 'a'.repeat(32), code: ${JSON.stringify(two)}, at: scan.at + 18_000 }
    localStorage.setItem('bibby-jotted-' + behind.key, JSON.stringify({ scan: behind, nth: nth + 1, ...rest }))
  })()`)
  await other.bringToFront()
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  await later(other, 18_000)
  await look(other)
  await frames(other, 30)
  assert.equal(await whoHas(desk, one), undefined)
  await later(other, 20_000)
  await takenAll(other)
  await other.locator('#kept.good').waitFor()
  await nothingStored(other)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', 'Ada'])
})

for (const count of [1, 2])
  test(`a link that is pressed while the library is asked is followed, behind ${count} scanned`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(withoutWorker, count)
    const { page, other } = desk
    const [one = '', ...more] = desk.books
    const press = await linkOf(page, other, 'Back')
    const letAsk = await hanging(page, isQuestion, () => scanBlindly(page, one))
    for (const code of more) await scanBlindly(page, code)
    const isDesk = (asked: Request) => isLookAt(asked, '/desk') && new URL(asked.url()).search !== ''
    const letGo = await hanging(page, isDesk, press)
    letAsk()
    const failed = page
      .waitForEvent('requestfailed', { predicate: isDesk, timeout: 2_000 })
      .catch(() => undefined)
    assert.equal(await failed, undefined)
    letGo()
    await page.locator('#kept.good').waitFor()
    await nothingStored(page)
    for (const book of desk.books) assert.equal(await whoHas(desk, book), 'Ada')
  })

test('behind a way that somebody has stopped, a book on the receipt goes to the desk', {
  skip,
  timeout,
}, async () => {
  await using desk = await onReceipt(browsing(), 1)
  const { page, other, context } = desk
  const [one = ''] = desk.books
  await page.evaluate("new BroadcastChannel('stop').onmessage = () => stop()")
  const press = await linkOf(page, other, 'Back')
  const isDesk = (asked: Request) => isLookAt(asked, '/desk')
  await hanging(page, isDesk, press)
  const stopped = page.waitForEvent('requestfailed', isDesk)
  await other.evaluate("new BroadcastChannel('stop').postMessage('now')")
  await stopped
  await context.unrouteAll()
  await scan(page, one)
  await page.locator('#kept.good').waitFor()
  await nothingStored(page)
  assert.equal(await whoHas(desk, one), 'Ada')
})

for (const [where, to] of [
  ['the receipt', '/desk/receipt'],
  ['the desk', '/desk'],
] as const)
  for (const [what, typed, count] of [
    ['Enter alone', '', 0],
    ['half a scan', 'd-1', 1],
  ] as const)
    test(`${what} that comes with ${where} is ${count === 0 ? 'not ' : ''}listed as cut`, {
      skip,
      timeout,
    }, async () => {
      await using desk = await openBeside(browsing(), 1)
      const { page, ada, address } = desk
      const [one = ''] = desk.books
      await readyToScan(page)
      await atOnce(page)
      if (typed) await page.keyboard.type('car')
      await page.goto(`${address}${to}?card=${ada}`)
      await page.locator('#scan:focus').waitFor()
      await scanBlindly(page, typed)
      await page.getByText('A scan was cut in two').first().waitFor()
      await page.clock.resume()
      await heard(page)
      await scan(page, one)
      await page.getByText('On loan: 1 item').waitFor()
      await readyToScan(page)
      assert.equal(await page.locator('#refused').getByText('A scan was cut in two').count(), count)
    })

for (const [who, whose] of [
  ['a colleague', false],
  ['whoever scanned it, once the library is back', true],
] as const)
  test(`a scan that was cut in two on the receipt is ${whose ? '' : 'not '}told to ${who}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { at, page, ada, address, context, cable } = desk
    const [one = ''] = desk.books
    await readyForOffline(page)
    await readyToScan(page)
    await page.keyboard.type('car')
    await page.goto(`${address}/desk/receipt?card=${ada}`)
    await page.getByText('A scan was cut in two').waitFor()
    await heard(page)
    if (whose) {
      await cable.pull()
      await scan(page, one)
      await page.locator('[data-shell]').waitFor({ state: 'attached' })
      await page.getByText('Kept here: 1').waitFor()
      await cable.plugIn()
      await page.getByText('The library is back').waitFor()
    } else {
      await endSession(context)
      await signIn(page, at, address)
      await page.goto(`${address}/desk?card=${ada}`)
      await readyToScan(page)
      await scan(page, one)
    }
    await page.getByText('On loan: 1 item').waitFor()
    assert.equal(await page.locator('#refused').isVisible(), whose)
  })

for (const [what, typed, lent] of [
  ['a book', undefined, ['Ada', 'Ada']],
  ['a card that is not known', 'badly-read', []],
] as const)
  test(`what was scanned on the receipt behind ${what} that is answered first is for whom it shows`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await onReceipt(browsing(), 2)
    const { at, page, context } = desk
    const [one = '', two = ''] = desk.books
    // The way to the desk that hands in both does not begin before the first is answered.
    await page.evaluate(
      "navigation.addEventListener('navigate', (event) => { if (event.destination.url.endsWith('/desk')) event.preventDefault() })",
    )
    const letGo = await hanging(
      page,
      (asked) => asked.method() === 'POST',
      () => scanBlindly(page, typed ?? one),
    )
    await scanBlindly(page, two)
    letGo()
    await page.locator('#kept.good, #kept.warn').waitFor()
    await nothingStored(page)
    assert.deepEqual(
      (await loansOf(at)).map(({ who }) => who),
      lent,
    )
    const back = await at.db.rows(sql`select from journal where action = 'take-back'`)
    assert.equal(back.length, 0)
    await context.unrouteAll()
  })
