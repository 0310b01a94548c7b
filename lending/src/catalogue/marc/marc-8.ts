import { type CharacterSet, eaccFinal, marc8Tables } from './marc-8-tables.ts'

/** Text in MARC-8, decoded. Without problems it is right to the letter. */
export type DecodedMarc8 = {
  /** In NFC. A code that stands for nothing is U+FFFD. */
  readonly text: string
  /** What could not be understood, each a clause; at most `problemsMax`. */
  readonly problems: readonly string[]
}

/**
 * Decodes one subfield or control field from MARC-8. Every value begins in ASCII and ANSEL, as all large systems
 * read and write it, even where the value before it forgot to go back. Marks are written before their letter in
 * MARC-8 and come after it here, in their own order. Control characters pass through.
 */
export function decodeMarc8(bytes: Uint8Array): DecodedMarc8 {
  const decoding = begin(bytes)
  while (decoding.at < bytes.length) step(decoding)
  if (decoding.marks) {
    problem(decoding, 'a mark has no letter')
    decoding.text += decoding.marks
  }
  return { text: decoding.text.normalize('NFC'), problems: decoding.problems }
}

/** More than these say nothing new. */
export const problemsMax = 5

const escapeCode = 0x1b
const space = 0x20
const firstGraphic = 0x21
const lastGraphic = 0x7e
const eighthBit = 0x80
const lastControl = 0x9f
const asciiFinal = 'B'
const anselFinal = 'E'
/** No letter of any language carries more; a longer row is text in another encoding. */
const marksMax = 5
/** Shown where a code stands for nothing. */
const replacement = '\uFFFD'

/** The second halves in the order of the first: a pair of halves is one mark over two letters. */
const firstHalves = '\u0361\u0360'
const secondHalves = '\uFE21\uFE23'

type Decoding = {
  readonly bytes: Uint8Array
  readonly problems: string[]
  at: number
  text: string
  /** Read, and waiting for their letter. */
  marks: string
  /** A first half that waits for its second, or ''. */
  openHalf: string
  /** Undefined is EACC. */
  g0: CharacterSet | undefined
  g1: CharacterSet | undefined
}

function begin(bytes: Uint8Array): Decoding {
  const { sets } = marc8Tables()
  const g0 = sets.get(asciiFinal)
  const g1 = sets.get(anselFinal)
  return { bytes, problems: [], at: 0, text: '', marks: '', openHalf: '', g0, g1 }
}

function step(decoding: Decoding): void {
  const byte = decoding.bytes[decoding.at] ?? 0
  const set = byte < eighthBit ? decoding.g0 : decoding.g1
  if (byte === escapeCode) designate(decoding)
  else if (byte <= space || byte === lastGraphic + 1) emit(decoding, String.fromCharCode(byte), 1)
  else if (byte >= eighthBit && byte <= lastControl) emitKnown(decoding, marc8Tables().controls.get(byte), 1)
  else if (set) oneByte(decoding, set, byte % eighthBit)
  else threeBytes(decoding)
}

function oneByte(decoding: Decoding, set: CharacterSet, code: number): void {
  const character = set.characters[code]
  if (character !== undefined && set.combining[code]) addMark(decoding, character)
  else emitKnown(decoding, character, 1)
}

function emitKnown(decoding: Decoding, character: string | undefined, bytes: number): void {
  if (character === undefined) unknown(decoding, bytes)
  else emit(decoding, character, bytes)
}

function emit(decoding: Decoding, character: string, bytes: number): void {
  decoding.text += character + decoding.marks
  decoding.marks = ''
  decoding.at += bytes
}

function addMark(decoding: Decoding, mark: string): void {
  decoding.at += 1
  if (firstHalves.includes(mark)) decoding.openHalf = mark
  const second = secondHalves.indexOf(mark)
  if (second >= 0 && decoding.openHalf === firstHalves[second]) {
    // The first half already spans both letters.
    decoding.openHalf = ''
    return
  }
  decoding.marks += mark
  if (decoding.marks.length === marksMax + 1) problem(decoding, 'too many marks on one letter')
}

function threeBytes(decoding: Decoding): void {
  const { bytes, at } = decoding
  const half = (bytes[at] ?? 0) & eighthBit
  const [one, two, three] = [0, 1, 2].map((place) => (bytes[at + place] ?? 0) ^ half) as [
    number,
    number,
    number,
  ]
  const character = marc8Tables().eacc.get((one * 256 + two) * 256 + three)
  // A blank or an escape within a character: the rest is read for what it is.
  const length = !isGraphic(two) ? 1 : !isGraphic(three) ? 2 : 3
  emitKnown(decoding, character, character === undefined ? length : 3)
}

function isGraphic(code: number): boolean {
  return code >= firstGraphic && code <= lastGraphic
}

function unknown(decoding: Decoding, bytes: number): void {
  const length = Math.max(1, bytes)
  const codes = Buffer.from(decoding.bytes.subarray(decoding.at, decoding.at + length)).toString('hex')
  problem(decoding, `${codes.toUpperCase()} stands for nothing in MARC-8`)
  emit(decoding, replacement, length)
}

function problem(decoding: Decoding, text: string): void {
  if (decoding.problems.length < problemsMax) decoding.problems.push(text)
}

/** Sets that one byte after the escape brings into G0: Greek symbols, sub- and superscripts, and back. */
const brief: Readonly<Record<string, string>> = { g: 'g', b: 'b', p: 'p', s: asciiFinal }

/**
 * Reads an escape sequence: `ESC ( F` and `ESC , F` put the set F into G0, `ESC ) F` and `ESC - F` into G1, with
 * `$` in front for sets of many bytes, and `!` before the F of ANSEL.
 */
function designate(decoding: Decoding): void {
  const ahead = Buffer.from(decoding.bytes.subarray(decoding.at + 1, decoding.at + 5)).toString('latin1')
  const written = /^(?:([gbps])|([(,)-]|\$[(,)-]?)(!?)([0-9A-Z]))/.exec(ahead)
  const final = written?.[1] ? brief[written[1]] : written?.[4]
  const set = final === undefined ? undefined : marc8Tables().sets.get(final)
  const isMany = written?.[2]?.startsWith('$') ?? false
  if (!written || (set ? isMany : final !== eaccFinal)) {
    problem(decoding, 'an escape sequence is unknown')
    decoding.at += 1
    return
  }
  if (/[)-]/.test(written[2] ?? '')) decoding.g1 = set
  else decoding.g0 = set
  decoding.at += 1 + written[0].length
}
