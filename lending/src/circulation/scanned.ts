import { hasControlCharacter } from '../text.ts'

/** No card or barcode is longer. */
export const scannedMax = 100

/** A card or barcode as it is kept: NFC, without space around it. What no code can be becomes '', known to nobody. */
export function scanned(code: string): string {
  if (code.length > scannedMax * 2 || !code.isWellFormed()) return ''
  const text = code.normalize('NFC').trim()
  return text.length > scannedMax || hasControlCharacter(text) ? '' : text
}
