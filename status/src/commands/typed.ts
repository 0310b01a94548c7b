import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { bounds } from '../incidents/incident.ts'
import { StatusError } from '../status-error.ts'
import { type Typed, unknownWord } from './given.ts'

/** A text that must be given, within its bounds. `-` stands for the input. */
export function textOf({ options }: Typed, name: 'title' | 'text'): string {
  const given = options[name]
  const raw = given === '-' ? readFileSync(0, 'utf8') : typeof given === 'string' ? given : ''
  const isLine = name === 'title'
  const text = (isLine ? raw.replaceAll(/\p{Cc}/gu, ' ') : raw.replaceAll(/[^\P{Cc}\n\t]/gu, '')).trim()
  if (text === '') throw refused(`--${name} is missing or empty: say what readers should know.`)
  if (text.length > bounds[name])
    throw refused(`--${name} has ${text.length} characters; at most ${bounds[name]} are taken.`)
  return text
}

/** The components that were named; unknown ones are refused with a guess. */
export function componentsOf({ options }: Typed, config: Config): string[] {
  const given = Array.isArray(options.component) ? options.component.map(String) : []
  const known = config.components.map(({ id }) => id)
  for (const id of given) {
    if (!known.includes(id)) throw refusedWord(id, known)
  }
  return [...new Set(given)]
}

/** One of these words, or the first when none was given. */
export function choiceOf<const W extends string>(
  { options }: Typed,
  name: string,
  words: readonly [W, ...W[]],
): W {
  const given = options[name]
  if (given === undefined) return words[0]
  const found = words.find((word) => word === given)
  if (found === undefined) throw unknownWord(name, String(given), words)
  return found
}

/** A moment, such as 2026-12-01T22:00Z; it must name its zone, so that nobody has to guess. */
export function momentOf({ options }: Typed, name: 'from' | 'to'): number {
  const given = String(options[name] ?? '')
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(given)
    ? Date.parse(given)
    : Number.NaN
  if (Number.isNaN(at))
    throw refused(
      `--${name} must be a time with its zone, such as 2026-12-01T22:00Z or 2026-12-01T23:00+01:00.`,
    )
  return at
}

/** The id that follows the verb. */
export function idOf({ words }: Typed, what: string): string {
  const id = words[1] ?? ''
  if (id === '') throw new StatusError('STATUS_USAGE', `Say which ${what}: its id, or how it begins.`)
  return id
}

/** A refusal: understood, and not done. */
export function refused(sentence: string): StatusError {
  return new StatusError('STATUS_REFUSED', sentence)
}

function refusedWord(id: string, known: readonly string[]): StatusError {
  return refused(unknownWord('component', id, known).message)
}
