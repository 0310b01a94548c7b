import { dateFormat, numberFormat } from '../language/formats.ts'
import { type Facts, type Kind, kindNames } from './kinds.ts'

/** What a letter of one kind says. Words in braces stand for what is known of the patron and the things told. */
export type Template = {
  readonly subject: string
  readonly body: string
  /** One line for each thing; together they are `{items}` of the body. */
  readonly item: string
}

/** What may stand in braces, in which part of a template, and what it becomes. */
export const placeholders = {
  text: {
    name: 'the patron’s name',
    givenName: 'the patron’s given name, or the name if there is only one',
    library: 'the name of the library',
    branch: 'the branch of the first thing, or the patron’s',
    titles: 'the first title, and how many more there are',
    count: 'how many things are told',
    items: 'a line for each thing',
    due: 'the day that the first thing is due',
    until: 'the last day of the first thing on the hold shelf',
    expires: 'the last day of the card',
  },
  item: {
    title: 'the title',
    branch: 'the branch',
    due: 'the day that it is due',
    until: 'the last day on the hold shelf',
    fine: 'what the return cost',
  },
} as const

const closing = '\n\n{library}\n'
const hello = 'Dear {name},\n\n'

/** What Bibby says where the library has not written its own. */
export const defaultTemplates: Readonly<Record<Kind, Template>> = {
  'hold-ready': {
    subject: 'Ready for you: {titles}',
    body: `${hello}What you asked for is on the hold shelf:\n\n{items}\n\nPlease bring your card. What nobody fetches by its last day goes to the next reader.${closing}`,
    item: '- {title}: at {branch}, until {until}',
  },
  'hold-expired': {
    subject: 'No longer kept for you: {titles}',
    body: `${hello}These were on the hold shelf, and nobody fetched them in time:\n\n{items}\n\nIf you still want to read them, place a new hold.${closing}`,
    item: '- {title}',
  },
  'loan-receipt': {
    subject: 'You borrowed {titles}',
    body: `${hello}You borrowed:\n\n{items}\n\nYou asked for receipts; your account page ends them.${closing}`,
    item: '- {title}, due {due}',
  },
  'return-receipt': {
    subject: 'You returned {titles}',
    body: `${hello}We took back:\n\n{items}\n\nYou asked for receipts; your account page ends them.${closing}`,
    item: '- {title}, fine {fine}',
  },
  'due-soon': {
    subject: 'Due soon: {titles}',
    body: `${hello}These are due back soon:\n\n{items}\n\nYou can renew them on your account page unless another reader waits.${closing}`,
    item: '- {title}, due {due}',
  },
  overdue: {
    subject: 'Overdue: {titles}',
    body: `${hello}These should be back already:\n\n{items}\n\nPlease bring them back. If you have returned them in the last hours, this letter has crossed them.${closing}`,
    item: '- {title}, was due {due}',
  },
  'card-expiring': {
    subject: 'Your library card ends on {expires}',
    body: `${hello}Your library card is good until {expires}. At any desk we renew it.${closing}`,
    item: '',
  },
}

/** The most characters of each part. */
export const templateMax = { subject: 200, body: 10_000, item: 500 } as const

/** The words in braces that no text knows, in this part: none, or the template is refused. */
export function unknownPlaceholders(part: keyof Template, text: string): readonly string[] {
  const known = Object.keys(part === 'item' ? placeholders.item : placeholders.text)
  const usable = part === 'subject' ? known.filter((name) => name !== 'items') : known
  return [...text.matchAll(inBraces)].map(([, name = '']) => name).filter((name) => !usable.includes(name))
}

/** A placeholder: what stands in braces, if it is a word. */
const inBraces = /\{([A-Za-z]{1,40})\}/g

/** Whom a letter is for, and what it tells. */
export type Telling = {
  readonly givenName: string
  readonly familyName: string
  readonly library: string
  readonly branch: string
  readonly items: readonly Facts[]
  /** BCP 47. */
  readonly language: string
  /** ISO 4217. */
  readonly currency: string
}

/** A letter as it goes out: plain text, and the same as simple HTML. */
export type LetterText = { readonly subject: string; readonly text: string; readonly html: string }

/** No letter names more things one by one. */
const itemsMax = 200

/** Fills a template in. What it puts in is text: nothing of it is read as a placeholder again. */
export function fillIn(template: Template, telling: Telling): LetterText {
  const { givenName, familyName, items } = telling
  const name = [givenName, familyName].filter(Boolean).join(' ')
  const first = items[0] ?? {}
  const lines = items.slice(0, itemsMax).map((facts) => filled(template.item, itemWords(facts, telling)))
  if (items.length > itemsMax) lines.push(`+ ${items.length - itemsMax}`)
  const words = {
    ...itemWords(first, telling),
    name,
    givenName: givenName || name,
    library: telling.library,
    titles: titlesOf(items),
    count: String(items.length),
    items: lines.join('\n'),
  }
  const subject = filled(template.subject, words).replaceAll(/\s+/g, ' ').trim()
  const text = filled(template.body, words)
  return { subject: [...subject].slice(0, subjectMax).join(''), text, html: htmlOf(text) }
}

/** Longer subjects are cut by many a mail program. */
const subjectMax = 200

function itemWords(facts: Facts, { branch, language, currency }: Telling): Readonly<Record<string, string>> {
  const day = (text: string | undefined) => (text === undefined ? '' : dayIn(language, text))
  return {
    title: facts.title ?? '',
    branch: facts.branch ?? branch,
    due: day(facts.dueOn),
    until: day(facts.until),
    expires: day(facts.expiresOn),
    fine:
      facts.fineCents === undefined
        ? ''
        : numberFormat(language, { style: 'currency', currency }).format(facts.fineCents / 100),
  }
}

function titlesOf(items: readonly Facts[]): string {
  const title = `“${items[0]?.title ?? ''}”`
  return items.length > 1 ? `${title} + ${items.length - 1}` : title
}

function dayIn(language: string, day: string): string {
  return dateFormat(language, { dateStyle: 'full', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))
}

function filled(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(inBraces, (whole, name: string) =>
    Object.hasOwn(words, name) ? (words[name] ?? '') : whole,
  )
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function htmlOf(text: string): string {
  const escaped = text.replaceAll(/[&<>"']/g, (letter) => escapes[letter] ?? letter)
  const paragraphs = escaped.trim().split(/\n{2,}/)
  return paragraphs.map((paragraph) => `<p>${paragraph.replaceAll('\n', '<br>\n')}</p>`).join('\n')
}

/** What each kind would say about a reader who does not exist: for the page where templates are written. */
export function sampleTelling(kind: Kind): Telling {
  const items: Readonly<Record<Kind, readonly Facts[]>> = {
    'hold-ready': [{ title: 'Emma', branch: 'Main', until: '2030-03-15' }],
    'hold-expired': [{ title: 'Emma', branch: 'Main' }],
    'loan-receipt': [
      { title: 'Emma', dueOn: '2030-03-29' },
      { title: 'Frankenstein', dueOn: '2030-03-29' },
    ],
    'return-receipt': [{ title: 'Emma', fineCents: 40 }],
    'due-soon': [{ title: 'Emma', dueOn: '2030-03-29' }],
    overdue: [{ title: 'Emma', dueOn: '2030-03-01' }],
    'card-expiring': [{ expiresOn: '2030-12-31' }],
  }
  const sample = { givenName: 'Ada', familyName: 'Reader', library: 'The Library', branch: 'Main' }
  return { ...sample, items: items[kind], language: 'en', currency: 'EUR' }
}

/** The templates in force: the library's own, and Bibby's for the rest. */
export function inForce(own: Readonly<Partial<Record<Kind, Template>>>): Readonly<Record<Kind, Template>> {
  return Object.fromEntries(kindNames.map((kind) => [kind, own[kind] ?? defaultTemplates[kind]])) as never
}
