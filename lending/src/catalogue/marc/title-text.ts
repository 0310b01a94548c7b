/** No text of a title is longer; the record itself keeps all of it. */
const textMax = 4_000
/** A list of a title has no more entries. */
const listMax = 200

/** One line in NFC: control characters (the marks around a leading article too) and runs of blanks are gone. */
export function plainText(text: string): string {
  if (text.length <= textMax && !notPlainYet.test(text)) return text
  const plain = text
    .normalize('NFC')
    .replaceAll(/[\u0098\u009C]/g, '')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return plain.length <= textMax
    ? plain
    : plain
        .slice(0, textMax)
        .toWellFormed()
        .replace(/\uFFFD$/, '')
        .trim()
}

const notPlainYet = /[^ -~]| {2}|^ | $/

/** Text without the marks that ISBD puts between it and what follows, as `Title /` or `Publisher,`. */
export function withoutSeparators(text: string): string {
  const plain = plainText(text)
  return separators.includes(plain.at(-1) ?? 'none') ? plain.replace(/[ /:;=,]{1,9}$/, '') : plain
}

const separators = ' /:;=,'

/** The same, and without the full stop that ends an area in MARC 21. */
export function withoutIsbd(text: string): string {
  const bare = withoutSeparators(text)
  return bare.endsWith('.') && !keepsFullStop(bare) ? bare.slice(0, -1).trimEnd() : bare
}

/** The texts that say something, no two alike, in their order. */
export function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text) => text !== ''))].slice(0, listMax)
}

/** A year of four figures in a statement of dates, as `c1961` or `[1988 or 1989]`. */
export function yearIn(text: string): number | null {
  const year = /(?<!\d)(1[0-9]|20)\d\d(?!\d)/.exec(text.slice(0, textMax))
  return year ? Number(year[0]) : null
}

/** A year in a coded place: four figures, and not the code for "still going on". */
export function codedYear(text: string): number | null {
  return /^\d{4}$/.test(text) && text !== '9999' && text !== '0000' ? Number(text) : null
}

/** ISO 639-2 as coded, or '' where the place is blank, filled or undetermined. */
export function languageCode(text: string): string {
  const code = text.trim().toLowerCase()
  return /^[a-z]{3}$/.test(code) && code !== 'und' ? code : ''
}

/** An ellipsis, an initial or an abbreviation ends with its full stop. */
function keepsFullStop(text: string): boolean {
  if (text.endsWith('..')) return true
  const last = /[\p{L}\p{M}\p{N}]*$/u.exec(text.slice(-lastWordMax, -1))?.[0] ?? ''
  return /^(?:\p{L}\p{M}{0,3}|\p{Lu}\p{L})$/u.test(last) || abbreviations.has(last.toLowerCase())
}

/** A longer word is no abbreviation. */
const lastWordMax = 20

const abbreviations = new Set([
  'etc',
  'inc',
  'ltd',
  'bros',
  'corp',
  'dept',
  'vol',
  'esq',
  'изд',
  'сост',
  'ред',
])
