import type { Component, Summary, Verdict } from '../summary.ts'
import { incidentArticle, incidentLine, maintenanceArticle, type Place } from './announcement.ts'
import { componentRow } from './component-row.ts'
import { page } from './frame.ts'
import { inOneLine, type Markup, markup } from './markup.ts'
import { dayOf, dayText, latestDays, moment } from './moments.ts'
import { counted, tellings } from './words.ts'

/** Of the past the first page tells so many days. */
const pastDays = 14
/** So much the first page tells of each kind of announcement, so that it stays light however much is open; the rest is history. */
const bytesMost = { open: 9_000, 'in-progress': 4_000, planned: 4_000, past: 6_000 }

/** The first page: how it is now. */
export function overviewPage(summary: Summary): string {
  const place: Place = { back: '', level: 3, components: summary.components }
  const open = summary.incidents.filter(({ state }) => state !== 'resolved')
  const current = summary.maintenances.filter(({ state }) => state === 'in-progress')
  const planned = summary.maintenances.filter(({ state }) => state === 'scheduled')
  const content = markup`${banner(summary)}
${section('open', 'Open incidents', open, (each) => incidentArticle(each, place))}
${section('in-progress', 'Planned work in progress', current, (each) => maintenanceArticle(each, place))}
${watched(summary.components)}
${section('planned', 'Planned work', planned, (each) => maintenanceArticle(each, place))}
${past(summary, place)}
${independence(summary)}`
  return page({ summary, file: 'index.html', content })
}

/** What the whole is said to be: unknown as long as nothing is watched, whatever the value says. */
export function overallOf({ overall, components }: Pick<Summary, 'overall' | 'components'>): Verdict {
  return components.length === 0 ? 'unknown' : overall
}

function banner(summary: Summary): Markup {
  const { tone, sign, headline } = tellings[overallOf(summary)]
  const isEmpty = summary.components.length === 0
  return markup`<div class="banner ${tone}" id="overall"><span class="sign" aria-hidden="true">${sign}</span><div><h1>${isEmpty ? 'Nothing is watched yet' : headline}</h1><p>${isEmpty ? 'No component was set up.' : sumUp(summary.components)}</p></div></div>`
}

/** `3 of 4 components are operational. Search: partial outage.` */
function sumUp(components: readonly Component[]): Markup {
  const others = components.filter(({ verdict }) => verdict !== 'operational')
  const well = components.length - others.length
  if (others.length === 0) {
    return markup`${components.length === 1 ? 'The one component is' : `All ${components.length} components are`} operational.`
  }
  if (others.length === components.length && others.every(({ verdict }) => verdict === 'unknown')) {
    return markup`Of no component is anything known.`
  }
  const named = others
    .slice(0, 5)
    .map(
      ({ name, verdict }, index) =>
        markup`${index > 0 && ', '}<bdi>${inOneLine(name)}</bdi>: ${tellings[verdict].word.toLowerCase()}`,
    )
  const more = others.length - named.length
  return markup`${well} of ${counted(components.length, 'component')} ${well === 1 ? 'is' : 'are'} operational. ${named}${more > 0 && ` and ${more} more`}.`
}

function section<Each>(
  id: 'open' | 'in-progress' | 'planned',
  title: string,
  all: readonly Each[],
  write: (each: Each) => Markup,
): Markup | null {
  if (all.length === 0) return null
  const [first, ...others] = all.map(write)
  const shown = [first, ...fitting(others, bytesMost[id] - bytesOf(first))]
  return markup`<section id="part-${id}" aria-labelledby="title-${id}"><h2 id="title-${id}">${title}</h2>
${shown}
${moreInHistory(all.length - shown.length)}</section>`
}

/** The first ones that together are no longer than this. */
function fitting(pieces: readonly Markup[], bytes: number): readonly Markup[] {
  let left = bytes
  const end = pieces.findIndex((piece) => {
    left -= bytesOf(piece)
    return left < 0
  })
  return end === -1 ? pieces : pieces.slice(0, end)
}

function bytesOf(piece: Markup | undefined): number {
  return Buffer.byteLength(piece?.markup ?? '')
}

function moreInHistory(more: number): Markup | false {
  return (
    more > 0 &&
    markup`<p class="more"><a href="history.html">${counted(more, 'more is', 'more are')} in the history</a></p>`
  )
}

function watched(components: readonly Component[]): Markup {
  const body =
    components.length === 0
      ? markup`<p class="nothing">What the page watches will stand here.</p>`
      : markup`<ol class="components">${components.map(componentRow)}</ol><p class="legend" aria-hidden="true">${legend()}</p>`
  return markup`<section id="part-components" aria-labelledby="title-components"><h2 id="title-components">Components</h2>
${body}</section>`
}

function legend(): Markup {
  const shown: readonly Verdict[] = [
    'operational',
    'degraded',
    'partial-outage',
    'major-outage',
    'maintenance',
    'unknown',
  ]
  return markup`${shown.map((verdict) => markup`<span><span class="days"><i class="${tellings[verdict].tone}"></i></span>${tellings[verdict].word}</span>`)}`
}

/** The latest days, newest first, each with what was open on it; days in a row without an incident are one line. */
function past({ incidents, page: { writtenAt } }: Summary, place: Place): Markup {
  const items: Markup[] = []
  const quiet: string[] = []
  let left = bytesMost.past
  const closeQuiet = () => {
    const [newest, oldest] = [quiet[0], quiet.at(-1)]
    if (newest === undefined || oldest === undefined) return
    const days = newest === oldest ? dayText(newest) : `${dayText(oldest)} to ${dayText(newest)}`
    items.push(markup`<li class="quiet"><h3>${days}</h3><p>No incident reported.</p></li>`)
    quiet.length = 0
  }
  for (const day of latestDays(writtenAt, pastDays)) {
    const ofDay = incidents.filter(
      ({ openedAt, resolvedAt }) => dayOf(openedAt) <= day && day <= dayOf(resolvedAt ?? writtenAt),
    )
    if (ofDay.length === 0) quiet.push(day)
    else {
      closeQuiet()
      const lines = fitting(
        ofDay.map((each) => incidentLine(each, place)),
        left,
      )
      left -= lines.reduce((sum, line) => sum + bytesOf(line), 0)
      const list = lines.length > 0 && markup`<ul class="lines">${lines}</ul>`
      items.push(
        markup`<li><h3>${dayText(day)}</h3>${list}${moreInHistory(ofDay.length - lines.length)}</li>`,
      )
    }
  }
  closeQuiet()
  return markup`<section id="part-past" aria-labelledby="title-past"><h2 id="title-past">The last ${pastDays} days</h2>
<ol class="past-days">${items}</ol><p class="more"><a href="history.html">History of 90 days</a></p></section>`
}

/** What the reader needs to judge how far the page may be believed. */
function independence({ shares, probers }: Summary): Markup {
  return markup`<section id="part-trust" class="trust" aria-labelledby="title-trust"><h2 id="title-trust">How far to trust this page</h2>
<div><h3>What it shares with what it watches</h3>${
    shares.length === 0
      ? markup`<p>Nothing that it knows of.</p>`
      : markup`<ul>${shares.map((each) => markup`<li dir="auto">${each}</li>`)}</ul>`
  }</div>
<div><h3>Who measures</h3>${
    probers.length === 0
      ? markup`<p>No prober was set up.</p>`
      : markup`<ul class="probers">${probers.map(
          ({ name, lastAt, isSilent }) =>
            markup`<li><bdi>${inOneLine(name)}</bdi> ${isSilent && markup`<span class="tag slow">Silent</span> `}<span class="last">${lastAt === null ? 'never reported' : markup`reported ${moment(lastAt)}`}</span></li>`,
        )}</ul>`
  }</div></section>`
}
