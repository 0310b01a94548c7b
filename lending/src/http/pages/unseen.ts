import { type Html, html, type Piece } from './html.ts'

/** What only a screen reader says, where the eye has it from what stands around. */
export function unseen(inside: Piece): Html {
  return html`<span class="unseen">${inside}</span>`
}
