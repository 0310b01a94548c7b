import { randomUUIDv7 } from 'node:crypto'

/** Of the last id: its milliseconds as they are written, and how many came before it in them. */
let milliseconds = ''
let count = 0
/** The field of twelve bits that RFC 9562 (6.2, method 1) lets be a counter. */
const countMax = 0xfff

/**
 * A UUIDv7 greater than the one before it in this process, so that entries stand in the order of their writing, within a
 * millisecond too and while the clock is set back; past 4,096 of them in one such moment the order is the clock's.
 */
export function nextJournalId(made: string = randomUUIDv7()): string {
  const now = made.slice(0, 13)
  count = now > milliseconds || count === countMax ? 0 : count + 1
  if (count === 0) milliseconds = now
  return `${milliseconds}-7${count.toString(16).padStart(3, '0')}${made.slice(18)}`
}
