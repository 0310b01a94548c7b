import type { Summary } from '../summary.ts'
import { publicAddress } from './address.ts'
import { assetAddress } from './asset.ts'
import { followable, inOneLine, type Markup, markup } from './markup.ts'
import { moment } from './moments.ts'

/** What stands around the content of a page. */
export type Frame = {
  readonly summary: Summary
  /** Of this page alone; without it the page is the first one. */
  readonly title?: string
  /** Where the page lies, relative to the first one, such as `incidents/a.html`. */
  readonly file: string
  readonly content: Markup
}

const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"

/** The way from a page to the first one: `../` for each folder. */
function wayBack(file: string): string {
  return '../'.repeat(file.split('/').length - 1)
}

/** A whole page. All that it asks for lies beside it. */
export function page({ summary, title, file, content }: Frame): string {
  const { name, url, writtenAt, staleAfterMs } = summary.page
  const back = wayBack(file)
  const whole = title === undefined ? inOneLine(name) : `${inOneLine(title)} · ${inOneLine(name)}`
  const canonical = publicAddress(url, file === 'index.html' ? '' : file)
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${whole}</title>
<link rel="stylesheet" href="${back}${assetAddress('style.css')}">
<link rel="icon" type="image/svg+xml" href="${back}${assetAddress('favicon.svg')}">
<link rel="alternate" type="application/atom+xml" title="Incidents and planned work" href="${back}feed.atom">
<link rel="alternate" type="application/rss+xml" title="Incidents and planned work" href="${back}feed.rss">
${canonical !== null && markup`<link rel="canonical" href="${canonical}">`}
<script defer src="${back}${assetAddress('page.js')}"></script>
</head>
<body data-written-at="${writtenAt}" data-stale-after-ms="${staleAfterMs}">
<a class="skip" href="#content">Skip to the content</a>
<header class="head">
<a class="name" href="${back}index.html" dir="auto">${inOneLine(name)}</a>
<nav class="nav" aria-label="Pages"><a href="${back}index.html"${current(file, 'index.html')}>Now</a><a href="${back}history.html"${current(file, 'history.html')}>History</a></nav>
</header>
<main id="content">
<div class="banner none" id="stale" role="alert" hidden></div>
${content}
</main>
${foot(summary, back)}
</body>
</html>
`.markup
}

function current(file: string, of: string): Markup | null {
  return file === of ? markup` aria-current="page"` : null
}

function foot({ page: { writtenAt, libraryUrl, subscribeUrl } }: Summary, back: string): Markup {
  const subscribe = followable(subscribeUrl)
  const library = followable(libraryUrl)
  return markup`<footer class="foot">
<p>Written ${moment(writtenAt)}. Days are days of UTC.<noscript> Without script this page cannot tell when it is out of date: compare that time with your clock.</noscript></p>
<p class="links">${library !== null && markup`<a href="${library}">The library</a>`}${subscribe !== null && markup`<a href="${subscribe}">Subscribe</a>`}<a href="${back}feed.atom">Atom</a><a href="${back}feed.rss">RSS</a><a href="${back}api/v2/summary.json">JSON</a></p>
</footer>`
}
