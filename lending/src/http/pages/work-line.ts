import { type Html, html } from './html.ts'
import { languageName, languageTag } from './language.ts'

/** The name of a work, in its own language and direction, as a link to its page. */
export function workLink(work: {
  readonly titleId: number | null
  readonly title: string
  readonly language?: string
}): Html {
  const name = workName(work.title, work.language)
  return work.titleId === null ? name : html`<a href="/titles/${work.titleId}">${name}</a>`
}

/** The name of a work, in its own language and direction. */
export function workName(title: string, language = ''): Html {
  const tag = languageTag(language)
  return html`<bdi dir="auto"${tag && html` lang="${tag}"`}>${title}</bdi>`
}

/** The people who made it. */
export function authorNames(authors: readonly string[], most = 3): Html {
  const shown = authors.slice(0, most)
  return html`${shown.map(
    (author, index) => html`${index > 0 && '; '}<bdi dir="auto">${author}</bdi>`,
  )}${authors.length > most && html` and ${authors.length - most} more`}`
}

/** What kind of thing it is, when, and in which language: what tells editions apart. */
export function editionLine(work: {
  readonly publishedYear: number | null
  readonly language: string
  readonly material: string
}): Html {
  const parts = [
    work.material === 'book' ? '' : capital(work.material),
    work.publishedYear === null ? '' : yearText(work.publishedYear),
    languageName(work.language),
  ].filter(Boolean)
  return html`${parts.join(' · ')}`
}

/** A year; before the common era in words. */
export function yearText(year: number): string {
  return year < 0 ? `${-year} BCE` : String(year)
}

/** The word with a capital letter. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
