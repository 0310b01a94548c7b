import type { FoundTitle } from '../../catalogue/search.ts'
import type { StandsAt } from '../../catalogue/title-shelves.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'
import { type Wanted, wantedLink } from './wanted.ts'
import { authorNames, editionLine, workLink } from './work-line.ts'

/** What a list to take along is made of. */
export type Listed = {
  readonly wanted: Wanted
  readonly titles: readonly FoundTitle[]
  /** In the order in which one walks; undefined where it took too long to find. */
  readonly stands: readonly StandsAt[] | undefined
  readonly hasMore: boolean
  /** Where the list was made, in full, for paper. */
  readonly address: string
}

/** The results of a search as a list to print and walk along the shelves with: branch by branch, by call number. */
export function listView(visit: Visit, { wanted, titles, stands, hasMore, address }: Listed): Html {
  const { say } = visit
  const byId = new Map(titles.map((each) => [each.titleId, each]))
  const standing = new Set(stands?.map(({ titleId }) => titleId))
  const away = titles.filter(({ titleId }) => !standing.has(titleId))
  const byBranch = Map.groupBy(stands ?? [], ({ branchId }) => branchId)
  return html`<p class="on-paper code">${address}</p>
  <p class="soft section">${say(hasMore ? 'list.first' : 'list.count', { count: titles.length })} <a class="no-print" href="${wantedLink(wanted, {})}">${say('list.back')}</a></p>
  ${[...byBranch.values()].map(
    (here) => html`<section class="section"><h2><bdi>${here[0]?.branchName}</bdi></h2>
    <div class="scroll"><table class="walk">
      <thead><tr><th>${say('list.call-number')}</th><th>${say('list.work')}</th><th>${say('list.shelf')}</th></tr></thead>
      <tbody>${here.map((each) => walkRow(visit, each, byId.get(each.titleId)))}</tbody>
    </table></div></section>`,
  )}
  ${
    away.length > 0 &&
    html`<section class="section"><h2>${say(stands ? 'list.not-there' : 'list.shelves-unknown')}</h2><ul class="rows">${away.map(
      (each) => html`<li><div>${workLines(visit, each)}</div></li>`,
    )}</ul></section>`
  }`
}

function walkRow(
  visit: Visit,
  { callNumber, shelf }: StandsAt,
  title: FoundTitle | undefined,
): Html | undefined {
  return (
    title &&
    html`<tr><td class="code">${callNumber || '–'}</td><td>${workLines(visit, title)}</td><td><bdi>${shelf}</bdi></td></tr>`
  )
}

function workLines(visit: Visit, title: FoundTitle): Html {
  return html`<p class="work">${workLink(title)}</p><p class="under">${authorNames(visit, title.authors)}${
    title.authors.length > 0 && ' · '
  }${editionLine(visit, title)}</p>`
}
