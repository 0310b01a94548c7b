/** What a patron may be told. */
export type Kind =
  | 'hold-ready'
  | 'hold-expired'
  | 'loan-receipt'
  | 'return-receipt'
  | 'due-soon'
  | 'overdue'
  | 'card-expiring'

/** What is known of a kind of notice. */
export type KindOfNotice = {
  /** Notices of one kind for one patron that come within so long go out in one letter. */
  readonly gatherMs: number
  /** After this long, not counting the time that sending stood still, it is not sent any more without being asked. */
  readonly keepsMs: number
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** Every kind of notice; people see it as the message `notice-kind.<kind>`. */
export const kinds: Readonly<Record<Kind, KindOfNotice>> = {
  'hold-ready': { gatherMs: minuteMs, keepsMs: 14 * dayMs },
  'hold-expired': { gatherMs: minuteMs, keepsMs: 7 * dayMs },
  'loan-receipt': { gatherMs: 3 * minuteMs, keepsMs: 7 * dayMs },
  'return-receipt': { gatherMs: 3 * minuteMs, keepsMs: 7 * dayMs },
  'due-soon': { gatherMs: 0, keepsMs: 7 * dayMs },
  overdue: { gatherMs: 0, keepsMs: 14 * dayMs },
  'card-expiring': { gatherMs: 0, keepsMs: 14 * dayMs },
}

/** The kinds in the order in which they are shown. */
export const kindNames = Object.keys(kinds) as readonly Kind[]

/** Whether a text names a kind. */
export function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text)
}

/** What may be known of one thing that a notice tells; which of it depends on the kind. Days are `YYYY-MM-DD`. */
export type Facts = {
  readonly title?: string
  readonly branch?: string
  /** The last day on the hold shelf. */
  readonly until?: string
  readonly dueOn?: string
  /** What a return cost. */
  readonly fineCents?: number
  /** The last day of the card. */
  readonly expiresOn?: string
}
