/** Our own cards: 14 digits, `29`, eleven that tell them apart, and a check digit. */
const ours = { length: 14, prefix: '29' } as const
/** How many digits tell our cards apart. */
export const serialDigits = ours.length - ours.prefix.length - 1

/** The card with this serial number (0 to 99,999,999,999). Throws RangeError for any other number. */
export function cardNumber(serial: number): string {
  if (!Number.isSafeInteger(serial) || serial < 0 || serial >= 10 ** serialDigits) {
    throw new RangeError(`A card's serial number has at most ${serialDigits} digits; this one is ${serial}.`)
  }
  const body = ours.prefix + String(serial).padStart(serialDigits, '0')
  return body + luhnDigit(body)
}

/**
 * What a card number says of itself: `ours`; `misread`, when it has the look of ours and a check digit that does
 * not fit; or `foreign`, which is accepted as it is. A number with our look may still be another library's: it is
 * looked up first, and called misread only when nobody has it.
 */
export function cardLook(card: string): 'ours' | 'misread' | 'foreign' {
  if (!/^29\d{12}$/.test(card)) return 'foreign'
  return luhnDigit(card.slice(0, -1)) === card.slice(-1) ? 'ours' : 'misread'
}

/**
 * The Luhn digit (ISO/IEC 7812-1 annex B) of a text of digits: it betrays every single wrong digit and every two
 * neighbours that changed places, but 09 and 90. Chosen over ISO 7064 because the scanners, printers and library
 * systems of today know it for 14-digit cards.
 */
export function luhnDigit(digits: string): string {
  let sum = 0
  let doubled = true
  for (let at = digits.length - 1; at >= 0; at--) {
    const digit = digits.charCodeAt(at) - 48
    const part = doubled ? digit * 2 : digit
    sum += part > 9 ? part - 9 : part
    doubled = !doubled
  }
  return String((10 - (sum % 10)) % 10)
}
