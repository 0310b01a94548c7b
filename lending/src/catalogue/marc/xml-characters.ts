/** What no XML document may hold, not even by number: most control characters, halves of characters, and two that are none. */
const forbidden = /(?![\t\n\r\u{7f}-\u{9f}])\p{Cc}|[\p{Cs}\uFFFE\uFFFF]/gu

/** The text without the characters that no XML document may hold. */
export function fitForXml(text: string): string {
  return text.replaceAll(forbidden, '')
}
