import { dateFormat, numberFormat, relativeTimeFormat } from '../../language/formats.ts'
import { type Html, html } from './html.ts'
import { currencyOf, type Visit, zoneOf } from './visit.ts'

/** In which language, and by which clock. */
type Local = Pick<Visit, 'language' | 'branch'>

/** A count with its noun: `1 copy`, `3 copies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** A number as the language writes it: `1,234`. */
export function numberText({ language }: Pick<Visit, 'language'>, number: number): string {
  return number.toLocaleString(language.locale)
}

/** Whole cents as money, in the library's currency. */
export function money(visit: Pick<Visit, 'library' | 'language'>, cents: number): string {
  // Hundredths are what is kept, of yen too: they are shown where there are any.
  const options = { style: 'currency', currency: currencyOf(visit), maximumFractionDigits: 2 } as const
  return numberFormat(visit.language.locale, options).format(cents / 100)
}

/** How large a file is: `812 kB`, `4.2 MB`. */
export function bytesText({ language }: Pick<Visit, 'language'>, bytes: number): string {
  const [unit, size, digits] =
    bytes < 1_000
      ? (['byte', 1, 0] as const)
      : bytes < 1_000_000
        ? (['kilobyte', 1_000, 0] as const)
        : (['megabyte', 1_000_000, 1] as const)
  const options = {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  } as const
  return numberFormat(language.locale, options).format(bytes / size)
}

/** A day such as `Tue 24 November 2026`, in the branch's time zone. Takes an instant or a `YYYY-MM-DD`. */
export function dayText(local: Local, when: Date | string): string {
  return format(local, when, { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' })
}

/** A moment such as `24 Nov 2026, 14:05`, in the branch's time zone. */
export function momentText(local: Local, when: Date | string): string {
  return format(local, when, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })
}

/** The time on the branch's clock, such as `14:05`. */
export function clockTime(local: Local, when: Date | string): Html {
  const text = format(local, when, { hour: '2-digit', minute: '2-digit' })
  return html`<time datetime="${machineTime(when)}">${text}</time>`
}

/** A day for people and machines: `<time datetime>`. */
export function day(local: Local, when: Date | string | null): Html {
  if (when === null) return html`–`
  return html`<time datetime="${machineTime(when)}">${dayText(local, when)}</time>`
}

/** A moment for people and machines: `<time datetime>`. */
export function moment(local: Local, when: Date | string | null): Html {
  if (when === null) return html`–`
  return html`<time datetime="${machineTime(when)}">${momentText(local, when)}</time>`
}

/** How far off a day is, in words: `today`, `tomorrow`, `in 5 days`, `3 days ago`, by the branch's calendar. */
export function daysAway(local: Local & Pick<Visit, 'now'>, when: Date | string): string {
  const zone = zoneOf(local)
  const on = (at: Date | string) =>
    Date.parse(typeof at === 'string' && isPlainDay(at) ? at : todayIn(zone, new Date(at)))
  const days = Math.round((on(when) - on(local.now)) / 86_400_000)
  return relativeTimeFormat(local.language.locale, { numeric: 'auto' }).format(days, 'day')
}

/** Today in the branch's time zone, as `YYYY-MM-DD`. */
export function todayIn(timeZone: string, now: Date): string {
  return dateFormat('en-CA', { timeZone, dateStyle: 'short' }).format(now)
}

function machineTime(when: Date | string): string {
  return typeof when === 'string' ? when : when.toISOString()
}

function isPlainDay(when: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(when)
}

function format(
  { language, branch }: Local,
  when: Date | string,
  options: Intl.DateTimeFormatOptions,
): string {
  // A plain day is the same day everywhere.
  const zone = typeof when === 'string' && isPlainDay(when) ? 'UTC' : zoneOf({ branch })
  const instant = new Date(when)
  if (Number.isNaN(instant.valueOf())) return String(when)
  const text = dateFormat(language.locale, { ...options, timeZone: zone }).format(instant)
  return language.tag === 'en' ? text.replace(',', '') : text
}
