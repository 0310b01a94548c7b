import { may } from '../../staff/permission.ts'
import { answerTo, overrideAdvice } from '../answers.ts'
import { address } from './address.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { type Visit, zoneOf } from './visit.ts'
import { counted, dayText, money } from './wording.ts'

/** A refusal as a verb gives it: its code, and facts beside it. */
export type Refused = { readonly refused: string; readonly [fact: string]: unknown }

/** Where a person with a form needs other words than a program with a header. */
const pageWords: Readonly<Record<string, { readonly title: string; readonly next: string }>> = {
  'key-reused': {
    title: 'This form was sent before, with something else in it.',
    next: 'What was sent first has its answer. If this is to be done as well, send it again from here.',
  },
}

/** A refusal in words: what is the matter, the facts of it, and what to do next. */
export function refusalNotice(
  visit: Visit,
  refusal: object & { readonly refused: string },
  more?: Html,
): Html {
  const { title, next } = pageWords[refusal.refused] ?? answerTo(refusal.refused)
  const facts = refusalFacts(visit, refusal as Refused)
  const advice = may(visit.who, 'override') ? next.replace(overrideAdvice, '').trim() : next
  return notice('bad', { title, body: html`${facts && html`<p>${facts}</p>`}<p>${advice}</p>${more}` })
}

/** The facts of a refusal as a sentence; who has a copy is told to staff only. */
export function refusalFacts(visit: Visit, refusal: Refused): Html | undefined {
  switch (refusal.refused) {
    case 'patron-blocked':
      return fact(refusal, 'because', (because) => html`The reason given: <bdi>${because}</bdi>`)
    case 'patron-owes':
      return amount(refusal, 'cents', (cents) => html`Owed now: ${money(visit, cents)}.`)
    case 'patron-expired':
      return fact(refusal, 'expiresOn', (on) => html`It was valid until ${dayText(on, 'UTC')}.`)
    case 'patron-merged':
      return mergedAway(visit, refusal)
    case 'patron-unknown':
      return fact(refusal, 'card', (card) => html`It was card <bdi>${card}</bdi>.`)
    case 'version-stale':
      return fact(refusal, 'card', (card) => html`It is the record with card <bdi>${card}</bdi>.`)
    case 'loan-limit':
      return amount(refusal, 'limit', (limit) => html`The rule allows ${counted(limit, 'loan')} at a time.`)
    case 'hold-limit':
      return amount(refusal, 'limit', (limit) => html`The rule allows ${counted(limit, 'hold')} at a time.`)
    case 'copy-on-loan':
      return onLoan(visit, refusal)
    case 'more-than-owed':
      return amount(refusal, 'owesCents', (cents) => html`Owed now: ${money(visit, cents)}.`)
    case 'sign-in-too-often':
      return amount(refusal, 'retryAfterSeconds', (seconds) => {
        return html`Try again in ${counted(Math.max(1, Math.ceil(seconds / 60)), 'minute')}.`
      })
    case 'fields-invalid':
      return problems(refusal.problems)
    default:
      return undefined
  }
}

function mergedAway(visit: Visit, { mergedInto }: Refused): Html | undefined {
  if (visit.who?.kind !== 'staff' || typeof mergedInto !== 'string') return undefined
  const to = visit.address.startsWith('/desk')
    ? address('/desk', { card: mergedInto })
    : address('/patrons', { query: mergedInto })
  return html`It leads to <a href="${to}">card <bdi>${mergedInto}</bdi></a> now.`
}

function onLoan(visit: Visit, refusal: Refused): Html {
  const due = typeof refusal.dueAt === 'string' ? refusal.dueAt : undefined
  const until = due && html` Due ${dayText(due, zoneOf(visit))}.`
  if (refusal.toSamePatron === true) return html`This patron has it already.${until}`
  const to = refusal.lentTo as { card?: unknown; name?: unknown } | undefined
  if (visit.who?.kind !== 'staff' || typeof to?.card !== 'string') return html`${until}`
  return html`<bdi>${String(to.name ?? to.card)}</bdi> has it
    (<a href="${address('/desk', { card: to.card })}">card <bdi>${to.card}</bdi></a>).${until}`
}

/** What was wrong with fields, as one line each. */
export function problems(found: unknown): Html | undefined {
  if (typeof found !== 'object' || found === null) return undefined
  const lines = Object.values(found).filter((each) => typeof each === 'string')
  return html`${lines.map((each) => html`${each} `)}`
}

function fact(refusal: Refused, name: string, words: (text: string) => Html): Html | undefined {
  const value = refusal[name]
  return typeof value === 'string' && value ? words(value) : undefined
}

function amount(refusal: Refused, name: string, words: (number: number) => Html): Html | undefined {
  const value = refusal[name]
  return typeof value === 'number' ? words(value) : undefined
}
