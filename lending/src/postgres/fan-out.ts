import type { DatabaseError } from 'pg'
import { sqlState } from './pool.ts'

/** What is counted, in the order of `rows_changed` in the third migration. */
export const fanOutNouns = ['loan', 'hold', 'copy', 'title', 'patron', 'fine_line', 'notice'] as const

/** A table whose rows one write may change only so many of. */
export type FanOutNoun = (typeof fanOutNouns)[number]

/**
 * How many rows one input may change at most, for a verb that is large by nature, and why it is. What is not named
 * may change `fewRows`.
 */
export type FanOut = Readonly<Partial<Record<FanOutNoun, number>>> & { readonly because: string }

/** A desk's verb changes one of each, seldom a few: more is a mistake in the code. */
export const fewRows = 10

/** The bounds of a verb as the server reads them. */
export function boundsOf(fanOut: FanOut | undefined): string {
  return fanOut === undefined ? few : arrayOf(fanOut)
}

const few = arrayOf({})

function arrayOf(fanOut: Partial<FanOut>): string {
  return `{${fanOutNouns.map((noun) => fanOut[noun] ?? fewRows).join(',')}}`
}

/** A noun of which too many rows were changed: how many, and how many may be. */
export type TooMany = { readonly noun: FanOutNoun; readonly changed: number; readonly bound: number }

const tooManyCode = 'BB012'

/** What a write changed too much of, when that is why the server refused it. */
export function tooMany(error: unknown, fanOut: FanOut | undefined): readonly TooMany[] | undefined {
  if (sqlState(error) !== tooManyCode) return undefined
  const over = ((error as DatabaseError).detail ?? '').slice(1, -1).split(',').map(Number)
  return fanOutNouns.flatMap((noun, at) => {
    const bound = fanOut?.[noun] ?? fewRows
    const beyond = over[at] ?? 0
    return beyond > 0 ? [{ noun, changed: bound + beyond, bound }] : []
  })
}

/** As a sentence: `It would have changed 5000 rows of loan, where it may change 10.` */
export function tooManyInWords(found: readonly TooMany[]): string {
  const parts = found.map(
    ({ noun, changed, bound }) => `${changed} rows of ${noun}, where it may change ${bound}`,
  )
  return `It would have changed ${parts.join('; ')}.`
}
