import type { SearchAnswer } from '../../catalogue/search.ts'
import { answerTo } from '../answers.ts'
import { address } from './address.ts'
import { availabilityTag } from './availability.ts'
import { carried } from './form.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import type { Visit } from './visit.ts'
import { counted } from './wording.ts'
import { authorNames, capital, editionLine, workName } from './work-line.ts'

/** What somebody looks for, as it stands in the address. */
export type Wanted = {
  readonly query: string
  readonly branch: string
  readonly available: boolean
  readonly language: string
  readonly year: string
  readonly material: string
  /** Look inside words too. */
  readonly inside: boolean
  /** Where the page of results before this one ended. */
  readonly after: string
}

type Found = Extract<SearchAnswer, { outcome: 'found' }>
type FoundTitle = Found['titles'][number]

/** The one field for all searches. */
export function searchBox({
  query,
  autofocus,
  kept,
}: {
  query: string
  autofocus?: boolean
  kept?: Html
}): Html {
  return html`<form class="search-box" action="/search" role="search">
    <div class="field">
      <label class="unseen" for="query">Search the catalogue</label>
      <input id="query" type="search" name="query" value="${query}" dir="auto" maxlength="100" required
        autocomplete="off" spellcheck="false" enterkeyhint="search"${autofocus && html` autofocus`}
        data-suggestions="/suggestions" placeholder="Title, author, ISBN">
    </div>
    ${kept}
    <button class="button">Search</button>
  </form>`
}

/** The results of a search: what was found, how to narrow it, how to go on. */
export function resultsView(
  _visit: Visit,
  { wanted, answer, mayAdd }: { wanted: Wanted; answer: SearchAnswer; mayAdd: boolean },
): Html {
  return html`<h1 class="unseen">Search</h1>
  <div class="section">${searchBox({ query: wanted.query, kept: keptFilters(wanted) })}</div>
  <div class="section">${
    answer.outcome === 'refused' ? refused(wanted, answer.refused) : found(wanted, answer, mayAdd)
  }</div>`
}

function refused(wanted: Wanted, code: string): Html {
  const { title, next } = answerTo(code)
  const whole =
    wanted.inside && html`<p><a href="${link(wanted, { inside: false })}">Look for whole words</a></p>`
  return notice(visit, 'warn', { title, body: html`<p>${next}</p>${whole}` })
}

function found(wanted: Wanted, answer: Found, mayAdd: boolean): Html {
  const narrowed = chosenFilters(wanted, answer)
  if (answer.titles.length === 0) return html`${narrowed}${nothing(wanted, answer, mayAdd)}`
  return html`<div class="columns facetted">
    <section aria-label="Results">
      <div class="results-head">
        <p class="soft" role="status">${total(answer)}</p>
        ${narrowed}
        ${answer.facets && html`<a class="to-facets" href="#narrow">Narrow the search</a>`}
      </div>
      ${didYouMean(wanted, answer)}
      <ol class="rows results">${answer.titles.map(resultRow)}</ol>
      <div class="actions more">
        ${answer.more && html`<a class="button quiet" href="${link(wanted, { after: answer.more })}" rel="next">More</a>`}
        ${wanted.after && html`<a href="${link(wanted, { after: '' })}">Back to the first</a>`}
        ${!wanted.inside && html`<a href="${link(wanted, { inside: true })}">Look inside words too</a>`}
      </div>
    </section>
    ${facets(wanted, answer)}
  </div>`
}

function total({ counted: count, atMost }: Found): string {
  return atMost ? `More than ${counted(count, 'title')}` : counted(count, 'title')
}

function resultRow(each: FoundTitle): Html {
  return html`<li>
    <div>
      <p class="work"><a href="/titles/${each.titleId}">${workName(each.title, each.language)}</a></p>
      ${each.subtitle && html`<p><bdi dir="auto">${each.subtitle}</bdi></p>`}
      <p>${authorNames(each.authors)}</p>
      <p class="under">${editionLine(each)}</p>
    </div>
    <p class="end">${availabilityTag(each)}</p>
  </li>`
}

function nothing(wanted: Wanted, answer: Found, mayAdd: boolean): Html {
  const isNarrowed = Boolean(
    wanted.branch || wanted.available || wanted.language || wanted.year || wanted.material,
  )
  return html`<div class="stack-tight">
    <h2>Nothing found for “<bdi dir="auto">${wanted.query}</bdi>”</h2>
    ${didYouMean(wanted, answer)}
    <ul>
      ${isNarrowed && html`<li><a href="${address('/search', { query: wanted.query })}">Search without the filters</a></li>`}
      ${!wanted.inside && html`<li><a href="${link(wanted, { inside: true })}">Look inside words too</a></li>`}
      <li>Try fewer words, or only the family name of the author.</li>
      ${mayAdd && html`<li><a href="/catalogue/new">Add a title</a></li>`}
    </ul>
  </div>`
}

function didYouMean(wanted: Wanted, { didYouMean: words }: Found): Html | undefined {
  if (!words || words.length === 0) return undefined
  const links = words.map(
    (each, index) =>
      html`${index > 0 && ', '}<a href="${link(wanted, { query: each })}"><bdi>${each}</bdi></a>`,
  )
  return notice(visit, 'plain', { title: html`Did you mean ${links}?` })
}

type FacetName = 'branch' | 'availability' | 'language' | 'year' | 'material'
const facetNames: readonly FacetName[] = ['availability', 'branch', 'language', 'material', 'year']
const facetTitles: Record<FacetName, string> = {
  branch: 'Branch',
  availability: 'On the shelf',
  language: 'Language',
  year: 'Year',
  material: 'Kind',
}
/** More values than this make a facet a second list to search in. */
const valuesMax = 8

function facets(wanted: Wanted, answer: Found): Html {
  const given = answer.facets
  if (!given) return html``
  return html`<aside class="facets" id="narrow" aria-labelledby="narrow-heading">
    <h2 id="narrow-heading" class="unseen">Narrow the search</h2>
    ${facetNames.map((name) => {
      const values = given[name].filter(({ count }) => count > 0).slice(0, valuesMax)
      if (values.length === 0) return undefined
      return html`<section><h3>${facetTitles[name]}</h3>${values.map(({ value, label, count }) => {
        const isChosen = chosenValue(wanted, name) === value
        return html`<a href="${link(wanted, choose(name, isChosen ? '' : value))}"${
          isChosen && html` aria-current="true"`
        }><span>${isChosen && '✓ '}${facetLabel(name, value, label)}</span><span class="count">${count.toLocaleString('en')}</span></a>`
      })}</section>`
    })}
  </aside>`
}

function facetLabel(name: FacetName, value: string, label: string): string {
  if (name === 'availability') return 'Only what is there now'
  if (name === 'year') return yearRangeText(value)
  return name === 'material' ? capital(label) : label
}

/** `2020-`, `1950-1979` or `-1899` in words. */
function yearRangeText(value: string): string {
  if (value.endsWith('-')) return `Since ${value.slice(0, -1)}`
  return value.startsWith('-') ? `Until ${value.slice(1)}` : value.replace('-', '–')
}

function chosenValue(wanted: Wanted, name: FacetName): string {
  if (name === 'availability') return wanted.available ? 'available' : ''
  return wanted[name]
}

function choose(name: FacetName, value: string): Partial<Wanted> {
  return name === 'availability' ? { available: value !== '' } : { [name]: value }
}

function chosenFilters(wanted: Wanted, answer: Found): Html | undefined {
  const chosen = facetNames.filter((name) => chosenValue(wanted, name) !== '')
  if (chosen.length === 0 && !wanted.inside) return undefined
  return html`<p class="chosen">${chosen.map((name) => {
    const value = chosenValue(wanted, name)
    const label = answer.facets?.[name].find((each) => each.value === value)?.label ?? value
    return html`<a class="tag" href="${link(wanted, choose(name, ''))}">${facetLabel(name, value, label)} <span aria-hidden="true">✕</span><span class="unseen">: take this filter off</span></a>`
  })}${
    wanted.inside &&
    html`<a class="tag" href="${link(wanted, { inside: false })}">Inside words <span aria-hidden="true">✕</span><span class="unseen">: take this off</span></a>`
  }</p>`
}

/** The address of this search with something changed; it starts at the first page again. */
function link(wanted: Wanted, change: Partial<Wanted>): string {
  return address('/search', { ...wanted, after: '', ...change })
}

function keptFilters(wanted: Wanted): Html {
  const { branch, language, year, material } = wanted
  return html`${Object.entries({ branch, language, year, material }).map(
    ([name, value]) => value && carried(name, value),
  )}${wanted.available && carried('available', 'yes')}${wanted.inside && carried('inside', 'yes')}`
}
