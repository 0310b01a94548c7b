import type { Cover } from '../../catalogue/covers/covers.ts'
import type { SearchAnswer } from '../../catalogue/search.ts'
import type { Branch } from '../../circulation/places.ts'
import { refusalIn } from '../answers.ts'
import { address } from './address.ts'
import { availabilityTag, whereAvailable } from './availability.ts'
import { smallCover } from './cover-view.ts'
import { carried } from './form.ts'
import { type Html, html } from './html.ts'
import { listed } from './listed.ts'
import { notice } from './notice.ts'
import { chosenFilters, facetsView, isNarrowed } from './search-facets-view.ts'
import type { Visit } from './visit.ts'
import { type Wanted, wantedLink } from './wanted.ts'
import { authorNames, editionLine, workName } from './work-line.ts'

type Found = Extract<SearchAnswer, { outcome: 'found' }>
type FoundTitle = Found['titles'][number]

/** What is shown with an answer. */
export type Results = {
  readonly wanted: Wanted
  readonly answer: SearchAnswer
  readonly mayAdd: boolean
  /** Of the titles, in their order. */
  readonly covers: readonly (Cover | undefined)[]
  readonly branches: readonly Branch[]
  /** Where the page is, in full, for paper. */
  readonly address: string
}

/** The one field for all searches. */
export function searchBox(
  { say }: Visit,
  {
    query,
    autofocus,
    kept,
  }: {
    query: string
    autofocus?: boolean
    kept?: Html
  },
): Html {
  return html`<form class="search-box" action="/search" role="search">
    <div class="field">
      <label class="unseen" for="query">${say('search.field')}</label>
      <input id="query" type="search" name="query" value="${query}" dir="auto" maxlength="100" required
        autocomplete="off" spellcheck="false" enterkeyhint="search"${autofocus && html` autofocus`}
        data-suggestions="/suggestions" data-suggestions-label="${say('search.suggestions')}"
        data-author="${say('search.kind-author')}" data-title="${say('search.kind-title')}"
        placeholder="${say('search.field-example')}">
    </div>
    ${kept}
    <button class="button">${say('search.button')}</button>
  </form>`
}

/** The results of a search: what was found, how to narrow it, how to go on. */
export function resultsView(visit: Visit, results: Results): Html {
  const { wanted, answer } = results
  return html`<h1 class="unseen">${visit.say('search.title')}</h1>
  <p class="on-paper code">${results.address}</p>
  <div class="section">${searchBox(visit, { query: wanted.query, kept: keptFilters(wanted) })}</div>
  <div class="section">${
    answer.outcome === 'refused'
      ? refused(visit, wanted, answer.refused)
      : found(visit, { ...results, answer })
  }</div>`
}

function refused(visit: Visit, wanted: Wanted, code: string): Html {
  const { title, next } = refusalIn(visit.say, code)
  const whole =
    wanted.inside &&
    html`<p><a href="${wantedLink(wanted, { inside: false })}">${visit.say('search.whole-words')}</a></p>`
  return notice(visit, 'warn', { title, body: html`<p>${next}</p>${whole}` })
}

function found(visit: Visit, results: Results & { readonly answer: Found }): Html {
  const { say } = visit
  const { wanted, answer, mayAdd } = results
  const narrowed = chosenFilters(visit, wanted, answer)
  if (answer.titles.length === 0) return html`${narrowed}${nothing(visit, { wanted, answer, mayAdd })}`
  return html`<div class="columns facetted">
    <section aria-label="${say('search.results')}">
      <div class="results-head">
        <p class="soft" role="status">${total(visit, answer)}</p>
        ${narrowed}
        ${answer.facets && html`<a class="to-facets" href="#narrow">${say('search.narrow')}</a>`}
      </div>
      ${didYouMean(visit, wanted, answer)}
      <ol class="rows results">${answer.titles.map((each, index) => resultRow(visit, each, { ...results, cover: results.covers[index] }))}</ol>
      <div class="actions more">
        ${answer.more && html`<a class="button quiet" href="${wantedLink(wanted, { after: answer.more })}" rel="next">${say('search.more')}</a>`}
        ${wanted.after && html`<a href="${wantedLink(wanted, {})}">${say('search.back-to-first')}</a>`}
        ${!wanted.inside && html`<a href="${wantedLink(wanted, { inside: true })}">${say('search.inside-words')}</a>`}
        <a href="${wantedLink(wanted, {}, '/search/list')}">${say('search.as-list')}</a>
      </div>
    </section>
    ${answer.facets && facetsView(visit, wanted, answer.facets)}
  </div>`
}

function total({ say }: Visit, { counted: count, atMost }: Found): string {
  return say(atMost ? 'search.count-at-least' : 'search.count', { count })
}

function resultRow(
  visit: Visit,
  each: FoundTitle,
  { cover, branches }: Pick<Results, 'branches'> & { readonly cover: Cover | undefined },
): Html {
  const where = whereAvailable(visit, each.places, branches)
  return html`<li>
    <a class="to-cover" href="/titles/${each.titleId}" tabindex="-1" aria-hidden="true">${smallCover(cover, each)}</a>
    <div>
      <p class="work"><a href="/titles/${each.titleId}">${workName(each.title, each.language)}</a></p>
      ${each.subtitle && html`<p><bdi dir="auto">${each.subtitle}</bdi></p>`}
      <p>${authorNames(visit, each.authors)}</p>
      <p class="under">${editionLine(visit, each)}</p>
    </div>
    <div class="end"><p>${availabilityTag(visit, each)}</p>${where && html`<p class="under where">${where}</p>`}</div>
  </li>`
}

function nothing(
  visit: Visit,
  { wanted, answer, mayAdd }: { wanted: Wanted; answer: Found; mayAdd: boolean },
): Html {
  const { say } = visit
  const query = html`<bdi dir="auto">${wanted.query}</bdi>`
  return html`<div class="stack-tight">
    <h2>${say('search.nothing-found', { query })}</h2>
    ${didYouMean(visit, wanted, answer)}
    <ul>
      ${isNarrowed(wanted) && html`<li><a href="${address('/search', { query: wanted.query })}">${say('search.without-filters')}</a></li>`}
      ${!wanted.inside && html`<li><a href="${wantedLink(wanted, { inside: true })}">${say('search.inside-words')}</a></li>`}
      <li>${say('search.fewer-words')}</li>
      ${mayAdd && html`<li><a href="/catalogue/new">${say('search.add-title')}</a></li>`}
    </ul>
  </div>`
}

function didYouMean(visit: Visit, wanted: Wanted, { didYouMean: words }: Found): Html | undefined {
  if (!words || words.length === 0) return undefined
  const links = words.map(
    (each) => html`<a href="${wantedLink(wanted, { query: each })}"><bdi>${each}</bdi></a>`,
  )
  const title = visit.say('search.did-you-mean', { words: listed(visit.language, links) })
  return notice(visit, 'plain', { title })
}

function keptFilters(wanted: Wanted): Html {
  const { branch, language, year, material } = wanted
  return html`${Object.entries({ branch, language, year, material }).map(
    ([name, value]) => value && carried(name, value),
  )}${wanted.available && carried('available', 'yes')}${wanted.inside && carried('inside', 'yes')}`
}
