import { numberFormat } from '../../language/formats.ts'
import type { Visit } from './visit.ts'

/** A time of milliseconds as people read it: `8 ms`, `1.2 secs`. No line ends before its unit. */
export function msText({ language }: Pick<Visit, 'language'>, ms: number): string {
  const [unit, value, digits] =
    ms < 1_000 ? (['millisecond', ms, ms < 10 ? 1 : 0] as const) : (['second', ms / 1_000, 1] as const)
  return numberFormat(language.locale, {
    style: 'unit',
    unit,
    maximumFractionDigits: digits,
  })
    .format(value)
    .replaceAll(' ', '\u{a0}')
}

/** How many times a second: `0.4/s`. */
export function perSecondText({ language, say }: Pick<Visit, 'language' | 'say'>, value: number): string {
  const digits = value < 10 ? 1 : 0
  const number = value.toLocaleString(language.locale, { maximumFractionDigits: digits })
  return say('measure.per-second', { number })
}
