import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { renderSite } from '../src/site/render-site.ts'
import type { Summary } from '../src/summary.ts'
import { aSummary, writtenAt } from './site-fixtures.ts'
import { aBrowser, aHost, complaints, noChromium, overflow, picture, violations } from './site-look.ts'
import { anOutage, neverMeasured, saying } from './site-situations.ts'

/** One for all tests of this file: it takes a second to start. */
let browser: Browser
before(async () => {
  if (!noChromium) browser = await aBrowser()
})
after(() => browser?.close())

const minuteMs = 60_000
const soon = Date.parse(writtenAt) + minuteMs
const late = Date.parse(writtenAt) + 180 * minuteMs

type Shot = { readonly summary: Summary; readonly file: string; readonly readAt: number }

const shots: Readonly<Record<string, Shot>> = {
  operational: { summary: aSummary(), file: 'index.html', readAt: soon },
  outage: { summary: anOutage(), file: 'index.html', readAt: soon },
  stale: { summary: aSummary(), file: 'index.html', readAt: late },
  'never-measured': { summary: neverMeasured(), file: 'index.html', readAt: soon },
  empty: {
    summary: aSummary({ components: [], incidents: [], maintenances: [], probers: [], shares: [] }),
    file: 'index.html',
    readAt: soon,
  },
  history: { summary: anOutage(), file: 'history.html', readAt: soon },
  incident: { summary: anOutage(), file: 'incidents/disk-full.html', readAt: soon },
  maintenance: { summary: anOutage(), file: 'maintenance/new-disks.html', readAt: soon },
  'not-found': { summary: aSummary(), file: 'incidents/not-there.html', readAt: soon },
}

test('every page can be read by everybody, wide, on a phone and on a small one, in light and dark', {
  skip: noChromium,
}, async () => {
  const wrong: string[] = []
  for (const [name, shot] of Object.entries(shots)) wrong.push(...(await lookAt(name, shot)))
  assert.deepEqual(wrong, [])
})

async function lookAt(name: string, { summary, file, readAt }: Shot): Promise<string[]> {
  await using host = await aHost(renderSite(summary))
  const wrong: string[] = []
  for (const width of [1280, 390, 320]) {
    await using context = await browser.newContext({
      viewport: { width, height: 900 },
      timezoneId: 'Europe/London',
    })
    const page = await context.newPage()
    const heard = complaints(page)
    await page.clock.install({ time: readAt })
    const answer = await page.goto(host.address + file)
    if (answer?.status() !== (name === 'not-found' ? 404 : 200)) wrong.push(`${name}: ${answer?.status()}`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const shot = `status-${name}-${width}-${colorScheme}`
      if (width !== 320) await picture(page, shot)
      if (width !== 320) wrong.push(...(await violations(page, shot)))
    }
    const tooWide = await overflow(page)
    if (tooWide > 0) wrong.push(`${name}-${width}: ${tooWide} px too wide`)
    wrong.push(
      ...heard
        .filter((each) => name !== 'not-found' || !each.includes('404'))
        .map((each) => `${name}: ${each}`),
    )
  }
  return wrong
}

test('hostile, long and right-to-left texts are shown as text, within the page', {
  skip: noChromium,
}, async () => {
  await using context = await browser.newContext({ viewport: { width: 320, height: 800 } })
  const texts = [
    `<script>document.title = 'taken'</script><img src=x onerror="document.title = 'taken'">`,
    'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(6),
    'لا تعمل المكتبة \u202e اليوم',
  ]
  for (const text of texts) {
    await using host = await aHost(renderSite(saying(text)))
    const page = await context.newPage()
    const heard = complaints(page)
    await page.clock.install({ time: soon })
    for (const file of ['index.html', 'history.html', 'incidents/open.html']) {
      await page.goto(host.address + file)
      assert.ok((await page.title()).includes(text.slice(0, 20)), file)
      assert.equal(await page.locator('img, main script').count(), 0)
      assert.ok((await overflow(page)) <= 0, `${file} is too wide for ${text.slice(0, 20)}`)
    }
    assert.deepEqual(heard, [])
    await page.close()
  }
})

test('colours that a reader forces, and paper, leave every bar to be seen', {
  skip: noChromium,
}, async () => {
  await using host = await aHost(renderSite(anOutage()))
  await using context = await browser.newContext({
    forcedColors: 'active',
    viewport: { width: 900, height: 900 },
  })
  const page = await context.newPage()
  await page.clock.install({ time: soon })
  await page.goto(host.address)
  const bars = `[...document.querySelectorAll('#search .days i')].every((bar) => {
    const { backgroundColor, backgroundImage, height } = getComputedStyle(bar)
    return parseFloat(height) > 4 && (backgroundImage !== 'none' || !['rgba(0, 0, 0, 0)', 'rgb(255, 255, 255)'].includes(backgroundColor))
  })`
  assert.ok(await page.evaluate(bars), 'a bar is lost in forced colours')
  await picture(page, 'status-outage-forced-colours')
  await page.emulateMedia({ media: 'print', colorScheme: 'dark', forcedColors: 'none' })
  await picture(page, 'status-outage-print')
  assert.ok(await page.evaluate(bars), 'a bar is lost in print')
  assert.equal(await page.locator('.nav').isVisible(), false)
})

test('a page that is too old says so and shows nothing as well', { skip: noChromium }, async () => {
  await using host = await aHost(renderSite(aSummary()))
  await using context = await browser.newContext()
  const page = await context.newPage()
  await page.clock.install({ time: soon })
  await page.goto(host.address)
  assert.equal(await page.locator('#stale').isVisible(), false)
  assert.equal(await page.locator('.verdict.good').count(), 4)

  await page.clock.runFor(6 * minuteMs)
  assert.match((await page.locator('#stale').textContent()) ?? '', /Out of date.*written 7 minutes ago/)
  assert.match(await page.title(), /^Out of date/)
  assert.equal(await page.locator('#overall').isVisible(), false)
  assert.equal(await page.locator('.verdict.good').count(), 0)
  assert.match((await page.locator('#search .verdict').textContent()) ?? '', /Last known: operational/)
  const colours = await page.evaluate(`[...document.querySelectorAll('.days i, .sign, .verdict, .plot path')]
    .flatMap((each) => { const s = getComputedStyle(each); return [s.backgroundColor, s.color, s.fill, s.stroke] })
    .filter((colour) => { const [r, g, b] = (colour.match(/\\d+/g) ?? [0, 0, 0]).map(Number); return g > r + 20 && g > b + 20 })`)
  assert.deepEqual(colours, [], 'green is left')
})

test('an open page takes in a newer one, and is well again after it was out of date', {
  skip: noChromium,
}, async () => {
  await using host = await aHost(renderSite(aSummary()))
  await using context = await browser.newContext()
  const page = await context.newPage()
  await page.clock.install({ time: soon })
  await page.goto(host.address)
  await page.clock.runFor(6 * minuteMs)
  await page.locator('#stale').waitFor()

  const { page: frame } = aSummary()
  const newer = new Date(soon + 6 * minuteMs).toISOString()
  host.serve(renderSite({ ...anOutage(), page: { ...frame, writtenAt: newer } }))
  const isTaken = async () => (await page.locator('#overall.down').count()) > 0
  for (let step = 0; step < 60 && !(await isTaken()); step++) await page.clock.runFor(10_000)
  assert.ok(await isTaken(), 'the newer page was not taken in within ten minutes')
  assert.equal(await page.locator('#stale').isVisible(), false)
  assert.doesNotMatch(await page.title(), /Out of date/)
})

test('without script all of it can be read, and the moments are told in UTC', {
  skip: noChromium,
}, async () => {
  await using host = await aHost(renderSite(anOutage()))
  await using context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(host.address)
  const text = (await page.locator('body').textContent()) ?? ''
  assert.match(text, /There is a major outage/)
  assert.match(text, /A disk of the search server is full/)
  assert.match(text, /Written 28 Nov 2026, 14:05 UTC/)
  assert.match(text, /Without script this page cannot tell/)
  assert.equal(await page.locator('#stale').isVisible(), false)
  await page.getByRole('link', { name: 'Search answers slowly' }).first().click()
  await page.getByRole('link', { name: 'Search', exact: true }).click()
  assert.match(page.url(), /\/some\/where\/index\.html#search$/)
})

test('with script the moments are told in the time of the reader', { skip: noChromium }, async () => {
  await using host = await aHost(renderSite(aSummary()))
  await using context = await browser.newContext({ timezoneId: 'Asia/Tokyo' })
  const page = await context.newPage()
  await page.clock.install({ time: soon })
  await page.goto(host.address)
  const time = page.locator('.foot time')
  assert.match((await time.textContent()) ?? '', /28 Nov 2026, 23:05 GMT\+9/)
  assert.equal(await time.getAttribute('title'), '28 Nov 2026, 14:05 UTC')
})
