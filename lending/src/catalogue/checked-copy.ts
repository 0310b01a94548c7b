import type { Flaw, Flaws } from '../language/flaw.ts'
import { plainText } from '../text.ts'

/** The longest that each text of a copy may be, in characters. */
export const copyLimits = { barcode: 64, shelf: 200, callNumber: 200, note: 2_000 } as const

/** The dearest copy, in cents: what the column holds. */
const priceCentsMax = 2_147_483_647

type CopyTexts = { barcode: string; shelf?: string; callNumber?: string; note?: string }

/** Checks the texts of a copy; those left out stay out, but a barcode is always there. */
export function checkedCopy(
  given: Readonly<Partial<Record<keyof CopyTexts | 'priceCents', unknown>>>,
): { ok: true; texts: CopyTexts } | { ok: false; problems: Flaws } {
  const texts: CopyTexts = { barcode: '' }
  const problems: Record<string, Flaw> = {}
  const labels = {
    barcode: 'the-barcode',
    shelf: 'the-shelf',
    callNumber: 'the-call-number',
    note: 'the-note',
  } as const
  for (const name of ['barcode', 'shelf', 'callNumber', 'note'] as const) {
    if (given[name] === undefined) continue
    const checked = plainText(given[name], {
      label: labels[name],
      max: copyLimits[name],
      required: name === 'barcode',
      lines: name === 'note',
    })
    if (checked.ok) texts[name] = checked.text
    else problems[name] = checked.problem
  }
  if (!isPrice(given.priceCents)) problems.priceCents = { flaw: 'price-not-cents' }
  return Object.keys(problems).length > 0 ? { ok: false, problems } : { ok: true, texts }
}

function isPrice(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= priceCentsMax
}
