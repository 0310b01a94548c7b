import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anIncident, aSummary } from '../../test/site-fixtures.ts'
import { aHugeSummary, anOutage } from '../../test/site-situations.ts'
import { atomFeed, rssFeed } from './feed.ts'

/** What the entry of the first update is known by. */
const firstId = (feed: string) =>
  feed
    .split(/<entry>|<item>/)
    .find((entry) => entry.includes('Searches take long'))
    ?.match(/urn:uuid:[0-9a-f-]{36}/)?.[0]
const ids = (feed: string) => [...feed.matchAll(/<(?:id|guid[^>]*)>([^<]+)</g)].map(([, id]) => id)

test('an update keeps its id when others follow, when the page moves and when its text is mended', () => {
  const [first] = anIncident('disk-full').updates.toReversed()
  assert.ok(first)
  const was = aSummary({ incidents: [anIncident('disk-full', { updates: [first] })], maintenances: [] })
  const is = aSummary({ incidents: [anIncident('disk-full', { title: 'Search is out' })], maintenances: [] })
  const moved = { ...is, page: { ...is.page, url: '', writtenAt: '2026-11-28T15:00:00.000Z' } }
  for (const feed of [atomFeed, rssFeed]) {
    const [before, after] = [ids(feed(was)), ids(feed(is))]
    assert.equal(after.length, before.length + 1)
    assert.ok(firstId(feed(was)))
    assert.equal(firstId(feed(was)), firstId(feed(is)))
    assert.ok(before.every((id) => after.includes(id)))
    assert.deepEqual(ids(feed(moved)), after)
    assert.equal(new Set(after).size, after.length)
  }
})

test('both feeds tell each update once, newest first, and at most the latest hundred', () => {
  const atom = atomFeed(anOutage())
  const times = [...atom.matchAll(/<updated>([^<]+)</g)].slice(1).map(([, at]) => Date.parse(at ?? ''))
  assert.deepEqual(
    times,
    times.toSorted((one, other) => other - one),
  )
  assert.equal(times.length, 9)
  assert.equal(rssFeed(anOutage()).match(/<item>/g)?.length, 9)
  assert.equal(atomFeed(aHugeSummary()).match(/<entry>/g)?.length, 100)
})

test('the dates of RSS are those of its time, and links lead to the page that the world sees', () => {
  const rss = rssFeed(anOutage())
  assert.match(rss, /<pubDate>Sat, 28 Nov 2026 13:46:00 GMT<\/pubDate>/)
  assert.match(rss, /<link>https:\/\/status\.millbrook\.example\/incidents\/disk-full\.html<\/link>/)
})

test('a page that was not told its address has feeds without links to itself', () => {
  const { page } = aSummary()
  const homeless = aSummary({ page: { ...page, url: '' } })
  assert.doesNotMatch(atomFeed(homeless), /<link/)
  assert.match(rssFeed(homeless), /<link>https:\/\/library\.millbrook\.example\/<\/link>/)
})

test('without anything to tell the feeds are there and empty', () => {
  const quiet = aSummary({ incidents: [], maintenances: [] })
  assert.match(atomFeed(quiet), /<updated>2026-11-28T14:05:00.000Z<\/updated>/)
  assert.doesNotMatch(rssFeed(quiet), /<item>/)
})
