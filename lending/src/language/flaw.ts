import { inEnglish, isMessageId, type MessageId } from './messages.ts'
import { type Wording, worded } from './worded.ts'

type Named<Area extends string, Id = MessageId> = Id extends `${Area}.${infer Name}` ? Name : never

/**
 * What can be wrong with a field; the words are `flaw.<name>` among the messages. Refusals are recorded under these
 * names: a message that is renamed leaves what was recorded unsaid.
 */
export type FlawId = Named<'flaw'>

/** What a field is called where people see it; the words are `label.<name>` among the messages. */
export type LabelId = Named<'label'>

/**
 * What is wrong with one field. It holds no words, so that each reader hears it in their own language: a page that of
 * the visitor, a program English. It is plain, as it is recorded with the refusal.
 */
export type Flaw = {
  readonly flaw: FlawId
  /** The field, where the message names it. */
  readonly label?: LabelId
  /** What else the message names; a flaw within a flaw is said in its place. */
  readonly values?: Readonly<Record<string, string | number | Flaw>>
}

/** What is wrong with what was asked, by field. */
export type Flaws = Readonly<Record<string, Flaw>>

/** The flaw of a number that is none, or out of its bounds. */
export function notWhole({
  label,
  min,
  max,
}: {
  readonly label: LabelId
  readonly min: number
  readonly max: number
}): Flaw {
  return { flaw: 'not-whole', label, values: { min, max } }
}

/** Whether this is a flaw that there are words for. */
export function isFlaw(value: unknown): value is Flaw {
  if (typeof value !== 'object' || value === null || !('flaw' in value)) return false
  return typeof value.flaw === 'string' && isMessageId(`flaw.${value.flaw}`)
}

/** A flaw as an English sentence, for programs, logs and what is stored. A sentence stays: refusals of old hold those. */
export function flawInEnglish(flaw: Flaw | string): string {
  if (typeof flaw === 'string') return flaw
  const values = Object.entries(flaw.values ?? {}).map(([name, value]) => {
    return [name, typeof value === 'object' ? flawInEnglish(value) : value] as const
  })
  const label = inEnglish(`label.${flaw.label ?? 'the-field'}`)
  return inEnglish(`flaw.${flaw.flaw}`, { label, ...Object.fromEntries(values) })
}

/** Flaws as one text to be stored, for `readWords`. */
export function wordedFlaws(flaws: readonly Flaw[]): string {
  const [first, ...others] = flaws.map(wordingOf)
  if (first === undefined) return ''
  const { say, ...values } = others.reduce(
    (before, second) => ({ say: 'reject.both', first: before, second }),
    first,
  )
  return worded(say, values)
}

function wordingOf({ flaw, label, values = {} }: Flaw): Wording {
  const told = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'object' ? wordingOf(value) : value,
  ])
  return { say: `flaw.${flaw}`, label: { say: `label.${label ?? 'the-field'}` }, ...Object.fromEntries(told) }
}

/** The problems of a refusal with their flaws as English sentences; whatever else is in it stays. */
export function flawsInEnglish(problems: unknown): unknown {
  if (isFlaw(problems)) return flawInEnglish(problems)
  if (Array.isArray(problems)) return problems.map(flawsInEnglish)
  if (typeof problems !== 'object' || problems === null) return problems
  return Object.fromEntries(Object.entries(problems).map(([name, each]) => [name, flawsInEnglish(each)]))
}
