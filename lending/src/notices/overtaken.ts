import { type Facts, type Kind, kinds } from './kinds.ts'

/** How things are when a notice is about to be sent. Days are `YYYY-MM-DD`, by the clock of the branch. */
export type Present = {
  readonly today: string
  readonly loanIsOpen: boolean
  readonly dueOn: string | null
  readonly holdState: string | null
  readonly shelfUntil: string | null
  readonly cardExpiresOn: string
  /** Whether the patron wants notices of this kind. */
  readonly isWanted: boolean
  /** How old the notice is, without the time that sending stood still. */
  readonly ageMs: number
}

/** Why a notice is not sent, for ever (`void`) or until a person says so (`dead`). */
export type NotSent = { readonly state: 'void' | 'dead'; readonly because: string }

/** Says why a notice is not true any more or too old to be sent unasked; undefined when it may go. */
export function whyNotSent(kind: Kind, facts: Facts, present: Present): NotSent | undefined {
  if (!present.isWanted) return { state: 'void', because: 'not-wanted' }
  const overtaken = overtakenBy[kind](facts, present)
  if (overtaken !== undefined) return { state: 'void', because: overtaken }
  if (present.ageMs > kinds[kind].keepsMs) return { state: 'dead', because: 'stale' }
  return undefined
}

type Rule = (facts: Facts, present: Present) => string | undefined

const stillTrue: Rule = () => undefined

const overtakenBy: Readonly<Record<Kind, Rule>> = {
  'hold-ready': (_, { holdState, shelfUntil, today }) => {
    if (holdState !== 'on-shelf') return 'hold-not-on-shelf'
    return shelfUntil !== null && shelfUntil < today ? 'past' : undefined
  },
  'hold-expired': stillTrue,
  'loan-receipt': stillTrue,
  'return-receipt': stillTrue,
  'due-soon': (facts, present) => {
    if (!present.loanIsOpen) return 'returned'
    if (present.dueOn !== facts.dueOn) return 'due-date-moved'
    return present.dueOn < present.today ? 'past' : undefined
  },
  overdue: (facts, present) => {
    if (!present.loanIsOpen) return 'returned'
    return present.dueOn === facts.dueOn ? undefined : 'due-date-moved'
  },
  'card-expiring': (facts, present) => {
    if (present.cardExpiresOn !== facts.expiresOn) return 'card-extended'
    return present.cardExpiresOn < present.today ? 'past' : undefined
  },
}
