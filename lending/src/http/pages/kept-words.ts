import { type Kept, type Wording, wordingIn } from '../../language/worded.ts'
import { html, type Piece } from './html.ts'
import type { Visit } from './visit.ts'

/**
 * A stored text in the language of the visit; what fills it keeps its own direction. One that holds no message is a sentence
 * of before there were any, in English.
 */
export function keptWords(visit: Pick<Visit, 'say'>, stored: string): Piece {
  const wording = wordingIn(stored)
  return wording ? said(visit, wording) : html`<bdi lang="en" dir="ltr">${stored}</bdi>`
}

function said(visit: Pick<Visit, 'say'>, { say, ...values }: Wording): Piece {
  return visit.say(
    say,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, filled(visit, value)])),
  )
}

function filled(visit: Pick<Visit, 'say'>, value: Kept): Piece {
  if (typeof value === 'object') return said(visit, value)
  return typeof value === 'number' ? value : html`<bdi>${value}</bdi>`
}
