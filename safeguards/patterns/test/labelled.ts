import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** An expression of which is known what V8 does with it, and by which text. */
export type Labelled = {
  readonly pattern: string
  readonly flags: string
  readonly label: 'safe' | 'vulnerable' | 'disputed'
  readonly attack?: { readonly prefix: string; readonly pump: string; readonly suffix: string }
}

const file = fileURLToPath(new URL('../../../../shared/data/patterns/labelled.json', import.meta.url))

/** The expressions, or the sentence to skip with where they are not on this machine. */
export function labelled(): { expressions: readonly Labelled[]; skip: false | string } {
  if (!existsSync(file))
    return { expressions: [], skip: 'the labelled expressions of ../shared/data are not here' }
  return { expressions: JSON.parse(readFileSync(file, 'utf8')), skip: false }
}

/** The attack, its repeated part grown until the text has so many characters. */
export function grown({ prefix, pump, suffix }: NonNullable<Labelled['attack']>, characters: number): string {
  return (
    prefix +
    pump.repeat(Math.max(1, Math.ceil((characters - prefix.length - suffix.length) / pump.length))) +
    suffix
  )
}

/** The expression itself, to be run where it can be stopped. */
export function expression({ pattern, flags }: Labelled): RegExp {
  return new RegExp(pattern, flags)
}

/** What a registration can say about the flags: g and y are about where to go on, and Unicode is always on. */
export function flagsToRegister({ flags }: Labelled): string {
  return [...flags].filter((flag) => !'gyu'.includes(flag)).join('')
}
