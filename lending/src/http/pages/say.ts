import type { FastifyRequest } from 'fastify'
import { type Language, languageFor } from '../../language/languages.ts'
import { type MessageId, message } from '../../language/messages.ts'
import { type Html, html, type Piece } from './html.ts'

/** The cookie that keeps the language that somebody chose on these pages. */
export const languageCookie = 'bibby_language'

/** What a tag of a message becomes: it is given what stands between `<name>` and `</name>`. */
export type Tagged = (inside: Piece) => Html

/**
 * Says a message in the language of the visit. With text and numbers alone it is text; where a value is html, or a tag
 * of the message becomes some, it is html. Numbers are written as the message says: `{count, number}`.
 *
 * Throws FormatError where a value that the message names is not given.
 */
export type Say = {
  (id: MessageId, values?: Readonly<Record<string, string | number>>): string
  (id: MessageId, values: Readonly<Record<string, Piece | Tagged>>): Html
}

/** Says messages in this language. */
export function sayIn(language: Language): Say {
  const say = (id: MessageId, values: Readonly<Record<string, Piece | Tagged>> = {}): string | Html => {
    const found = message(language, id)
    if (typeof found === 'string') return found
    const said = found.format<Piece>(withPieces(values))
    if (typeof said === 'string') return said
    return html`${said}`
  }
  return say as Say
}

/** The language of a request: the one chosen on these pages, or what the browser asks for. */
export function languageOfRequest({ cookies, headers }: FastifyRequest): Language {
  return languageFor({ chosen: cookies[languageCookie], accepts: headers['accept-language'] })
}

/** Tags give their inside as a list of pieces; a template takes it as one. */
function withPieces(values: Readonly<Record<string, Piece | Tagged>>): Record<string, never> {
  return values as Record<string, never>
}
