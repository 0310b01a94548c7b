import { type Html, html, type Piece } from './html.ts'
import type { Visit } from './visit.ts'

/** How a notice is meant. A sign and a word say it too, never colour alone. */
export type Tone = 'good' | 'warn' | 'bad' | 'plain'

const signs: Record<Tone, string> = { good: '✓', warn: '!', bad: '✕', plain: 'i' }

/** Something that the library has to say, above everything else on the page. */
export function notice(
  { say }: Pick<Visit, 'say'>,
  tone: Tone,
  said: { readonly title: Piece; readonly body?: Piece; readonly id?: string },
): Html {
  return html`<section class="notice ${tone}" role="${tone === 'bad' ? 'alert' : 'status'}">
    <span class="sign" aria-hidden="true">${signs[tone]}</span>
    <div><h2><span class="unseen">${say(`notice.${tone}`)} </span>${said.title}</h2>${said.body}</div>
  </section>`
}

/** A word in a pill, with its sign. */
export function tag(tone: Tone, text: Piece): Html {
  return html`<span class="tag ${tone}">${
    tone !== 'plain' && html`<span aria-hidden="true">${signs[tone]}</span>`
  }<span>${text}</span></span>`
}
