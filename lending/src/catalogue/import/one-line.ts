/** The text as one line. Line breaks inside a cell are how long titles were wrapped; they are blanks to a reader. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zs}\u2028\u2029]+/gu, ' ').trim()
}
