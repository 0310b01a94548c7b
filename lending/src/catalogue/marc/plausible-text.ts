/**
 * Says whether text that was decoded on a guess reads like text of that encoding. It takes all doubtful values of
 * a record together, because one word says too little.
 *
 * - `marc-8`: more marks stand on letters that they are known to go with than do not;
 * - `single-byte` (Western Europe): each letter past ASCII stands in a word of mostly ASCII letters.
 *
 * In either, a sign within a word, a capital behind a small letter or a control character speaks against it.
 */
export function isPlausible(values: readonly string[], guess: 'marc-8' | 'single-byte'): boolean {
  const text = values.join('\n').normalize('NFC')
  if (text.includes('\uFFFD') || count(text, strange) > 0) return false
  if (guess === 'single-byte') return (text.match(word) ?? []).every(isWestern)
  const loose = count(text, looseMark)
  return loose === 0 || count(text, accentedLetter) > loose
}

const strange =
  /\p{L}[^\p{ASCII}\p{L}\p{M}ʻʼʹʺ·’]\p{L}|[¿¡]\p{Ll}|\p{Ll}(?=[^\p{ASCII}])\p{Lu}|(?!\n)\p{Cc}/gu
const accentedLetter = /(?=[^\p{ASCII}])\p{L}/gu
/** A mark that made no letter of its own with the letter before it. */
const looseMark = /\p{M}/gu
const word = /\p{L}+/gu

function isWestern(letters: string): boolean {
  const accented = count(letters, accentedLetter)
  return accented <= letters.length - accented || letters.toLowerCase() === 'à'
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
