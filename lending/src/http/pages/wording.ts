import { type Html, html } from './html.ts'
import { currencyOf, type Visit } from './visit.ts'

/** A count with its noun: `1 copy`, `3 copies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** Whole cents as money, in the library's currency. */
export function money(visit: Pick<Visit, 'library'>, cents: number): string {
  // Hundredths are what is kept, of yen too: they are shown where there are any.
  const options = { style: 'currency', currency: currencyOf(visit), maximumFractionDigits: 2 } as const
  return new Intl.NumberFormat('en', options).format(cents / 100)
}

/** How large a file is: `812 kB`, `4.2 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** A day such as `Tue 24 November 2026`, in the branch's time zone. Takes an instant or a `YYYY-MM-DD`. */
export function dayText(when: Date | string, timeZone: string): string {
  return format(when, timeZone, { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' })
}

/** A moment such as `24 Nov 2026, 14:05`, in the branch's time zone. */
export function momentText(when: Date | string, timeZone: string): string {
  return format(when, timeZone, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })
}

/** The time on the branch's clock, such as `14:05`. */
export function clockTime(when: Date | string, timeZone: string): Html {
  const text = format(when, timeZone, { hour: '2-digit', minute: '2-digit' })
  return html`<time datetime="${machineTime(when)}">${text}</time>`
}

/** A day for people and machines: `<time datetime>`. */
export function day(when: Date | string | null, timeZone: string): Html {
  if (when === null) return html`–`
  return html`<time datetime="${machineTime(when)}">${dayText(when, timeZone)}</time>`
}

/** A moment for people and machines: `<time datetime>`. */
export function moment(when: Date | string | null, timeZone: string): Html {
  if (when === null) return html`–`
  return html`<time datetime="${machineTime(when)}">${momentText(when, timeZone)}</time>`
}

/** Today in the branch's time zone, as `YYYY-MM-DD`. */
export function todayIn(timeZone: string, now: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(now)
}

function machineTime(when: Date | string): string {
  return typeof when === 'string' ? when : when.toISOString()
}

const formats = new Map<string, Intl.DateTimeFormat>()

function format(when: Date | string, timeZone: string, options: Intl.DateTimeFormatOptions): string {
  // A plain day is the same day everywhere.
  const isDay = typeof when === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(when)
  const zone = isDay ? 'UTC' : timeZone
  const name = `${zone} ${Object.keys(options).join()}`
  let known = formats.get(name)
  if (!known) {
    known = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone })
    formats.set(name, known)
  }
  const instant = new Date(when)
  return Number.isNaN(instant.valueOf()) ? String(when) : known.format(instant).replace(',', '')
}
