import { displayNames } from '../../language/formats.ts'
import type { Visit } from './visit.ts'

/** Bibliographic codes that differ from the terminological ones. Source: ISO 639-2, Library of Congress. */
const terminological: Readonly<Record<string, string>> = {
  alb: 'sq',
  arm: 'hy',
  baq: 'eu',
  bur: 'my',
  chi: 'zh',
  cze: 'cs',
  dut: 'nl',
  fre: 'fr',
  geo: 'ka',
  ger: 'de',
  gre: 'el',
  ice: 'is',
  mac: 'mk',
  mao: 'mi',
  may: 'ms',
  per: 'fa',
  rum: 'ro',
  slo: 'sk',
  tib: 'bo',
  wel: 'cy',
}

/** Codes that name no language: several, undetermined, no linguistic content. */
const none = new Set(['', 'mul', 'und', 'zxx', 'mis'])

/** The `lang` attribute for a language code of the catalogue (ISO 639-2/B); undefined where it names none. */
export function languageTag(code: string): string | undefined {
  if (none.has(code) || !/^[a-z]{2,3}$/.test(code)) return undefined
  try {
    return terminological[code] ?? Intl.getCanonicalLocales(code)[0]
  } catch {
    return undefined
  }
}

/**
 * The name of a language code of the catalogue, in the language of the visit; the code where it has no name, '' where
 * it names none.
 */
export function languageName({ language, say }: Pick<Visit, 'language' | 'say'>, code: string): string {
  if (code === 'mul') return say('language.several')
  if (none.has(code)) return ''
  const tag = languageTag(code)
  return tag ? (displayNames(language.tag, { type: 'language', fallback: 'code' }).of(tag) ?? code) : code
}
