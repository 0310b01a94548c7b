import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { noteDrills } from '../src/drills-noted.ts'
import { haltNow } from '../src/halt/halt.ts'
import { beat, instances } from '../src/instances/instances.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import type { Role } from '../src/staff/permission.ts'
import { type Browsing, noChromium, oneBrowser } from './browser.ts'
import { noHaproxy, startHaproxy } from './haproxy.ts'
import { lookAt, type Seeing } from './look.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const browsing = oneBrowser()
const writes = 20

async function tokenOf({ app, staff }: OpenLibrary, role: Role): Promise<string> {
  const body = { kind: 'staff', account: await staff(role), password: pagePassword }
  return (await app.inject({ method: 'POST', url: '/api/v1/sessions', body })).json().token
}

/** Lends a copy and takes it back, again and again, at a desk with a token of its own. */
async function work(at: OpenLibrary): Promise<void> {
  const { app, card, barcode } = at
  const token = await tokenOf(at, 'desk')
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

async function operator(browser: Browsing, at: OpenLibrary): Promise<BrowserContext> {
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
  await noteDrills(at.library.dataFolder, [
    { name: '2012-knight', verdict: 'held', at: '2026-11-01T02:00:00Z' },
    { name: '2017-s3', verdict: 'harmed', at: '2026-11-01T02:00:00Z' },
  ])
  await noteDrills(at.library.dataFolder, [{ name: '2017-s3', verdict: 'held', at: '2026-11-08T02:00:00Z' }])
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('operator'))
  const { text } = await visitor.open('/operations/now')
  assert.match(text, /Drills 2012-knight 1 Nov 2026.* Held 2017-s3 8 Nov 2026.* Held/)
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
  await using browser = browsing()
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
  const token = await tokenOf(at, 'operator')
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

test('while the database is away the page is told so, and when it is back', async () => {
  let isAway = false
  const through = (db: Database): Database => ({
    ...db,
    rows: (statement) => (isAway ? Promise.reject(new Error('away')) : db.rows(statement)),
  })
  await using at = await anOpenLibrary({ through })
  const headers = { cookie: `bibby_session=${await tokenOf(at, 'operator')}` }
  const leaving = new AbortController()
  const answer = await fetch(`${at.address}/operations/now/events`, { headers, signal: leaving.signal })
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  const until = async (words: string) => {
    for (let heard = ''; !heard.includes(words); ) heard += (await reader.read()).value
  }
  await until('Writing goes on')
  isAway = true
  await at.app.pulse.take()
  await until('The database does not answer')
  isAway = false
  await at.app.pulse.take()
  await until('Writing goes on')
  leaving.abort()
})

test('events come through HAProxy as they are told', { skip: noHaproxy }, async () => {
  await using at = await anOpenLibrary({ trustProxy: '127.0.0.1' })
  await using proxy = await startHaproxy(at.address.replace('http://', ''))
  const token = await tokenOf(at, 'operator')
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

test('a report is a table, a picture and a file, without script, and each says the same', async () => {
  await using at = await anOpenLibrary()
  await at.db.rows(sql`update title set title = '=Emma' where id = ${at.titleId}`)
  await work(at)
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('manager'))
  await visitor.open('/reports')
  const seen = await visitor.open('/reports/loans')
  assert.match(seen.text, /10 loans in all\. 1 row\./)
  assert.match(seen.html, /aria-label="Loans\. The most: [^"]*, 10\."/)
  const byBranch = await visitor.send('/reports/loans', { by: 'branch' })
  assert.match(byBranch.text, /Branch Loans .* 10/)
  const wrong = await visitor.send('/reports/loans', { from: '2026-03-02', to: '2026-03-01' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /The first day comes after the last/)
  assert.equal((await visitor.open('/reports/loans.csv?from=2026-03-02&to=2026-03-01')).status, 422)
  assert.equal((await visitor.open('/reports/loans?from=2020-01-01&to=2026-01-01')).status, 422)

  const file = await visitor.open('/reports/top-titles.csv')
  assert.match(file.html, /^\uFEFFTitle,Authors,Loans\r\n'=Emma,[^\r]*,10\r\n$/)
  const picture = await visitor.open('/reports/top-titles.svg')
  assert.match(
    picture.html,
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]*>\n<title>Most lent titles\. The most: =Emma, 10\./,
  )

  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  assert.doesNotMatch((await cataloguer.open('/reports')).text, /Overdue/)
  assert.equal((await cataloguer.open('/reports/overdue')).status, 403)
  assert.equal((await cataloguer.open('/reports/overdue.csv')).status, 403)
  assert.equal((await cataloguer.open('/reports/dead-stock')).status, 200)
})

test('where a file leaves rows out, the page says how many it has', async () => {
  await using at = await anOpenLibrary()
  await work(at)
  await at.db.rows(sql`
    with titles as (
      insert into title (title) select 'No. ' || number from generate_series(1, 1001) as number returning id
    ),
    copies as (
      insert into copy (title_id, branch_id, item_type_id, barcode)
      select titles.id, copy.branch_id, copy.item_type_id, 'many-' || titles.id
      from titles, copy
      where copy.barcode = ${at.barcode}
      returning id
    )
    insert into loan (copy_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at)
    select copies.id, loan.patron_category_id, loan.branch_id, loan.loan_rule_id, loan.lent_at, loan.due_at, loan.lent_at
    from copies, (select * from loan order by id limit 1) as loan
  `)
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('manager'))
  const { text } = await visitor.open('/reports/top-titles')
  assert.match(text, /These are the first 100 of 1,002 rows\. The file has the first 1,000:/)
  const file = await visitor.open('/reports/top-titles.csv')
  assert.equal(file.html.trimEnd().split('\r\n').length, 1 + 1_000)
})

test('a report by API has the rows of the page, as JSON and as a file; days that do not fit are refused', async () => {
  await using at = await anOpenLibrary()
  await work(at)
  const headers = { authorization: `Bearer ${await tokenOf(at, 'cataloguer')}` }
  const ask = (url: string) => at.app.inject({ url: `/api/v1/reports/${url}`, headers })
  // Of the branch, which is a day ahead of UTC late in the evening.
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(at.library.clock())
  const days = `from=2026-01-01&to=${today}`
  const { columns, rows, count, sum } = (await ask(`loans?${days}&by=branch&branch=${at.branchCode}`)).json()
  assert.deepEqual(
    [columns, rows.map(([, loans]: unknown[]) => loans), count, sum],
    [['branch', 'loans'], [10], 1, 10],
  )
  const file = await ask('inventory?format=csv')
  assert.match(file.headers['content-type'] ?? '', /^text\/csv/)
  assert.match(file.body, /^\uFEFFbranch,on-shelf,[^\r]*,all\r\n[^\r]*,1,0,0,0,0,0,0,1\r\n$/)
  const wrong = await ask('loans?from=2026-03-02&to=2026-03-01')
  assert.deepEqual([wrong.statusCode, wrong.json().code], [422, 'fields-invalid'])
  assert.equal((await ask('loans')).statusCode, 400)
  assert.equal((await ask('dead-stock?years=31')).statusCode, 400)
  assert.equal((await ask('overdue')).statusCode, 403)
})

test('reports can be read by everybody', { skip: noChromium }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  await work(at)
  await at.db.rows(sql`update copy set created_at = '2015-01-01'`)
  const context = await operator(browser, at)
  const states: Seeing['states'] = new Map([['operator', await context.storageState()]])
  const shots = {
    reports: '/reports',
    'report-loans': '/reports/loans',
    'report-branches': '/reports/loans?by=branch',
    'report-inventory': '/reports/inventory?by=shelf',
    'report-overdue': '/reports/overdue',
  }
  assert.deepEqual(await lookAt(browser, { address: at.address, states }, { operator: shots }), [])

  // The newest day stands at the end of a picture: nobody sees it where that is cut off.
  const page = await context.newPage()
  for (const width of [320, 390, 767, 768, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    for (const path of [shots['report-loans'], shots['report-branches']]) {
      await page.goto(at.address + path)
      const shown = page.locator('svg.plot:visible')
      assert.equal(await shown.count(), 1, `${path} at ${width}`)
      const least = await shown
        .locator('text')
        .evaluateAll((texts) => Math.min(...texts.map((text) => text.getBoundingClientRect().height)))
      assert.ok(least > 11, `${path} at ${width}: ${least} px`)
      const picture = await shown.boundingBox()
      assert.ok(picture && picture.x >= 0 && picture.x + picture.width <= width)
      const cutOff = await shown.locator('text, rect').evaluateAll((all, { x, width }) => {
        const isWithin = (at: { left: number; right: number }) => at.left >= x && at.right <= x + width
        return all.filter((each) => !isWithin(each.getBoundingClientRect())).map((each) => each.outerHTML)
      }, picture)
      assert.deepEqual(cutOff, [], `${path} at ${width}`)
    }
  }
})
