/**
 * The 13 digits of an ISBN as people and spreadsheets write it, or undefined when it is none. Takes 10 and 13
 * digits, any dashes and blanks, a leading `ISBN`, and a qualifier behind it, as in `0-13-110362-8 (pbk.)`.
 * Leading zeros that a spreadsheet cut off are put back where the check digit then agrees. Scientific notation
 * (`9.78044E+12`) has lost its digits for good and is refused.
 */
export function isbn13(text: string): string | undefined {
  const written = /^(?:[\s'"=]*(?:ISBN(?:[- ]?1[03])?)?[\s:'"]*)([0-9][0-9 -]*X?)/i.exec(plain(text))
  if (!written?.[1]) return undefined
  const [, number] = written
  const digits = number.replaceAll(/[ -]/g, '').toUpperCase()
  if (digits.length === 13) return isValid13(digits) ? digits : undefined
  if (digits.length > 10 || digits.length < digitsAfterLoss) return undefined
  const ten = digits.padStart(10, '0')
  return isValid10(ten) ? `978${ten.slice(0, 9)}${check13(`978${ten.slice(0, 9)}`)}` : undefined
}

/** The ten characters of the same ISBN in its older form; undefined for a 979 number, which has none. */
export function isbn10(isbn: string): string | undefined {
  if (!isbn.startsWith('978') || !isValid13(isbn)) return undefined
  const nine = isbn.slice(3, 12)
  return `${nine}${check10(nine)}`
}

/** No more is read: the longest honest writing, with qualifier, is far shorter. */
const writtenMax = 100
/**
 * Fewer are no ISBN: a single 9 is all that stands before the point of scientific notation. Publishers begin with at
 * most three zeros ("000", HarperCollins), so no more are put back.
 */
const digitsAfterLoss = 7

/** One form for the digits and dashes of every keyboard. */
function plain(text: string): string {
  return text
    .slice(0, writtenMax)
    .normalize('NFKC')
    .replaceAll(/[\u00AD\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g, '')
    .replaceAll(/\p{Dash}/gu, '-')
    .trim()
}

function isValid13(digits: string): boolean {
  return /^97[89][0-9]{10}$/.test(digits) && digits.endsWith(check13(digits.slice(0, 12)))
}

function isValid10(digits: string): boolean {
  return /^[0-9]{9}[0-9X]$/.test(digits) && digits !== '0000000000' && digits.endsWith(check10(digits))
}

/** ISO 2108: weights 1 and 3 in turn, to a multiple of 10. */
function check13(digits: string): string {
  const sum = [...digits.slice(0, 12)].reduce((all, digit, at) => all + Number(digit) * (at % 2 ? 3 : 1), 0)
  return String((10 - (sum % 10)) % 10)
}

/** The older standard: weights 10 down to 2, to a multiple of 11, where X stands for ten. */
function check10(digits: string): string {
  const sum = [...digits.slice(0, 9)].reduce((all, digit, at) => all + Number(digit) * (10 - at), 0)
  const check = (11 - (sum % 11)) % 11
  return check === 10 ? 'X' : String(check)
}
