import { Temporal } from 'temporal-polyfill'

/** When a branch is open: its time zone, the weekdays that it never opens (1 is Monday), and its closed days. */
export type OpenDays = {
  readonly timeZone: string
  readonly closedWeekdays: readonly number[]
  /** `YYYY-MM-DD`. */
  readonly closedDays: readonly string[]
}

/** The day on the wall calendar of that place, `YYYY-MM-DD`. */
export function localDay(instant: Date, timeZone: string): string {
  const ms = instant.getTime()
  // Since 1972 clocks differ from UTC by whole minutes, so that all of a minute lies on one day.
  if (ms < wholeMinutesSinceMs) return calendarDay(ms, timeZone)
  const minute = Math.floor(ms / minuteMs)
  return remembered(`${minute} ${timeZone}`, localDays, () => calendarDay(minute * minuteMs, timeZone))
}

function calendarDay(epochMs: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone).toPlainDate().toString()
}

/** The last second of a day at that place. Where clocks go back over midnight, the later of the two. */
export function endOfDay(day: string, timeZone: string): Date {
  const lastMs = remembered(`${day} ${timeZone}`, dayEnds, () => {
    const last = Temporal.PlainDate.from(day).toPlainDateTime(lastSecond)
    return last.toZonedDateTime(timeZone, { disambiguation: 'later' }).epochMilliseconds
  })
  return new Date(lastMs)
}

const minuteMs = 60_000
const wholeMinutesSinceMs = Date.UTC(1972, 0)
/** Asking a calendar takes longer than all else about a due date, and a desk asks the same all day. */
const localDays = new Map<string, string>()
const dayEnds = new Map<string, number>()
/** When a memory is full it is emptied: the next minute fills it again. */
const rememberedMax = 1_000

function remembered<T>(key: string, memory: Map<string, T>, work: () => T): T {
  const known = memory.get(key)
  if (known !== undefined) return known
  if (memory.size >= rememberedMax) memory.clear()
  const fresh = work()
  memory.set(key, fresh)
  return fresh
}

/** Whether the branch is closed all of that day. */
export function isClosedOn(day: string, openDays: OpenDays): boolean {
  return openDays.closedWeekdays.includes(isoWeekday(day)) || openDays.closedDays.includes(day)
}

/** The day itself when the branch is open, else the next day that it is. */
export function nextOpenDay(day: string, openDays: OpenDays): string {
  const found = firstOpen(day, 1, openDays)
  if (found === undefined) throw new RangeError(`The branch never opens again after ${day}.`)
  return found
}

/** The last open day from `day` back to `notBefore`, both included. */
export function lastOpenDay(day: string, notBefore: string, openDays: OpenDays): string | undefined {
  const found = firstOpen(day, -1, openDays)
  return found !== undefined && found >= notBefore ? found : undefined
}

/** How many open days lie after `from` up to and with `to`. */
export function openDaysBetween(from: string, to: string, openDays: OpenDays): number {
  const span = Math.min(dayNumber(to) - dayNumber(from), countedDaysMax)
  let open = 0
  for (let n = 1; n <= span; n++) if (!isClosedOn(addDays(from, n), openDays)) open += 1
  return open
}

/** A day so many days later, or earlier when negative. */
export function addDays(day: string, days: number): string {
  return new Date((dayNumber(day) + days) * dayMs).toISOString().slice(0, 10)
}

const dayMs = 86_400_000
const lastSecond = Temporal.PlainTime.from('23:59:59')
/** Nobody is fined for more than ten years: past it, days are not counted any more. */
const countedDaysMax = 3_660

/** Each week has an open weekday, and a closed day can take away only one: so the search has an end. */
function firstOpen(day: string, step: 1 | -1, openDays: OpenDays): string | undefined {
  const searchDaysMax = 7 * (openDays.closedDays.length + 1)
  for (let n = 0; n < searchDaysMax; n++) {
    const candidate = addDays(day, n * step)
    if (!isClosedOn(candidate, openDays)) return candidate
  }
  return undefined
}

function isoWeekday(day: string): number {
  // 1970-01-01 was a Thursday.
  return ((((dayNumber(day) + 3) % 7) + 7) % 7) + 1
}

function dayNumber(day: string): number {
  return Math.floor(Date.parse(`${day}T00:00:00Z`) / dayMs)
}
