import { createHash } from 'node:crypto'
import type { Summary } from '../summary.ts'
import { fileOf, publicAddress } from './address.ts'
import { followable, inOneLine, type Markup, markup } from './markup.ts'
import { stateWords } from './words.ts'

/** A feed tells the latest so many updates. */
const entriesMax = 100

type Entry = {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly at: string
  /** Null where the page was not told its own address. */
  readonly link: string | null
}

/** The updates of incidents and of planned work as an Atom feed (RFC 4287). */
export function atomFeed(summary: Summary): string {
  const { name, url, writtenAt } = summary.page
  const entries = entriesOf(summary)
  const self = publicAddress(url, 'feed.atom')
  return markup`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>${feedId(summary)}</id>
<title>${inOneLine(name)}</title>
<updated>${entries[0]?.at ?? iso(writtenAt)}</updated>
<author><name>${inOneLine(name) || 'Status page'}</name></author>
${
  self !== null &&
  markup`<link rel="self" type="application/atom+xml" href="${self}"/>
<link rel="alternate" type="text/html" href="${publicAddress(url, '')}"/>`
}
${entries.map(
  ({ id, title, text, at, link }) => markup`<entry>
<id>${id}</id>
<title>${title}</title>
<updated>${at}</updated>
${link !== null && markup`<link rel="alternate" type="text/html" href="${link}"/>`}
<content type="text">${text}</content>
</entry>
`,
)}</feed>
`.markup
}

/** The same as RSS 2.0. */
export function rssFeed(summary: Summary): string {
  const { name, url, libraryUrl } = summary.page
  const entries = entriesOf(summary)
  const self = publicAddress(url, 'feed.rss')
  const link = publicAddress(url, '') ?? followable(libraryUrl) ?? 'about:blank'
  return markup`<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>${inOneLine(name)}</title>
<link>${link}</link>
<description>Incidents and planned work</description>
${self !== null && markup`<atom:link rel="self" type="application/rss+xml" href="${self}"/>`}
${entries[0] && markup`<lastBuildDate>${rssDate(entries[0].at)}</lastBuildDate>`}
${entries.map(
  (entry) => markup`<item>
<guid isPermaLink="false">${entry.id}</guid>
<title>${entry.title}</title>
<pubDate>${rssDate(entry.at)}</pubDate>
${entry.link !== null && markup`<link>${entry.link}</link>`}
<description>${paragraphs(entry.text).markup}</description>
</item>
`,
)}</channel>
</rss>
`.markup
}

/** In RSS a description is HTML, escaped once more. */
function paragraphs(text: string): Markup {
  return markup`<p>${text.split('\n').map((line, index) => markup`${index > 0 && markup`<br>`}${line}`)}</p>`
}

function entriesOf(summary: Summary): readonly Entry[] {
  const announcements = [
    ...summary.incidents.map((each) => ({ ...each, kind: 'incidents' as const })),
    ...summary.maintenances.map((each) => ({ ...each, kind: 'maintenance' as const })),
  ]
  return announcements
    .flatMap(({ kind, id, title, updates }) =>
      updates.map(({ at, state, text }, index) => ({
        // Numbered from the oldest, so that an update keeps its id when others follow.
        id: stableId(summary, `${kind}/${id}/${updates.length - index}`),
        title: `${stateWords[state]}: ${inOneLine(title)}`,
        text: text.trim(),
        at: iso(at),
        link: publicAddress(summary.page.url, fileOf(kind, id)),
      })),
    )
    .toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at))
    .slice(0, entriesMax)
}

function feedId(summary: Summary): string {
  return stableId(summary, 'feed')
}

/** Made of names, not of addresses of the page: when it moves, no reader is told everything a second time. */
function stableId({ page: { libraryUrl } }: Summary, name: string): string {
  const hash = createHash('sha256').update(`bibby-status\n${libraryUrl}\n${name}`).digest('hex')
  // A UUID of version 8: made by a rule of our own.
  return `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-9${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

function iso(at: string): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString()
}

function rssDate(at: string): string {
  return new Date(at).toUTCString()
}
