import type { Summary, Verdict } from '../summary.ts'
import { safeId } from './address.ts'
import { inOneLine, markup } from './markup.ts'
import { momentText } from './moments.ts'
import { overallOf } from './overview-page.ts'
import { tellings } from './words.ts'

/** White letters on each of them have a contrast of at least 4.5 to 1. */
const fills: Readonly<Record<Verdict, string>> = {
  operational: '#1b6f3c',
  degraded: '#855400',
  'partial-outage': '#a8460b',
  'major-outage': '#a3261c',
  unknown: '#5f6566',
  maintenance: '#2f5a9c',
}

const labelCharactersMax = 40
const padding = 7
const height = 20

/** `badge.svg` of the whole and `badges/ID.svg` of each component, for other pages to show. */
export function badgeFiles(summary: Summary): readonly (readonly [string, string])[] {
  const { writtenAt } = summary.page
  return [
    ['badge.svg', badge({ label: 'status', verdict: overallOf(summary), writtenAt })],
    ...summary.components.map(
      ({ id, name, verdict }) =>
        [`badges/${safeId(id)}.svg`, badge({ label: inOneLine(name) || id, verdict, writtenAt })] as const,
    ),
  ]
}

/** A picture of two words. It cannot tell when it is out of date, so its title says when it was true. */
function badge({
  label,
  verdict,
  writtenAt,
}: {
  label: string
  verdict: Verdict
  writtenAt: string
}): string {
  const short = shortened(label)
  const word = tellings[verdict].word.toLowerCase()
  const [left, right] = [widthOf(short), widthOf(word)]
  const split = left + 2 * padding
  const width = split + right + 2 * padding
  const text = (x: number, length: number, content: string) =>
    markup`<text x="${x}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">${content}</text>`
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}: ${word}"><title>${label}: ${word}, as of ${momentText(writtenAt)}</title><clipPath id="c"><rect width="${width}" height="${height}" rx="4"/></clipPath><g clip-path="url(#c)"><path fill="#33393b" d="M0 0h${split}v${height}H0z"/><path fill="${fills[verdict]}" d="M${split} 0h${width - split}v${height}H${split}z"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">${text(padding, left, short)}${text(split + padding, right, word)}</g></svg>
`.markup
}

function shortened(label: string): string {
  const characters = [...label]
  if (characters.length <= labelCharactersMax) return label
  return `${characters.slice(0, labelCharactersMax - 1).join('')}…`
}

/** About as wide as Verdana draws it at 11 px; the letters are then fitted to it exactly. */
function widthOf(text: string): number {
  const each = [...text].map((letter) => {
    if (/[ijl.,:;'|!()[\] ]/.test(letter)) return 4.2
    if (/[mwMW%@]/.test(letter)) return 10.2
    if (/[A-Z0-9]/.test(letter)) return 7.4
    if (/[\u0020-\u024F]/.test(letter)) return 6.6
    return /[\u1100-\uFFFF]/.test(letter) || letter.length > 1 ? 11.5 : 7
  })
  return Math.max(1, Math.round(each.reduce((sum, width) => sum + width, 0)))
}
