import { isMessageId } from '../../language/messages.ts'
import { type Html, html } from './html.ts'
import { languageName, languageTag } from './language.ts'
import type { Visit } from './visit.ts'

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
export function authorNames({ say }: Pick<Visit, 'say'>, authors: readonly string[], most = 3): Html {
  const shown = html`${authors
    .slice(0, most)
    .map((author, index) => html`${index > 0 && '; '}<bdi dir="auto">${author}</bdi>`)}`
  const count = authors.length - most
  return count > 0 ? say('work.more-authors', { authors: shown, count }) : shown
}

/** What kind of thing it is, when, and in which language: what tells editions apart. */
export function editionLine(
  visit: Pick<Visit, 'say' | 'language'>,
  work: {
    readonly publishedYear: number | null
    readonly language: string
    readonly material: string
  },
): Html {
  const parts = [
    work.material === 'book' ? '' : materialName(visit, work.material),
    work.publishedYear === null ? '' : yearText(visit, work.publishedYear),
    languageName(visit, work.language),
  ].filter(Boolean)
  return html`${parts.join(' · ')}`
}

/** A year; before the common era in words. */
export function yearText({ say }: Pick<Visit, 'say'>, year: number): string {
  // A year is a name: no language writes it with a sign between the thousands.
  return year < 0 ? say('work.year-bce', { year: String(-year) }) : String(year)
}

/** What kind of thing it is, in words; a kind that records made up is said as they say it. */
export function materialName({ say }: Pick<Visit, 'say'>, material: string): string {
  const id = `material.${material}`
  return isMessageId(id) ? say(id) : capital(material)
}

/** The word with a capital letter. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
