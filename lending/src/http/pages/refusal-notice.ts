import { isMessageId } from '../../language/messages.ts'
import { may } from '../../staff/permission.ts'
import { refusalIn } from '../answers.ts'
import { address } from './address.ts'
import { flawTexts } from './flaw-text.ts'
import { type Html, html, type Piece } from './html.ts'
import { notice } from './notice.ts'
import type { Visit } from './visit.ts'
import { dayText, money } from './wording.ts'

/** A refusal as a verb gives it: its code, and facts beside it. */
export type Refused = { readonly refused: string; readonly [fact: string]: unknown }

/** A refusal in words: what is the matter, the facts of it, and what to do next. */
export function refusalNotice(
  visit: Visit,
  refusal: object & { readonly refused: string },
  more?: Html,
): Html {
  const { title, next } = wordsOf(visit, refusal.refused)
  const facts = refusalFacts(visit, refusal as Refused)
  return notice(visit, 'bad', { title, body: html`${facts && html`<p>${facts}</p>`}<p>${next}</p>${more}` })
}

/** Where a person with a form needs other words than a program with a header, they are `refused.on-page.<code>`. */
function wordsOf({ say, who }: Visit, code: string): { readonly title: string; readonly next: string } {
  const [title, next] = [`refused.on-page.${code}`, `refused.on-page.${code}.next`]
  if (isMessageId(title) && isMessageId(next)) return { title: say(title), next: say(next) }
  return refusalIn(say, code, { mayOverride: may(who, 'override') })
}

/** The facts of a refusal as a sentence; who has a copy is told to staff only. */
export function refusalFacts(visit: Visit, refusal: Refused): Piece {
  const { say } = visit
  switch (refusal.refused) {
    case 'patron-blocked':
      return fact(refusal, 'because', (because) =>
        say('fact.patron-blocked', { because: html`<bdi>${because}</bdi>` }),
      )
    case 'patron-owes':
      return amount(refusal, 'cents', (cents) => say('fact.owes', { amount: money(visit, cents) }))
    case 'patron-expired':
      return fact(refusal, 'expiresOn', (on) => say('fact.patron-expired', { day: dayText(visit, on) }))
    case 'patron-merged':
      return mergedAway(visit, refusal)
    case 'patron-unknown':
      return fact(refusal, 'card', (card) => say('fact.patron-unknown', { card: html`<bdi>${card}</bdi>` }))
    case 'version-stale':
      return fact(refusal, 'card', (card) => say('fact.version-stale', { card: html`<bdi>${card}</bdi>` }))
    case 'loan-limit':
      return amount(refusal, 'limit', (count) => say('fact.loan-limit', { count }))
    case 'hold-limit':
      return amount(refusal, 'limit', (count) => say('fact.hold-limit', { count }))
    case 'copy-on-loan':
      return onLoan(visit, refusal)
    case 'more-than-owed':
      return amount(refusal, 'owesCents', (cents) => say('fact.owes', { amount: money(visit, cents) }))
    case 'sign-in-too-often':
      return amount(refusal, 'retryAfterSeconds', (seconds) => {
        return say('fact.try-again', { minutes: Math.max(1, Math.ceil(seconds / 60)) })
      })
    case 'fields-invalid':
      return problems(visit, refusal)
    default:
      return undefined
  }
}

function mergedAway(visit: Visit, { mergedInto }: Refused): Piece {
  if (visit.who?.kind !== 'staff' || typeof mergedInto !== 'string') return undefined
  const to = visit.address.startsWith('/desk')
    ? address('/desk', { card: mergedInto })
    : address('/patrons', { query: mergedInto })
  return visit.say('fact.merged', {
    card: html`<bdi>${mergedInto}</bdi>`,
    link: (inside) => html`<a href="${to}">${inside}</a>`,
  })
}

function onLoan(visit: Visit, refusal: Refused): Html {
  const due = typeof refusal.dueAt === 'string' ? refusal.dueAt : undefined
  const until = due && html` ${visit.say('fact.due', { day: dayText(visit, due) })}`
  if (refusal.toSamePatron === true) return html`${visit.say('fact.same-patron')}${until}`
  const to = refusal.lentTo as { card?: unknown; name?: unknown } | undefined
  if (visit.who?.kind !== 'staff' || typeof to?.card !== 'string') return html`${until}`
  const { card, name } = to
  const lentTo = visit.say('fact.lent-to', {
    name: html`<bdi>${String(name ?? card)}</bdi>`,
    card: html`<bdi>${card}</bdi>`,
    link: (inside) => html`<a href="${address('/desk', { card })}">${inside}</a>`,
  })
  return html`${lentTo}${until}`
}

/** What was wrong with fields, as one line each. */
function problems(visit: Visit, refusal: Refused): Html {
  return html`${Object.values(flawTexts(visit, refusal)).map((each) => html`${each} `)}`
}

function fact(refusal: Refused, name: string, words: (text: string) => Piece): Piece {
  const value = refusal[name]
  return typeof value === 'string' && value ? words(value) : undefined
}

function amount(refusal: Refused, name: string, words: (number: number) => Piece): Piece {
  const value = refusal[name]
  return typeof value === 'number' ? words(value) : undefined
}
