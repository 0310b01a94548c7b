import assert from 'node:assert/strict'
import { request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  cardShown,
  frames,
  heard,
  isDeskOf,
  isPostTo,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  signIn,
  telling,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside, renew, renewable } from './desk-situations.ts'
import { nothingStored, writtenDown } from './desk-store.ts'

// A way from a desk that is the first to find out that the library is away: the desk stays, with what is scanned there.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

const needsLibrary = 'That page needs the library.'
const adasName = (page: Page) => page.getByRole('link', { name: 'Ada Reader' }).first()

/** Ada's desk, where she may renew, with its worker; the cable is out and nobody knows it yet. */
async function unaware() {
  const desk = await renewable(browsing(), 2)
  await heard(desk.page)
  await readyForOffline(desk.page)
  await desk.cable.pull()
  return desk
}

test('a form of Ada’s that is the first to find the library away leaves her at the desk', {
  skip,
  timeout,
}, async () => {
  await using desk = await unaware()
  const { page, cable, ada } = desk
  const [, two = ''] = desk.books
  await renew(page)
  await page.getByText(needsLibrary).waitFor()
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  assert.equal(await cardShown(page), ada)
  await cable.plugIn()
  await nothingStored(page)
  await page.getByText('On loan: 2 items').waitFor()
  assert.deepEqual([await cardShown(page), await whoHas(desk, two)], [ada, 'Ada'])
})

test('a link that is the first to find the library away ends Ada, and the desk stays', {
  skip,
  timeout,
}, async () => {
  await using desk = await unaware()
  const { at, page, cable } = desk
  const [, two = ''] = desk.books
  await adasName(page).click({ noWaitAfter: true })
  await page.getByText(needsLibrary).waitFor()
  assert.equal(await cardShown(page), '')
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  await cable.plugIn()
  await nothingStored(page)
  assert.equal(await whoHas(desk, two), undefined)
  // Nobody had it: the library heard of it all the same.
  assert.equal((await at.db.rows(sql`select from journal where action = 'take-back'`)).length, 1)
})

test('what is scanned at once behind a form that finds the library away is for Ada', {
  skip,
  timeout,
}, async () => {
  await using desk = await unaware()
  const { page, cable, other } = desk
  const [, two = ''] = desk.books
  await renew(page)
  await scanBlindly(page, two)
  await writtenDown(other, two)
  await cable.plugIn()
  await nothingStored(other)
  assert.equal(await whoHas(desk, two), 'Ada')
})

test('a form whose answer is lost is not sent again, and the desk shows what it did', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 1)
  const { at, page, context, ada } = desk
  await heard(page)
  await readyForOffline(page)
  await at.db.rows(
    sql`update loan set lent_at = lent_at - interval '9 days', due_at = due_at - interval '9 days'`,
  )
  let isAway = false
  let arrived = 0
  await context.route('**', async (route) => {
    if (isPostTo('/desk/renew')(route.request())) {
      arrived += 1
      await route.fetch({ maxRedirects: 0 })
      isAway = true
    }
    return isAway ? route.abort() : route.fallback()
  })
  await renew(page)
  await page.getByText(needsLibrary).waitFor()
  const isShown = page.waitForResponse((answer) => isDeskOf(ada)(answer.request()))
  isAway = false
  await isShown
  await page.getByText(needsLibrary).waitFor({ state: 'hidden' })
  const renewed = await at.db.rows(sql`select outcome from journal where action = 'renew'`)
  assert.deepEqual([arrived, renewed.length], [1, 1])
})

test('a way that fails long after the desk was stayed at does not take the desk with it', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, context, other, ada } = desk
  const [, two = ''] = desk.books
  await heard(page)
  await readyForOffline(page)
  const shown = await telling(page, other)
  const { promise: over, resolve: fail } = Promise.withResolvers<void>()
  await context.route('**/desk/renew', async (route) => {
    await over
    return route.abort()
  })
  const isAsked = context.waitForEvent('request', isPostTo('/desk/renew'))
  await renew(page)
  await isAsked
  await frames(other, 10.5 * 60)
  const hasFailed = context.waitForEvent('requestfailed', isPostTo('/desk/renew'))
  fail()
  await hasFailed
  // Longer than the worker waits to hear that the desk stays.
  await frames(other, 3 * 60)
  assert.equal(await shown(), ada)
  await Promise.all([answered(page, two), scanBlindly(page, two)])
  assert.equal(await whoHas(desk, two), 'Ada')
})

/** The browser says by itself that it cannot reach what this page is to show. */
async function outOfReach(page: Page, other: Page): Promise<void> {
  while (!page.url().startsWith('chrome-error:')) await frames(other, 10)
}

test('a page that is no desk, and one for another tab, are shown by the browser as what cannot be reached', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, context, address, ada, cable, other } = desk
  await readyToScan(page)
  await readyForOffline(page)
  await cable.pull()
  const [tab] = await Promise.all([
    context.waitForEvent('page'),
    adasName(page).click({ modifiers: ['ControlOrMeta'] }),
  ])
  await outOfReach(tab, other)
  assert.equal(await cardShown(page), ada)
  await tab.close()
  await cable.plugIn()
  await page.goto(`${address}/desk/kept`)
  await cable.pull()
  await page.getByRole('link', { name: 'Patrons' }).first().click({ noWaitAfter: true })
  await outOfReach(page, other)
})

test('a scan goes past the worker, and a form by it', { skip, timeout }, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, context } = desk
  const [, two = ''] = desk.books
  await heard(page)
  await readyForOffline(page)
  const [worker] = context.serviceWorkers()
  assert.ok(worker)
  await worker.evaluate(`{
    globalThis.seen = new Set()
    const { get } = Object.getOwnPropertyDescriptor(FetchEvent.prototype, 'request')
    Object.defineProperty(FetchEvent.prototype, 'request', {
      get() {
        const request = get.call(this)
        if (request.method === 'POST') seen.add(new URL(request.url).pathname)
        return request
      },
    })
  }`)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  await heard(page)
  await renew(page)
  await page.waitForURL(
    ({ pathname, searchParams }) => pathname === '/desk/renew' || searchParams.has('said'),
  )
  assert.deepEqual(await worker.evaluate('[...seen]'), ['/desk/renew'])
})

/** A wire on which the rest of a desk stays back, and whose worker is soon out of patience. */
async function aThickWire(to: string, { limitMs }: { readonly limitMs: number }) {
  const { hostname, port } = new URL(to)
  const { promise: over, resolve: letRest } = Promise.withResolvers<void>()
  let isThick = false
  const wire = createServer((asked, reply) => {
    const headers = { ...asked.headers, 'accept-encoding': 'identity' }
    const passed = ask({ hostname, port, path: asked.url, method: asked.method, headers }, async (answer) => {
      let body = (await answer.toArray()).join('')
      if (asked.url?.startsWith('/desk-worker.js')) {
        const before = body
        body = body.replace('answerMs = 8_000', `answerMs = ${limitMs}`)
        assert.notEqual(body, before)
      }
      const { 'content-length': _, ...told } = answer.headers
      reply.writeHead(answer.statusCode ?? 200, told)
      const half = isThick && asked.url?.startsWith('/desk?') ? body.length / 2 : 0
      reply.write(body.slice(0, half))
      if (half > 0) await over
      reply.end(body.slice(half))
    })
    passed.on('error', () => reply.destroy())
    asked.pipe(passed)
  })
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(wire.address() as AddressInfo).port}`,
    thicken: () => {
      isThick = true
    },
    letRest,
    [Symbol.asyncDispose]: async () => {
      letRest()
      wire.closeAllConnections()
      wire.close()
    },
  }
}

test('a desk that has begun to come comes whole, however long the rest of it takes', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, other, ada } = desk
  const [one = ''] = desk.books
  await using wire = await aThickWire(at.address, { limitMs: 1_000 })
  const page = await (await browsing().newContext()).newPage()
  await signIn(page, at, wire.address)
  await openFor(page, wire.address, ada)
  await readyForOffline(page)
  await page.goto(`${wire.address}/desk`)
  wire.thicken()
  await page.goto(`${wire.address}/desk?card=${ada}`, { waitUntil: 'commit' })
  await other.bringToFront()
  await frames(other, 2 * 60)
  wire.letRest()
  await page.bringToFront()
  await readyToScan(page)
  await Promise.all([answered(page, one), scan(page, one)])
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})
