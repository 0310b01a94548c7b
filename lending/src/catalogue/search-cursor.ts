import { createHash } from 'node:crypto'

/** The place of a title in the order of an answer: after it the next page begins. */
export type Place = {
  readonly rank: number
  readonly loans: number
  readonly year: number
  readonly titleId: number
}

/**
 * Writes a place as an opaque cursor that is good for this question only. The seal finds slips and meddling; it
 * keeps no secret, for a place reveals nothing that the same search does not show.
 */
export function cursorAt(place: Place, question: unknown): string {
  const body = [place.rank, place.loans, place.year, place.titleId].join('.')
  return Buffer.from(`${body}.${seal(body, question)}`).toString('base64url')
}

/** Reads a cursor back, or gives undefined when it is none of ours or belongs to another question. */
export function placeOf(cursor: string, question: unknown): Place | undefined {
  if (cursor.length > cursorLengthMax || !/^[\w-]+$/.test(cursor)) return undefined
  const parts = Buffer.from(cursor, 'base64url').toString('latin1').split('.')
  const numbers = parts.slice(0, -1).map(Number)
  const [rank, loans, year, titleId] = numbers
  if (numbers.length !== 4 || !numbers.every(Number.isSafeInteger)) return undefined
  if (rank === undefined || loans === undefined || year === undefined || titleId === undefined)
    return undefined
  const place = { rank, loans, year, titleId }
  return cursorAt(place, question) === cursor ? place : undefined
}

const cursorLengthMax = 200
/** Changes when the order does, so that a cursor from before an upgrade is refused and not misread. */
const orderVersion = 1

function seal(body: string, question: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([orderVersion, body, question]))
    .digest('base64url')
    .slice(0, 16)
}
