import type { Config } from '../config/config.ts'
import { nearest } from '../config/nearest.ts'
import { StatusError } from '../status-error.ts'
import type { Voice } from '../watch/voice.ts'

/** What a command is given beside its words. */
export type Given = Voice & { readonly signal: AbortSignal }
/** What was typed after the verb. */
export type Typed = {
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
}
/** A command that was found, with its settings: does it and gives the exit code. */
export type Command = (given: Given, typed: Typed, config: () => Config) => Promise<number> | number

/** The refusal of a word that is not known. */
export function unknownWord(what: string, word: string, known: readonly string[]): StatusError {
  const meant = nearest(word, known)
  const shown = word.replaceAll(/\p{Cc}/gu, '?').slice(0, 60)
  const rest = meant ? ` Was ${meant} meant?` : ` There are: ${known.join(', ')}.`
  return new StatusError(
    'STATUS_USAGE',
    word === '' ? `Say which ${what}: ${known.join(', ')}.` : `There is no ${what} ${shown}.${rest}`,
  )
}
