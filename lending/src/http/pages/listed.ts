import { listFormat } from '../../language/formats.ts'
import type { Language } from '../../language/languages.ts'
import { type Html, html, type Piece } from './html.ts'

/** One after the other, as the language parts what is listed: `A, B, C`. */
export function listed({ locale }: Language, pieces: readonly Piece[]): Html {
  const list = listFormat(locale, { type: 'unit', style: 'short' })
  const parts = list.formatToParts(pieces.map((_, index) => String(index)))
  return html`${parts.map(({ type, value }) => (type === 'literal' ? value : pieces[Number(value)]))}`
}
