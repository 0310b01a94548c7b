import type { Title } from '../../catalogue/title.ts'
import { seriesPlace } from '../../catalogue/title-series.ts'
import { address } from './address.ts'
import { type Html, html } from './html.ts'
import { languageName, languageTag } from './language.ts'
import type { Visit } from './visit.ts'
import { materialName, yearText } from './work-line.ts'

/** More subjects than this say nothing more. */
const linksMax = 12

/** Those who made a title, each as a search for more of theirs. */
export function authorLinks(authors: readonly string[]): Html {
  return html`${authors
    .slice(0, linksMax)
    .map(
      (author, index) =>
        html`${index > 0 && '; '}<a href="${wordsLink(author)}"><bdi dir="auto" itemprop="author">${author}</bdi></a>`,
    )}`
}

/** What tells this edition from others. */
export function factsPanel(visit: Visit, title: Title): Html {
  const { say } = visit
  const facts: [string, Html | string | undefined | false][] = [
    [say('title.fact.published'), published(visit, title)],
    [say('title.fact.language'), languageOf(visit, title.language)],
    [say('title.fact.kind'), title.material === 'book' ? '' : materialName(visit, title.material)],
    [say('title.fact.isbn'), title.isbns.length > 0 && isbnList(title.isbns)],
    [say('title.fact.series'), title.series.length > 0 && seriesLinks(title.series)],
    [say('title.fact.subjects'), title.subjects.length > 0 && subjectLinks(title.subjects)],
  ]
  return html`<section class="panel quiet" aria-label="${say('title.about-edition')}"><dl class="facts">${facts.map(
    ([name, value]) => value && html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl></section>`
}

/** The search for these words; no longer than a search may be. */
export function wordsLink(text: string): string {
  return address('/search', { query: [...text].slice(0, 100).join('') })
}

function published(visit: Visit, { publisher, publishedYear }: Title): Html | undefined {
  if (!publisher && publishedYear === null) return undefined
  const year =
    publishedYear !== null && html`<span itemprop="datePublished">${yearText(visit, publishedYear)}</span>`
  if (!publisher) return html`${year}`
  return html`<bdi itemprop="publisher">${publisher}</bdi>${year && html`, ${year}`}`
}

function languageOf(visit: Visit, code: string): Html | undefined {
  const tag = languageTag(code)
  const name = languageName(visit, code)
  return name ? html`${name}${tag && html`<meta itemprop="inLanguage" content="${tag}">`}` : undefined
}

function isbnList(isbns: readonly string[]): Html {
  return html`${isbns.map((isbn, index) => html`${index > 0 && ', '}<span itemprop="isbn">${isbn}</span>`)}`
}

function seriesLinks(series: readonly string[]): Html {
  return html`${series
    .slice(0, linksMax)
    .map(
      (each) =>
        html`<p><a href="${wordsLink(seriesPlace(each).name)}"><bdi dir="auto" itemprop="isPartOf">${each}</bdi></a></p>`,
    )}`
}

function subjectLinks(subjects: readonly string[]): Html {
  return html`${subjects
    .slice(0, linksMax)
    .map(
      (each) => html`<p><a href="${wordsLink(each)}"><bdi dir="auto" itemprop="about">${each}</bdi></a></p>`,
    )}`
}
