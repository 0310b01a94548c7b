import { Temporal } from 'temporal-polyfill'
import { isDay, isEmail, plainTexts, type TextLimits } from '../text.ts'

/** What is kept about a patron as text, and how much of it. */
export const patronTexts = {
  card: { max: 64, label: 'Card', required: true },
  givenName: { max: 100, label: 'Given name' },
  familyName: { max: 100, label: 'Family name' },
  email: { max: 254, label: 'Email' },
  phone: { max: 50, label: 'Phone' },
  address: { max: 500, label: 'Address', lines: true },
  note: { max: 2_000, label: 'Note', lines: true },
} as const satisfies Readonly<Record<string, TextLimits>>

/** The fields of a patron that anyone at a desk may type. */
export type PatronFields = { readonly [Name in keyof typeof patronTexts]?: string } & {
  /** The last day of the card, `YYYY-MM-DD`. */
  readonly expiresOn?: string
}

/** What is wrong with what was asked, in words, by field. */
export type FieldsInvalid = {
  readonly refused: 'fields-invalid'
  readonly problems: Readonly<Record<string, string>>
}

/** The fields in the form in which they are kept, or all that is wrong with them. */
export function checkedFields(fields: PatronFields): { readonly fields: PatronFields } | FieldsInvalid {
  const checked = plainTexts(patronTexts, fields)
  const problems: Record<string, string> = checked.ok ? {} : { ...checked.problems }
  const texts = checked.ok ? checked.texts : {}
  if (texts.email && !isEmail(texts.email)) problems.email = 'Email does not look like an address.'
  if (fields.expiresOn !== undefined && !isDay(fields.expiresOn)) {
    problems.expiresOn = 'Expiry must be a day, as 2030-12-31.'
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
