import Negotiator from 'negotiator'

/** A language that the pages speak. */
export type Language = {
  /** Its tag, as BCP 47 names it, for `lang`. */
  readonly tag: 'en' | 'de' | 'ar'
  /** What its speakers call it. */
  readonly name: string
  /** How dates, numbers and money are written. */
  readonly locale: string
  /** The direction in which it is read. */
  readonly direction: 'ltr' | 'rtl'
}

/** The languages that the pages speak; each has its words in a file of its own beside this one. The first is for whoever asks for none of them. */
export const languages: readonly [Language, ...Language[]] = [
  { tag: 'en', name: 'English', locale: 'en-GB', direction: 'ltr' },
  { tag: 'de', name: 'Deutsch', locale: 'de-DE', direction: 'ltr' },
  { tag: 'ar', name: 'العربية', locale: 'ar', direction: 'rtl' },
]

/** The language with this tag; undefined where there is none. */
export function languageOf(tag: string | undefined): Language | undefined {
  return languages.find((each) => each.tag === tag)
}

/**
 * The language for somebody: the one that they chose here, or the first that their browser asks for and that is there
 * (`Accept-Language`, RFC 9110), or English.
 */
export function languageFor({
  chosen,
  accepts,
}: {
  readonly chosen: string | undefined
  readonly accepts: string | undefined
}): Language {
  const mine = languageOf(chosen)
  if (mine) return mine
  const negotiator = new Negotiator({ headers: { 'accept-language': accepts ?? '' } })
  return languageOf(negotiator.language(languages.map(({ tag }) => tag))) ?? languages[0]
}
