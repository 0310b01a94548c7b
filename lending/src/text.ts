import { Temporal } from 'temporal-polyfill'
import type { Flaw, FlawId, Flaws, LabelId } from './language/flaw.ts'

/** What a text field may hold. */
export type TextLimits = {
  /** The most characters (code points, after normalising). */
  readonly max: number
  /** What the field is called where people see it. */
  readonly label: LabelId
  /** Whether the text may have several lines. Default: no. */
  readonly lines?: boolean
  /** Whether it must not be empty. Default: it may be. */
  readonly required?: boolean
}

/** The text in the form in which it is kept, or what is wrong with it. */
export type CheckedText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: Flaw }

/**
 * Checks what a person typed and gives it in one form: NFC, without space around it, lines ending in `\n`.
 * Control characters (NUL too), halves of characters and more than `max` characters are a problem.
 */
export function plainText(
  value: unknown,
  { max, label, lines = false, required = false }: TextLimits,
): CheckedText {
  const flawed = (flaw: FlawId): CheckedText => ({ ok: false, problem: { flaw, label } })
  const tooLong: CheckedText = { ok: false, problem: { flaw: 'too-long', label, values: { max } } }
  if (typeof value !== 'string') return flawed('not-text')
  // Refused before any work that grows with it; no character is longer than four before normalising.
  if (value.length > max * 4 + 1_000) return tooLong
  if (!value.isWellFormed()) return flawed('half-character')
  const isAscii = /^[ -~]*$/.test(value)
  const text = (isAscii ? value : value.normalize('NFC').replaceAll('\r\n', '\n')).trim()
  if (!isAscii && hasControlCharacter(lines ? text.replaceAll('\n', '') : text)) {
    return flawed(lines ? 'control-character' : 'control-or-break')
  }
  // Text has no more characters than units.
  if (text.length > max && characters(text) > max) return tooLong
  if (required && text === '') return flawed('empty')
  return { ok: true, text }
}

/** Whether the text holds a control character (Unicode category Cc) or a line or paragraph separator. */
export function hasControlCharacter(text: string): boolean {
  return /[\p{Cc}\u2028\u2029]/u.test(text)
}

/** How many characters (code points) the text has. */
export function characters(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Whether the text could be an address for mail: something, one `@`, something with a dot or a host's name. */
export function isEmail(text: string): boolean {
  return /^[^\s@<>(),;:"]{1,64}@[^\s@<>(),;:"]{1,253}$/u.test(text)
}

/** Whether the text is a day of the calendar from 1900 to 2999, as `2030-12-31`. */
export function isDay(text: string): boolean {
  if (!/^(?:19|2\d)\d\d-\d\d-\d\d$/.test(text)) return false
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text
  } catch {
    return false
  }
}

/**
 * Checks several fields at once: the texts by name, or every problem found, by name. A field that is absent
 * (undefined) stays absent.
 */
export function plainTexts<Name extends string>(
  limits: Readonly<Record<Name, TextLimits>>,
  values: Readonly<Partial<Record<NoInfer<Name>, unknown>>>,
):
  | { readonly ok: true; readonly texts: Partial<Record<Name, string>> }
  | { readonly ok: false; readonly problems: Flaws } {
  const texts: Partial<Record<Name, string>> = {}
  const problems: Record<string, Flaw> = {}
  for (const name of Object.keys(limits) as Name[]) {
    if (values[name] === undefined) continue
    const checked = plainText(values[name], limits[name])
    if (checked.ok) texts[name] = checked.text
    else problems[name] = checked.problem
  }
  return Object.keys(problems).length > 0 ? { ok: false, problems } : { ok: true, texts }
}

/** The same text, beginning with a capital where its script has them. */
export function sentenceCase(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
