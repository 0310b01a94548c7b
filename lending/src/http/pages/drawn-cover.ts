import { type Html, html } from './html.ts'
import { readsRightToLeft, type SetLines, setLines } from './set-lines.ts'

// A board in one of a few colours with the title and the author on it, for a title without a picture. All of it stands
// in the page: no further request, and nothing moves when it comes. Its colours are those of the stylesheet.

const board = { width: 120, height: 180, spine: 9, margin: 11 } as const
const room = board.width - board.spine - 2 * board.margin
const colours = 6
const leading = 1.22
const titleSizes = [
  { size: 18, lines: 4 },
  { size: 14.5, lines: 6 },
  { size: 11.5, lines: 8 },
] as const
const authorSizes = [{ size: 10, lines: 2 }] as const

/** What is drawn on a cover. */
export type Drawn = { readonly titleId: number; readonly title: string; readonly authors: readonly string[] }

/** The cover of a title that has no picture. It says nothing that does not stand beside it, so it is not read out. */
export function drawnCover({ titleId, title, authors }: Drawn): Html {
  const isFromRight = readsRightToLeft(title)
  const set = setLines(title, room, titleSizes)
  const by = setLines(authors[0] ?? '', room, authorSizes)
  const { width, height, spine, margin } = board
  const lowest = height - margin - (by.lines.length - 1) * by.size * leading
  return html`<svg class="drawn-cover board-${titleId % colours}" viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false"><rect class="board" width="${width}" height="${height}"/><rect class="spine" x="${isFromRight ? width - spine : 0}" width="${spine}" height="${height}"/>${block(set, margin + set.size, isFromRight)}${block(by, lowest, isFromRight)}</svg>`
}

/** Lines below each other, along the side where the board is opened from. */
function block({ size, lines }: SetLines, firstBase: number, isFromRight: boolean): Html | undefined {
  if (lines.length === 0) return undefined
  const isOwnFromRight = readsRightToLeft(lines[0] ?? '')
  const x = isFromRight ? board.width - board.spine - board.margin : board.spine + board.margin
  return html`<text font-size="${size}" direction="${isOwnFromRight ? 'rtl' : 'ltr'}" text-anchor="${
    isOwnFromRight === isFromRight ? 'start' : 'end'
  }">${lines.map(
    (line, index) =>
      html`<tspan x="${x}" y="${Math.round((firstBase + index * size * leading) * 10) / 10}">${line}</tspan>`,
  )}</text>`
}
