import { type Flaw, type Flaws, type LabelId, notWhole } from '../../language/flaw.ts'
import { plainText, type TextLimits } from '../../text.ts'

/** What a form or a query asked for, read field by field; what does not fit is noted, never guessed. */
export type Asked = {
  /** The text of a field in one form (NFC, trimmed); '' where it is absent or does not fit. */
  readonly text: (name: string, limits: TextLimits) => string
  /** A whole number within bounds; undefined where it is absent or does not fit. */
  readonly whole: (name: string, bounds: WholeBounds) => number | undefined
  /** An amount such as `2.50`, in whole cents. */
  readonly cents: (name: string, label: LabelId) => number | undefined
  /** A day as `YYYY-MM-DD` that is in the calendar; undefined where it is absent or is none. */
  readonly day: (name: string, label: LabelId) => string | undefined
  /** Whether a box was ticked. */
  readonly ticked: (name: string) => boolean
  /** What did not fit so far, by field. */
  readonly problems: Flaws
}

/** What a number may be. */
export type WholeBounds = {
  readonly label: LabelId
  readonly min: number
  readonly max: number
}

/** An identity in a field or a path. */
export const identity: WholeBounds = { label: 'the-number', min: 1, max: Number.MAX_SAFE_INTEGER }

/** Reads what was sent. Anything may have been: nothing is trusted, and nothing throws. */
export function asked(sent: unknown): Asked {
  const values = typeof sent === 'object' && sent !== null ? (sent as Record<string, unknown>) : {}
  const problems: Record<string, Flaw> = {}
  const sentAs = (name: string): unknown => (Object.hasOwn(values, name) ? values[name] : undefined)

  const text = (name: string, limits: TextLimits): string => {
    const checked = plainText(sentAs(name) ?? '', limits)
    if (checked.ok) return checked.text
    problems[name] = checked.problem
    return ''
  }

  const whole = (name: string, { label, min, max }: WholeBounds): number | undefined => {
    const written = text(name, { max: 20, label })
    if (written === '') return undefined
    const number = /^-?\d{1,16}$/.test(written) ? Number(written) : Number.NaN
    if (number >= min && number <= max) return number
    problems[name] = notWhole({ label, min, max })
    return undefined
  }

  return {
    text,
    whole,
    cents: (name, label) => {
      const written = text(name, { max: 20, label })
      if (written === '') return undefined
      const found = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(written)
      const cents = found ? Number(found[1]) * 100 + Number((found[2] ?? '0').padEnd(2, '0')) : 0
      if (cents > 0) return cents
      problems[name] = { flaw: 'not-amount', label }
      return undefined
    },
    day: (name, label) => {
      const written = text(name, { max: 10, label })
      if (written === '') return undefined
      if (isDay(written)) return written
      problems[name] = { flaw: 'not-day', label }
      return undefined
    },
    ticked: (name) => sentAs(name) === 'yes',
    problems,
  }
}

/** A card number or barcode as a scanner types it. */
export const scanned = { max: 64, label: 'the-scan' } as const

function isDay(written: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(written) || written < '1900') return false
  const at = new Date(`${written}T00:00:00Z`)
  return !Number.isNaN(at.valueOf()) && at.toISOString().startsWith(written)
}
