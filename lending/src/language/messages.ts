import { IntlMessageFormat } from 'intl-messageformat'
import ar from './ar.json' with { type: 'json' }
import de from './de.json' with { type: 'json' }
import en from './en.json' with { type: 'json' }
import { type Language, languages } from './languages.ts'

/** The name of a message: the page or part that says it, and the English of it in short. */
export type MessageId = keyof typeof en

const catalogues: Readonly<Record<Language['tag'], Readonly<Partial<Record<string, string>>>>> = {
  en,
  de,
  ar,
}
const formats = new Map<string, string | IntlMessageFormat>()

/**
 * A message in a language, ready to be filled: plain text, or an ICU message with arguments, plurals and tags
 * (unicode-org.github.io/icu/userguide/format_parse/messages).
 */
export function message({ tag, locale }: Language, id: MessageId): string | IntlMessageFormat {
  const name = `${tag} ${id}`
  let known = formats.get(name)
  if (known === undefined) {
    const text = catalogues[tag][id] ?? en[id]
    known = /[{<']/.test(text) ? new IntlMessageFormat(text, locale) : text
    formats.set(name, known)
  }
  return known
}

/** A message in English, for programs, logs and the command. */
export function inEnglish(id: MessageId, values: Readonly<Record<string, string | number>> = {}): string {
  const found = message(languages[0], id)
  return typeof found === 'string' ? found : String(found.format(values))
}

/** Says a message as text, in the language that it was made for. */
export type SayText = typeof inEnglish

/** Whether there is a message of this name. */
export function isMessageId(id: string): id is MessageId {
  return Object.hasOwn(en, id)
}
