import { languages } from '../../language/languages.ts'
import { address } from './address.ts'
import { type AssetName, asset, importedBy } from './asset.ts'
import { doorGroups, type OpenDoor, openDoors } from './doors.ts'
import { hidden } from './form.ts'
import { type Html, html, type Piece } from './html.ts'
import { notice } from './notice.ts'
import { saidText } from './said.ts'
import type { Visit } from './visit.ts'
import { momentText } from './wording.ts'

/** What stands around the content of a page. */
export type Frame = {
  readonly title: string
  /** The door of the navigation that the page stands behind. */
  readonly door?: string
  readonly scripts?: readonly AssetName[]
  /** What the page says of itself to those who link to it. */
  readonly head?: Html
  /** Asks for the page again after so many seconds, for browsers without script. */
  readonly refreshSeconds?: number
  /** Without it the page is wide and plain. */
  readonly lead?: Piece
  /** What can be done from here, beside the heading. */
  readonly actions?: Piece
  /** The page brings its own heading and says below it what was done, or has one for screen readers only. */
  readonly ownHead?: boolean | 'unseen'
}

/** A page is shown once these are there: no scan comes before the first two, and what the last one adds moves nothing. */
const shownBehind: readonly AssetName[] = ['desk.js', 'scan-beside.js', 'print.js']

/** A script, and all that it imports, asked for at once. */
function scriptOf(name: AssetName): Html {
  const preloads = importedBy(name).map((each) => html`<link rel="modulepreload" href="${asset(each)}">`)
  return shownBehind.includes(name)
    ? html`${preloads}<script type="module" blocking="render" src="${asset(name)}"></script>`
    : html`${preloads}<script type="module" src="${asset(name)}"></script>`
}

/**
 * A whole page. It is shown once all of it is there (`rel="expect"`): one that arrives in pieces would move. What is waited for is
 * an empty element behind all others: a browser has an element as soon as it begins.
 */
export function page(visit: Visit, frame: Frame, content: Html): Html {
  return html`<!doctype html>
<html lang="${visit.language.tag}" dir="${visit.language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${frame.title} · Bibby</title>
${frame.head}
<link rel="stylesheet" href="${asset('bibby.css')}">
<link rel="expect" href="#whole" blocking="render">
<link rel="icon" type="image/svg+xml" href="${asset('favicon.svg')}">
${
  frame.refreshSeconds !== undefined &&
  html`<noscript><meta http-equiv="refresh" content="${frame.refreshSeconds}"></noscript>`
}
${frame.scripts?.map((name) => scriptOf(name))}
</head>
<body>
<a class="unseen skip" href="#content">${visit.say('frame.skip')}</a>
<header class="head"><div class="head-inside">
  <a class="wordmark" href="/">${mark} Bibby</a>
  ${navigation(visit, frame)}
  ${account(visit, frame)}
</div></header>
<main id="content"${visit.stopped && html` data-stopped`}>
  ${visit.stopped && stoppedNotice(visit, visit.stopped)}
  ${frame.ownHead === 'unseen' && html`<h1 class="unseen">${frame.title}</h1>`}
  ${!frame.ownHead && heading(frame)}
  ${frame.ownHead !== true && saidNotice(visit)}
  ${content}
</main>
<footer class="foot"><div class="foot-inside">
  <p>${visit.library?.name ?? 'Bibby'}</p>
  <p>${visit.say('frame.motto')}</p>
  ${languageLinks(visit)}
</div></footer>
<span id="whole" hidden></span>
</body>
</html>`
}

/** The heading of a page, its lead, and what can be done from here. */
export function heading({ title, lead, actions }: Pick<Frame, 'title' | 'lead' | 'actions'>): Html {
  return html`<div class="page-head">
    <div><h1>${title}</h1>${lead && html`<p class="aside-text">${lead}</p>`}</div>
    ${actions && html`<div class="actions">${actions}</div>`}
  </div>`
}

function saidNotice(visit: Visit): Html | undefined {
  const said = saidText(visit)
  return said === undefined
    ? undefined
    : html`<div class="section" id="said">${notice(visit, 'good', { title: said })}</div>`
}

function stoppedNotice(visit: Visit, { mode, since, reason }: NonNullable<Visit['stopped']>): Html {
  const at = momentText(visit, since)
  const id = mode === 'halted' ? 'frame.halted' : 'frame.read-only'
  return html`<div class="section">${notice(visit, 'warn', {
    title: visit.say(id, { at }),
    body: html`${reason && html`<p dir="auto">${reason}</p>`}<p>${visit.say('frame.stopped-next')}</p>`,
  })}</div>`
}

const mark = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path fill-rule="evenodd" d="M5 2h11.5A2.5 2.5 0 0 1 19 4.5V22H7.5A3.5 3.5 0 0 1 4 18.5V3a1 1 0 0 1 1-1Zm2.5 15a1.5 1.5 0 0 0 0 3H17v-3H7.5ZM8 6v2h7V6H8Z"/></svg>`

/** The other languages, each by its own name, for whoever's browser asks for the wrong one. */
function languageLinks({ language, say, again: to }: Visit): Html {
  return html`<nav class="languages" aria-label="${say('frame.language')}">${languages.map(({ tag, name }) =>
    tag === language.tag
      ? html`<span lang="${tag}" aria-current="true">${name}</span>`
      : html`<a href="${address('/language', { is: tag, to })}" lang="${tag}" hreflang="${tag}" rel="nofollow">${name}</a>`,
  )}</nav>`
}

/** More doors than this do not stand side by side: the less daily ones are behind one of their own. */
const sideBySideMax = 7

function navigation(visit: Visit, { door }: Frame): Html {
  const { say } = visit
  const open = openDoors(visit)
  const isFew = open.length <= sideBySideMax
  const inSight = isFew ? open : open.filter(({ to, group }) => group === 'daily' || to === door)
  const link = ({ to, label }: OpenDoor) =>
    html`<a href="${to}"${to === door && html` aria-current="page"`}>${label}</a>`
  return html`<nav class="nav" aria-label="${say('frame.main')}">${inSight.map(link)}</nav>
  ${
    !isFew &&
    html`<details class="nav-more"><summary class="nav-summary">${say('frame.more')}</summary>
    <nav aria-label="${say('frame.more')}">${doorGroups
      .filter((group) => group !== 'daily')
      .map((group) => {
        const here = open.filter((each) => each.group === group)
        return (
          here.length > 0 && html`<section><h2>${say(`frame.group.${group}`)}</h2>${here.map(link)}</section>`
        )
      })}</nav>
  </details>`
  }`
}

function account(visit: Visit, frame: Frame): Html {
  const { who, say } = visit
  if (!who) return html`<div class="nav-account"><a href="/sign-in">${say('frame.sign-in')}</a></div>`
  return html`<div class="nav-account">
    <a href="/me"${frame.door === '/me' && html` aria-current="page"`}><span class="unseen">${say('frame.signed-in-as')} </span><span class="who" dir="auto">${who.name}</span></a>
    ${visit.csrf && html`<form method="post" action="/sign-out">${hidden(visit)}<button class="link-button">${say('frame.sign-out')}</button></form>`}
  </div>`
}
