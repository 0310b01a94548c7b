import { type Flaw, isFlaw } from '../../language/flaw.ts'
import { html, type Piece } from './html.ts'
import type { Visit } from './visit.ts'

/** What is wrong with fields, by field, as the page says it. */
export type FlawTexts = Readonly<Record<string, Piece>>

/** What is wrong with each field of a refusal, in the language of the visit. */
export function flawTexts(
  visit: Pick<Visit, 'say'>,
  refusal: { readonly [fact: string]: unknown } | undefined,
): FlawTexts {
  const found = Object.entries(refusal?.problems ?? {})
  return Object.fromEntries(found.map(([name, each]) => [name, flawText(visit, each)]))
}

/** A flaw in the language of the visit. A sentence stays: it is the English that a refusal of old holds. */
export function flawText(visit: Pick<Visit, 'say'>, flaw: unknown): Piece {
  if (typeof flaw === 'string') return english(flaw)
  if (!isFlaw(flaw)) return undefined
  const values = Object.entries(flaw.values ?? {}).map(([name, value]) => [name, told(visit, name, value)])
  const label = visit.say(`label.${flaw.label ?? 'the-field'}`)
  return visit.say(`flaw.${flaw.flaw}`, { label, ...Object.fromEntries(values) })
}

/** What somebody typed keeps its own direction; what the judge of patterns says (`says`) is English everywhere. */
function told(visit: Pick<Visit, 'say'>, name: string, value: string | number | Flaw): Piece {
  if (typeof value === 'object') return flawText(visit, value)
  if (typeof value === 'number') return value
  return name === 'says' ? english(value) : html`<bdi>${value}</bdi>`
}

function english(text: string): Piece {
  return html`<bdi lang="en" dir="ltr">${text}</bdi>`
}
