import { randomUUIDv7 } from 'node:crypto'

/** Of the last id: its milliseconds as they are written, and how many came before it in them. */
let milliseconds = ''
let count = 0
/** The field of twelve bits that RFC 9562 (6.2, method 1) lets be a counter. */
const countMax = 0xfff

/**
 * A UUIDv7 greater than the one before it in this thread, so that entries stand in the order of their writing: within a
 * millisecond too, and while the clock is set back. When a millisecond is full, the next one is taken.
 */
export function nextJournalId(made: string = randomUUIDv7()): string {
  const now = made.slice(0, 13)
  count += 1
  if (now > milliseconds || count > countMax) {
    milliseconds = now > milliseconds ? now : next(milliseconds)
    count = 0
  }
  return `${milliseconds}-7${count.toString(16).padStart(3, '0')}${made.slice(18)}`
}

function next(hex: string): string {
  const digits = (Number.parseInt(hex.replace('-', ''), 16) + 1).toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}`
}
