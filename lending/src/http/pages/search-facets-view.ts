import type { SearchAnswer } from '../../catalogue/search.ts'
import type { Facets } from '../../catalogue/search-facets.ts'
import { type Html, html } from './html.ts'
import { languageName } from './language.ts'
import { unseen } from './unseen.ts'
import type { Visit } from './visit.ts'
import { type Wanted, wantedLink } from './wanted.ts'
import { numberText } from './wording.ts'
import { materialName } from './work-line.ts'

type FacetName = keyof Facets
const facetNames: readonly FacetName[] = ['availability', 'branch', 'language', 'material', 'year']
/** More values than this make a facet a second list to search in. */
const valuesMax = 8

/** How the results fall apart, each part as a link that narrows the search to it. */
export function facetsView(visit: Visit, wanted: Wanted, given: Facets): Html {
  const { say } = visit
  return html`<aside class="facets" id="narrow" aria-labelledby="narrow-heading">
    <h2 id="narrow-heading" class="unseen">${say('search.narrow')}</h2>
    ${facetNames.map((name) => {
      const values = given[name].filter(({ count }) => count > 0).slice(0, valuesMax)
      if (values.length === 0) return undefined
      return html`<section><h3>${say(`facet.${name}`)}</h3>${values.map(({ value, label, count }) => {
        const isChosen = chosenValue(wanted, name) === value
        return html`<a href="${wantedLink(wanted, choose(name, isChosen ? '' : value))}"${
          isChosen && html` aria-current="true"`
        }><span>${isChosen && '✓ '}${facetLabel(visit, name, { value, label })}</span><span class="count">${numberText(visit, count)}</span></a>`
      })}</section>`
    })}
  </aside>`
}

/** What the search is narrowed to, each part as a link that takes it off. */
export function chosenFilters(
  visit: Visit,
  wanted: Wanted,
  { facets }: Extract<SearchAnswer, { outcome: 'found' }>,
): Html | undefined {
  const chosen = facetNames.filter((name) => chosenValue(wanted, name) !== '')
  if (chosen.length === 0 && !wanted.inside) return undefined
  const sign = html`<span aria-hidden="true">✕</span>`
  return html`<p class="chosen">${chosen.map((name) => {
    const value = chosenValue(wanted, name)
    const label = facets?.[name].find((each) => each.value === value)?.label ?? value
    const filter = html`${facetLabel(visit, name, { value, label })}`
    return html`<a class="tag" href="${wantedLink(wanted, choose(name, ''))}">${visit.say('search.filter-off', { filter, sign, unseen })}</a>`
  })}${
    wanted.inside &&
    html`<a class="tag" href="${wantedLink(wanted, { inside: false })}">${visit.say('search.inside-words-off', { sign, unseen })}</a>`
  }</p>`
}

/** Whether the search is narrowed to a part of what the words find. */
export function isNarrowed(wanted: Wanted): boolean {
  return facetNames.some((name) => chosenValue(wanted, name) !== '')
}

function facetLabel(
  visit: Visit,
  name: FacetName,
  { value, label }: { readonly value: string; readonly label: string },
): string {
  switch (name) {
    case 'availability':
      return visit.say('facet.available-now')
    case 'year':
      return yearRangeText(visit, value)
    case 'material':
      return materialName(visit, value)
    case 'language':
      return languageName(visit, value) || label
    case 'branch':
      return label
  }
}

/** `2020-`, `1950-1979` or `-1899` in words. */
function yearRangeText({ say }: Visit, value: string): string {
  if (value.endsWith('-')) return say('facet.since', { year: value.slice(0, -1) })
  return value.startsWith('-') ? say('facet.until', { year: value.slice(1) }) : value.replace('-', '–')
}

function chosenValue(wanted: Wanted, name: FacetName): string {
  if (name === 'availability') return wanted.available ? 'available' : ''
  return wanted[name]
}

function choose(name: FacetName, value: string): Partial<Wanted> {
  return name === 'availability' ? { available: value !== '' } : { [name]: value }
}
