import type { Component, Day, Verdict } from '../summary.ts'
import { type Markup, markup } from './markup.ts'
import { dayText } from './moments.ts'
import { counted, lengthText, tellings } from './words.ts'

/**
 * The bars of the days of a component, and in words those on which it was not simply well. The bars are one picture
 * to a screen reader; a bar tells its day to the mouse, and the words tell it to everybody.
 */
export function dayBars({ days }: Pick<Component, 'days'>): Markup {
  const troubled = days.filter(({ worst }) => worst !== 'operational' && worst !== 'unknown')
  const isMeasured = days.some(({ worst }) => worst !== 'unknown')
  const said = isMeasured
    ? `${counted(days.length, 'day')}, ${troubled.length === 0 ? 'none' : troubled.length} with trouble or planned work`
    : `${counted(days.length, 'day')}, none measured`
  return markup`<div class="days" role="img" aria-label="${said}">${days.map(
    (day) => markup`<i${classOf(day.worst)} title="${dayTelling(day)}"></i>`,
  )}</div>`
}

/** In words, the days that are not simply well; nothing where all are. */
export function daysInWords({ days }: Pick<Component, 'days'>): Markup | null {
  const lines = remarkable(days)
  if (lines.length === 0) return null
  return markup`<details><summary>Day by day</summary><ul class="day-list">${lines
    .toReversed()
    .map((line) => markup`<li>${line}</li>`)}</ul></details>`
}

/** Most days are well: theirs is the bar without a class. */
function classOf(worst: Verdict): Markup | null {
  return worst === 'operational' ? null : markup` class="${tellings[worst].tone}"`
}

/** `28 Nov: partial outage 12 min, degraded 3 min`. */
function dayTelling(day: Day): string {
  const parts = [
    ['major outage', day.majorMs],
    ['partial outage', day.partialMs],
    ['degraded', day.degradedMs],
    ['maintenance', day.maintenanceMs],
    ['unknown', day.unknownMs],
  ] as const
  const told = parts.flatMap(([word, ms]) => (ms > 0 ? [`${word} ${lengthText(ms)}`] : []))
  const isPlain = day.worst === 'unknown' && told.length <= 1
  if (isPlain) return `${dayText(day.day)}: unknown`
  if (day.worst === 'operational') told.unshift('operational')
  return `${dayText(day.day)}: ${told.length > 0 ? told.join(', ') : tellings[day.worst].word.toLowerCase()}`
}

/** Days in words, oldest first; days in a row of which nothing is known are one line. */
function remarkable(days: readonly Day[]): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < days.length; at++) {
    const day = days[at] as Day
    if (day.worst === 'operational') continue
    const end = day.worst === 'unknown' ? lastUnknown(days, at) : at
    const last = days[end] as Day
    if (end > at) lines.push(`${dayText(day.day)} to ${dayText(last.day)}: unknown`)
    else lines.push(dayTelling(day))
    at = end
  }
  return lines
}

function lastUnknown(days: readonly Day[], from: number): number {
  const next = days.findIndex(({ worst }, index) => index > from && worst !== 'unknown')
  return next === -1 ? days.length - 1 : next - 1
}
