import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  aComponent,
  aMaintenance,
  anIncident,
  aSummary,
  someDays,
  unknownDays,
  writtenAt,
} from '../../test/site-fixtures.ts'
import { aHugeSummary, anOutage, atTheLimits, neverMeasured } from '../../test/site-situations.ts'
import { bounds } from '../incidents/incident.ts'
import type { Summary } from '../summary.ts'
import { renderSite } from './render-site.ts'

/** The page of ten components with all that it brings along may take so much of a slow line. */
const pageBytesMax = 100_000

function file(summary: Summary, name: string): string {
  const content = renderSite(summary).get(name)
  assert.ok(content !== undefined, `${name} is not there`)
  return content
}

test('ten components for 90 days, with style and script, fit in 100 kB', (t) => {
  const site = renderSite(aHugeSummary({ components: 10, incidents: 8 }))
  const names = ['index.html', 'style.css', 'page.js']
  const sizes = names.map((name) => Buffer.byteLength(site.get(name) ?? ''))
  const packed = names.reduce((sum, name) => sum + gzipSync(site.get(name) ?? '').length, 0)
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  t.diagnostic(
    `${names.map((name, index) => `${name} ${sizes[index]}`).join(', ')}: ${bytes} bytes, ${packed} packed`,
  )
  assert.ok(bytes < pageBytesMax, `${bytes} bytes`)
})

for (const letter of ['界', '"']) {
  test(`with all that may be open, planned and past, all of it in ${letter} and at its limits, the page stays under 100 kB`, (t) => {
    const site = renderSite(atTheLimits(letter))
    const bytes = ['index.html', 'style.css', 'page.js']
      .map((name) => Buffer.byteLength(site.get(name) ?? ''))
      .reduce((sum, size) => sum + size, 0)
    t.diagnostic(`${bytes} bytes`)
    assert.ok(bytes < pageBytesMax, `${bytes} bytes`)
    const html = site.get('index.html') ?? ''
    for (const part of ['open', 'in-progress', 'planned'])
      assert.match(html.split(`id="part-${part}"`)[1] ?? '', /^[^§]*?<article [^§]*?more are in the history/)
    assert.ok(
      Buffer.byteLength(site.get('incidents/open-0.html') ?? '') > 10 * bounds.text,
      'all of it is told there',
    )
  })
}

test('the first page tells the newest of what was said, and links to all of it', () => {
  const said = (text: string) => ({ at: writtenAt, state: 'identified', text }) as const
  const long = `${'x'.repeat(299)}😀${'y'.repeat(50)}`
  const incident = anIncident('long', { updates: [said(long), said('The second.'), said('The third.')] })
  const site = renderSite(aSummary({ incidents: [incident, anIncident('short')] }))
  const html = site.get('index.html') ?? ''
  assert.match(html, /x{299}😀…<\/p>/)
  assert.match(html, /The second\./)
  assert.doesNotMatch(html, /The third\./)
  assert.match(html, /<a href="incidents\/long\.html">All of it, 3 updates<\/a>/)
  assert.equal(html.match(/All of it/g)?.length, 1, 'what is told whole needs no further page')
  assert.match(site.get('incidents/long.html') ?? '', /y{50}<\/p>[^§]*The second\.[^§]*The third\./)
})

test('every address in every page leads to a file of the site, from wherever the page lies', () => {
  const site = renderSite(anOutage())
  const wrong: string[] = []
  for (const [name, content] of site) {
    if (!name.endsWith('.html') || name === '404.html') continue
    for (const [, address = ''] of content.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (address.startsWith('https://') || address.startsWith('#')) continue
      const at = new URL(address, `http://host.example/${name}`)
      if (!site.has(at.pathname.slice(1))) wrong.push(`${name}: ${address}`)
      const anchor = at.hash.slice(1)
      if (anchor !== '' && !site.get(at.pathname.slice(1))?.includes(`id="${anchor}"`))
        wrong.push(`${name}: ${address}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('no page asks anything of another host, and each has a strict policy', () => {
  for (const [name, content] of renderSite(anOutage())) {
    if (!name.endsWith('.html')) continue
    assert.match(
      content,
      /<meta http-equiv="Content-Security-Policy" content="default-src (?:'|&#39;)none(?:'|&#39;);/,
      name,
    )
    assert.doesNotMatch(
      content,
      /<(?:script|img|iframe|link rel="(?:stylesheet|icon)")[^>]* (?:src|href)="(?:https?:)?\/\//,
    )
    assert.doesNotMatch(content, / style="| on[a-z]+="/)
  }
})

test('the same value gives the same files, byte for byte', () => {
  assert.deepEqual(renderSite(anOutage()), renderSite(anOutage()))
})

test('without components nothing is known, whatever the value says of the whole', () => {
  const empty = aSummary({ overall: 'operational', components: [] })
  assert.match(file(empty, 'index.html'), /class="banner none" id="overall"/)
  assert.match(file(empty, 'index.html'), /Nothing is watched yet/)
  assert.match(file(empty, 'badge.svg'), /status: unknown/)
  assert.equal(JSON.parse(file(empty, 'api/v2/status.json')).status.indicator, 'minor')
})

test('what was never measured is unknown on the page, in its bars, in its badge, and has no percent', () => {
  const html = file(neverMeasured(), 'index.html')
  assert.match(html, /90 days, none measured/)
  assert.match(html, /31 Aug to 28 Nov: unknown/)
  assert.match(html, /not measured/)
  assert.doesNotMatch(html, /class="verdict good"|>100 %|NaN|Infinity|null|undefined/)
  assert.match(file(neverMeasured(), 'badges/search.svg'), /Search: unknown/)
})

test('each day tells its date, its worst verdict and the minutes', () => {
  const days = someDays({
    2: { worst: 'partial-outage', partialMs: 12 * 60_000, degradedMs: 150_000 },
    1: { worst: 'unknown', unknownMs: 86_400_000 },
    0: { worst: 'operational', unknownMs: 5 * 60_000 },
  })
  const html = file(aSummary({ components: [aComponent('search', { days })] }), 'index.html')
  assert.match(html, /<i class="part" title="26 Nov: partial outage 12 min, degraded 3 min"><\/i>/)
  assert.match(html, /<i class="none" title="27 Nov: unknown"><\/i>/)
  assert.match(html, /<i title="28 Nov: operational, unknown 5 min"><\/i>/)
  assert.match(html, /<i title="25 Nov: operational"><\/i>/)
  assert.match(html, /aria-label="90 days, 1 with trouble or planned work"/)
})

test('a day with an incident is never called quiet, not even one in the middle of it', () => {
  const long = anIncident('long', { openedAt: '2026-11-25T10:00:00Z', resolvedAt: null })
  const html = file(aSummary({ incidents: [long] }), 'index.html')
  assert.match(html, /<h3>15 Nov to 24 Nov<\/h3><p>No incident reported/)
  assert.doesNotMatch(html, /<h3>[^<]*28 Nov<\/h3><p>No incident/)
  assert.doesNotMatch(html, /<h3>26 Nov<\/h3><p>No incident/)
})

test('fifty components and two hundred incidents make a site', () => {
  const site = renderSite(aHugeSummary())
  assert.equal([...site.keys()].filter((name) => name.startsWith('incidents/')).length, 200)
  assert.equal([...site.keys()].filter((name) => name.startsWith('badges/')).length, 50)
  const html = site.get('index.html') ?? ''
  const shown = (html.split('id="part-components"')[0]?.match(/<article /g) ?? []).length
  assert.ok(shown > 3, `${shown} of 30 open incidents`)
  assert.ok(html.includes(`>${30 - shown} more are in the history</a>`))
})

test('an incident and planned work each have a page with all that was said', () => {
  const html = file(anOutage(), 'incidents/disk-full.html')
  assert.match(html, /<h1 dir="auto">Search answers slowly or not at all<\/h1>/)
  assert.match(html, /A disk of the search server is full/)
  assert.match(html, /<time datetime="2026-11-28T13:46:00.000Z">28 Nov 2026, 13:46 UTC<\/time>/)
  assert.match(file(anOutage(), 'maintenance/new-disks.html'), /1 h 30 min/)
})

test('an id that would lead out of the folder is a mistake that is found', () => {
  for (const id of ['../x', 'a/b', 'A', '', '.', 'a.html', 'é']) {
    assert.throws(() => renderSite(aSummary({ incidents: [anIncident(id)] })), { code: 'ERR_ASSERTION' }, id)
    assert.throws(
      () => renderSite(aSummary({ maintenances: [aMaintenance(id)] })),
      { code: 'ERR_ASSERTION' },
      id,
    )
    assert.throws(() => renderSite(aSummary({ components: [aComponent(id)] })), { code: 'ERR_ASSERTION' }, id)
  }
})

test('an address that is no http address is never a link', () => {
  const { page } = aSummary()
  const html = file(
    aSummary({
      page: {
        ...page,
        url: 'javascript:alert(1)',
        libraryUrl: 'javascript:alert(2)',
        subscribeUrl: 'data:x',
      },
    }),
    'index.html',
  )
  assert.doesNotMatch(html, /javascript:|data:x/)
})

test('a component of which some days are unknown still tells the percent of the others', () => {
  const half = aComponent('search', { days: unknownDays(), uptimePercent: 98.96 })
  assert.match(file(aSummary({ components: [half] }), 'index.html'), /<b>98\.9 %<\/b> up/)
})
