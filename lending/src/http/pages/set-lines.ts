/** Lines of text that have room, and the size of their type. */
export type SetLines = { readonly size: number; readonly lines: readonly string[] }

/** How text may be set: the largest type first, each with the most lines it may take. */
export type TypeSize = { readonly size: number; readonly lines: number }

/** More of a text than this is never set. */
const unitsMax = 200
const words = new Intl.Segmenter(undefined, { granularity: 'word' })
const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1b000}-\u{1faff}\u{20000}-\u{3fffd}]/gu
const rightToLeft =
  /\p{Script=Arabic}|\p{Script=Hebrew}|\p{Script=Syriac}|\p{Script=Thaana}|\p{Script=Nko}|\p{Script=Adlam}/u

/**
 * Breaks a text into lines for a room so wide, in the largest type in which all of it has room and no word is broken.
 * Where there is none, it is broken where it must be and cut with an ellipsis. How wide letters are is guessed, rather
 * too wide: nobody here knows the font. Any script is taken, also one that writes no spaces.
 */
export function setLines(text: string, room: number, sizes: readonly [TypeSize, ...TypeSize[]]): SetLines {
  const pieces = piecesOf(text.slice(0, unitsMax).toWellFormed().trim())
  for (const { size, lines: most } of sizes) {
    const lines = broken(pieces, room / size)
    if (lines && lines.length <= most) return { size, lines }
  }
  const { size, lines: most } = sizes.at(-1) ?? sizes[0]
  const lines =
    broken(
      pieces.flatMap((piece) => splitUp(piece, room / size)),
      room / size,
    ) ?? []
  if (lines.length <= most) return { size, lines }
  return { size, lines: [...lines.slice(0, most - 1), ellipsed(lines[most - 1] ?? '', room / size)] }
}

/** Whether a text is read from the right, by its first letter. */
export function readsRightToLeft(text: string): boolean {
  return rightToLeft.test(/\p{L}/u.exec(text)?.[0] ?? '')
}

type Piece = { readonly text: string; readonly isSpaced: boolean; readonly width: number }

/** What may stand alone on a line: a word with the signs that belong to it. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: { text: string; isSpaced: boolean }[] = []
  let isSpaced = false
  let opens = ''
  for (const { segment, isWordLike } of words.segment(text)) {
    const last = pieces.at(-1)
    if (/^\s/.test(segment)) isSpaced = true
    else if (isWordLike) {
      pieces.push({ text: opens + segment, isSpaced })
      opens = ''
      isSpaced = false
    } else if (isSpaced || !last || /^[\p{Ps}\p{Pi}]/u.test(segment)) opens += segment
    else last.text += segment
  }
  if (opens) pieces.push({ text: opens, isSpaced })
  return pieces.map((piece) => ({ ...piece, width: widthOf(piece.text) }))
}

/** In ems. Undefined where a piece alone is too wide. */
function broken(pieces: readonly Piece[], room: number): readonly string[] | undefined {
  const lines: string[] = []
  let left = 0
  for (const { text, isSpaced, width } of pieces) {
    if (width > room) return undefined
    const gap = isSpaced && lines.length > 0 ? blank : 0
    if (lines.length > 0 && left >= gap + width) {
      lines[lines.length - 1] += (isSpaced ? ' ' : '') + text
      left -= gap + width
    } else {
      lines.push(text)
      left = room - width
    }
  }
  return lines
}

function splitUp(piece: Piece, room: number): readonly Piece[] {
  if (piece.width <= room) return [piece]
  return Array.from(letters.segment(piece.text), ({ segment }, index) => ({
    text: segment,
    isSpaced: piece.isSpaced && index === 0,
    width: widthOf(segment),
  }))
}

function ellipsed(line: string, room: number): string {
  const kept = Array.from(letters.segment(line), ({ segment }) => segment)
  while (kept.length > 0 && widthOf(`${kept.join('')}…`) > room) kept.pop()
  return `${kept.join('').trimEnd()}…`
}

const blank = 0.3

/** In ems, of a bold serif. */
function widthOf(text: string): number {
  let width = 0
  for (const { segment } of letters.segment(text)) {
    // Where a font has no picture for a family, its members stand side by side.
    const signs = segment.match(wide)
    if (signs) width += 1.05 * signs.length
    else if (/^[MWmw@%…—]/.test(segment)) width += 1
    else if (/^\p{Lu}/u.test(segment)) width += 0.78
    else if (/^[fijlrtI.,:;'’|!()[\]-]/.test(segment)) width += 0.42
    else width += 0.64
  }
  return width
}
