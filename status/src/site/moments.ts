import { type Markup, markup } from './markup.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const longMonths = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const dayMs = 86_400_000

/** A moment as an element that the script of the page may tell in the reader's own time. */
export function moment(at: string): Markup {
  return markup`<time datetime="${at}">${momentText(at)}</time>`
}

/** `28 Nov 2026, 14:05 UTC`, or what was given where it is no moment. */
export function momentText(at: string): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return at
  return `${dayText(dayOf(at))} ${date.getUTCFullYear()}, ${date.toISOString().slice(11, 16)} UTC`
}

/** The day of a moment by UTC, `2026-11-28`. */
export function dayOf(at: string): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10)
}

/** `28 Nov` of `2026-11-28`. */
export function dayText(day: string): string {
  const [, month = '', date = ''] = day.split('-')
  return `${Number(date)} ${months[Number(month) - 1] ?? month}`
}

/** `November 2026`. */
export function monthText(day: string): string {
  const [year = '', month = ''] = day.split('-')
  return `${longMonths[Number(month) - 1] ?? month} ${year}`
}

/** The latest days up to that of the moment, newest first. */
export function latestDays(at: string, count: number): readonly string[] {
  const end = new Date(at).getTime()
  if (Number.isNaN(end)) return []
  return Array.from({ length: count }, (_, back) => new Date(end - back * dayMs).toISOString().slice(0, 10))
}

/** How long from one moment to another, in milliseconds. */
export function between(from: string, to: string): number {
  return new Date(to).getTime() - new Date(from).getTime()
}
