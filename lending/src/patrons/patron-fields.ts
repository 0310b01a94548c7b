import { Temporal } from 'temporal-polyfill'
import type { Flaw, Flaws } from '../language/flaw.ts'
import { isDay, isEmail, plainTexts, type TextLimits } from '../text.ts'

/** What is kept about a patron as text, and how much of it. */
export const patronTexts = {
  card: { max: 64, label: 'card', required: true },
  givenName: { max: 100, label: 'given-name' },
  familyName: { max: 100, label: 'family-name' },
  email: { max: 254, label: 'email' },
  phone: { max: 50, label: 'phone' },
  address: { max: 500, label: 'address', lines: true },
  note: { max: 2_000, label: 'note', lines: true },
} as const satisfies Readonly<Record<string, TextLimits>>

/** The fields of a patron that anyone at a desk may type. */
export type PatronFields = { readonly [Name in keyof typeof patronTexts]?: string } & {
  /** The last day of the card, `YYYY-MM-DD`. */
  readonly expiresOn?: string
}

/** What is wrong with what was asked, by field. */
export type FieldsInvalid = {
  readonly refused: 'fields-invalid'
  readonly problems: Flaws
}

/** The fields in the form in which they are kept, or all that is wrong with them. */
export function checkedFields(fields: PatronFields): { readonly fields: PatronFields } | FieldsInvalid {
  const checked = plainTexts(patronTexts, fields)
  const problems: Record<string, Flaw> = checked.ok ? {} : { ...checked.problems }
  const texts = checked.ok ? checked.texts : {}
  if (texts.email && !isEmail(texts.email)) problems.email = { flaw: 'not-address', label: 'email' }
  if (fields.expiresOn !== undefined && !isDay(fields.expiresOn)) {
    problems.expiresOn = { flaw: 'expiry-not-day' }
  }
  if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
  return { fields: fields.expiresOn === undefined ? texts : { ...texts, expiresOn: fields.expiresOn } }
}

/** Whether a patron may be called so: one name is enough, and some people have only one. */
export function hasName({ givenName = '', familyName = '' }: PatronFields): boolean {
  return givenName !== '' || familyName !== ''
}

const cardYears = 1

/** The last day of a card that is made on this day: a year later. */
export function expiryAfter(day: string): string {
  return Temporal.PlainDate.from(day).add({ years: cardYears }).toString()
}
