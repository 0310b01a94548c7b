import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { haltNow } from '../src/halt/halt.ts'
import { beat, instances } from '../src/instances/instances.ts'
import { sql } from '../src/postgres/sql.ts'
import { aBrowser, anOpenLibrary, aVisitor, noChromium, type OpenLibrary, pagePassword } from './browser.ts'
import { noHaproxy, startHaproxy } from './haproxy.ts'
import { lookAt, type Seeing } from './look.ts'

const writes = 20

/** Lends a copy and takes it back, again and again, at a desk with a token of its own. */
async function work(at: OpenLibrary): Promise<void> {
  const { app, card, barcode } = at
  const body = { kind: 'staff', account: await at.staff('desk'), password: pagePassword }
  const { token } = (await app.inject({ method: 'POST', url: '/api/v1/sessions', body })).json()
  const ask = async (url: string, asked: object) => {
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() }
    const answer = await app.inject({ method: 'POST', url, headers, body: asked })
    assert.ok(answer.statusCode < 300, answer.body)
  }
  for (let done = 0; done < writes; done += 2) {
    await ask('/api/v1/loans', { card, barcode })
    await ask('/api/v1/returns', { barcode })
  }
}

async function operator(browser: Browser, at: OpenLibrary): Promise<BrowserContext> {
  const context = await browser.newContext({ reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${at.address}/sign-in?kind=staff`)
  await page.locator('#staff-account').fill(await at.staff('operator'))
  await page.locator('#staff-password').fill(pagePassword)
  await page.keyboard.press('Enter')
  await page.locator('form[action="/sign-out"]').waitFor()
  await page.close()
  return context
}

const counted = (page: Page) =>
  page.locator('[data-part="figures"] div', { hasText: 'Writes in 15 minutes' }).locator('dd')

test('twenty writes are counted as twenty: on the page without script, and by the counters of /metrics', async () => {
  await using at = await anOpenLibrary()
  await at.app.pulse.take()
  await work(at)
  const felt = await at.app.pulse.take()
  assert.equal(felt.writes, writes)
  assert.equal(felt.checkout?.count, writes / 2)
  assert.ok((felt.checkout?.p50Ms ?? 0) <= (felt.checkout?.p95Ms ?? 0))
  const { body } = await at.app.metrics.text()
  const done = [...body.matchAll(/^bibby_writes_total\{.*outcome="done".*\} (\d+)$/gm)]
  const all = done.reduce((sum, [, value]) => sum + Number(value), 0)
  assert.equal(at.app.pulse.since(900).writes, all)

  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('operator'))
  const seen = await visitor.open('/operations/now')
  assert.match(seen.text, /Writing goes on/)
  assert.match(seen.text, /Writes in 15 minutes 20 /)
  assert.match(seen.html, /<noscript><meta http-equiv="refresh" content="10"><\/noscript>/)
  assert.match(seen.html, /<svg class="plot[^>]*aria-label="Writes a second, the last 15 minutes\. At most /)

  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  assert.equal((await desk.open('/operations/now')).status, 403)
})

test('the page tells which Bibbys are at work, which are silent, and forgets those that are gone', async () => {
  await using at = await anOpenLibrary()
  const figures = {
    writesPerSecond: 1,
    checkoutP95Ms: 9,
    searchP95Ms: null,
    lagMs: 1,
    memoryBytes: 90_000_000,
  }
  const one = { version: '0.1.0', commit: 'c0ffee', startedAt: new Date('2026-01-01T00:00:00Z'), figures }
  for (const name of ['library-2', 'library-3', 'library-4']) await beat(at.db, { ...one, name })
  await at.db.rows(sql`update instance set seen_at = now() - interval '1 minute' where name = 'library-3'`)
  await at.db.rows(sql`update instance set seen_at = now() - interval '1 hour' where name = 'library-4'`)
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('operator'))
  const { text } = await visitor.open('/operations/now')
  assert.match(text, /test 0\.1\.0 .*library-2 0\.1\.0 c0ffee .*There .*library-3 .*Silent/)
  assert.doesNotMatch(text, /library-4/)
  await beat(at.db, { ...one, name: 'library-2' })
  assert.deepEqual(
    (await instances(at.db)).map(({ name, isSilent }) => [name, isSilent]),
    [
      ['library-2', false],
      ['library-3', true],
    ],
  )
})

test('with script the page stays current without being loaded again, and is loaded anew when writing is halted', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = await aBrowser()
  const context = await operator(browser, at)
  const page = await context.newPage()
  await page.goto(`${at.address}/operations/now`)
  await page.getByText('Live: this page stays current').waitFor()
  await page.evaluate(() => Object.assign(globalThis, { isSame: true }))
  const before = Number(await counted(page).textContent())
  await work(at)
  await at.app.pulse.take()
  await counted(page)
    .getByText(String(before + writes), { exact: true })
    .waitFor()
  assert.equal(await page.evaluate(() => 'isSame' in globalThis), true)

  const now = { actor: 'staff:1', key: randomUUID(), occurredAt: at.library.clock(), instance: 'test' }
  await haltNow(at.db, now, { reason: 'A drill' })
  await at.app.pulse.take()
  await page.getByText('Writing is halted since').waitFor()
  assert.equal(await page.evaluate(() => 'isSame' in globalThis), false)
  await page.getByText('Live: this page stays current').waitFor()

  const states: Seeing['states'] = new Map([['operator', await context.storageState()]])
  assert.deepEqual(
    await lookAt(browser, { address: at.address, states }, { operator: { now: '/operations/now' } }),
    [],
  )
})

test('who signs out is told no more; who may not operate hears nothing; and as many follow as may', async () => {
  await using at = await anOpenLibrary()
  const body = { kind: 'staff', account: await at.staff('operator'), password: pagePassword }
  const { token } = (await at.app.inject({ method: 'POST', url: '/api/v1/sessions', body })).json()
  const headers = { cookie: `bibby_session=${token}` }
  const events = `${at.address}/operations/now/events`
  assert.equal((await fetch(events, { redirect: 'manual' })).status, 303)
  const followers = await Promise.all(Array.from({ length: 20 }, () => fetch(events, { headers })))
  assert.deepEqual(
    followers.map(({ status }) => status),
    Array.from({ length: 20 }, () => 200),
  )
  const full = await fetch(events, { headers })
  assert.equal(full.status, 503)
  assert.equal(((await full.json()) as { code: string }).code, 'listeners-full')
  const heard = followers.map((follower) => follower.text())
  await at.app.sessions.end(token)
  await at.app.pulse.take()
  for (const all of await Promise.all(heard)) {
    assert.match(all, /^retry: 5000\n\nevent: now\ndata: <div/)
    assert.match(all, /event: anew\ndata:\n\n$/)
  }
  assert.equal((await fetch(events, { headers, redirect: 'manual' })).status, 303)
})

test('events come through HAProxy as they are told', { skip: noHaproxy }, async () => {
  await using at = await anOpenLibrary({ trustProxy: '127.0.0.1' })
  await using proxy = await startHaproxy(at.address.replace('http://', ''))
  const body = { kind: 'staff', account: await at.staff('operator'), password: pagePassword }
  const { token } = (await at.app.inject({ method: 'POST', url: '/api/v1/sessions', body })).json()
  const agent = new Agent({ ca: proxy.ca, servername: 'localhost' })
  const sent = request({
    ...{ agent, host: '127.0.0.1', port: proxy.port, path: '/operations/now/events' },
    headers: { cookie: `bibby_session=${token}` },
  })
  sent.end()
  const [reply] = (await once(sent, 'response')) as [IncomingMessage]
  reply.setEncoding('utf8')
  let heard = ''
  const until = async (events: number) => {
    while (heard.split('event: now').length <= events) heard += String((await once(reply, 'data'))[0])
  }
  await until(1)
  await at.app.pulse.take()
  await until(2)
  assert.equal(reply.headers['x-accel-buffering'], 'no')
  reply.destroy()
  agent.destroy()
})
