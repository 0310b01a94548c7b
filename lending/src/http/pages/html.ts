/** A piece of a page that may be written out as it is. Made only by the `html` tag. */
export type Html = { readonly html: string }

/** What may stand in a hole of a template. Nothing is written for `undefined`, `null` and `false`. */
export type Piece = Html | string | number | undefined | null | false | readonly Piece[]

/** A template asks for what would be unsafe or ambiguous. It is a mistake in the code, never in the text. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly code = 'BIBBY_TEMPLATE'
}

const trusted = new WeakSet<object>()
const holesOf = new WeakMap<TemplateStringsArray, readonly Hole[]>()

/**
 * Writes a piece of a page. Text in a hole is escaped; only what this tag made itself goes in as it is. A hole
 * stands in text or inside quotes of an attribute; an address in `href`, `src` or `action` must be one of ours.
 *
 * Throws TemplateError where a hole stands elsewhere.
 */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let holes = holesOf.get(strings)
  if (!holes) {
    holes = readHoles(strings)
    holesOf.set(strings, holes)
  }
  let text = strings[0] ?? ''
  pieces.forEach((piece, index) => {
    text += filled(piece, holes[index] ?? 'text') + (strings[index + 1] ?? '')
  })
  const made = Object.freeze({ html: text })
  trusted.add(made)
  return made
}

/** Says whether this came from the `html` tag; an object that merely looks like it did not. */
export function isHtml(piece: unknown): piece is Html {
  return typeof piece === 'object' && piece !== null && trusted.has(piece)
}

const letters: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Text as it must stand in a page, within quotes or without. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"'`]/g, (letter) => letters[letter] ?? '')
}

/** Where a hole stands: in text, in a quoted attribute, in a quoted address, or between attributes. */
type Hole = 'text' | 'attribute' | 'address' | 'tag'

function filled(piece: Piece, hole: Hole): string {
  if (piece === undefined || piece === null || piece === false || piece === '') return ''
  if (Array.isArray(piece)) return piece.map((each: Piece) => filled(each, hole)).join('')
  if (typeof piece === 'number' || typeof piece === 'string') {
    if (hole === 'tag') throw new TemplateError('Text stands between attributes; put quotes around it.')
    const text = String(piece)
    if (hole === 'address' && !isOurs(text)) throw new TemplateError('The address leads out of the library.')
    return escaped(text)
  }
  if (!isHtml(piece)) throw new TemplateError('Only text, numbers and html can be written.')
  if (hole === 'attribute' || hole === 'address') throw new TemplateError('Html stands inside an attribute.')
  return piece.html
}

/** A path, a query or a fragment of this site. Browsers read `\` as `/` and skip control characters. */
function isOurs(address: string): boolean {
  return /^(?:\/(?![/\\])|[?#]|$)/.test(address) && !/[\p{Cc}\\]/u.test(address)
}

function readHoles(strings: TemplateStringsArray): Hole[] {
  const holes: Hole[] = []
  let place: Place = { in: 'text', quote: '' }
  strings.slice(0, -1).forEach((piece) => {
    place = walk(place, piece)
    if (/=\s*$/.test(piece) && !place.quote) throw new TemplateError('An attribute has no quotes.')
    if (place.in === 'closed') throw new TemplateError('No hole may stand in script, style or a comment.')
    if (/\b(?:href|src|action|formaction)=["']$/i.test(piece)) holes.push('address')
    else if (place.in === 'text') holes.push('text')
    else holes.push(place.quote ? 'attribute' : 'tag')
  })
  return holes
}

type Place = { readonly in: 'text' | 'tag' | 'closed'; readonly quote: string }

function walk(start: Place, piece: string): Place {
  let place = start
  for (let at = 0; at < piece.length; at++) {
    const letter = piece[at] ?? ''
    if (place.in === 'text' && letter === '<') {
      const isClosed = /^<(?:script\b(?![^>]*\bsrc=)|style\b|!--)/i.test(piece.slice(at, at + 200))
      place = { in: isClosed ? 'closed' : 'tag', quote: '' }
    } else if (place.in === 'tag' && place.quote) {
      if (letter === place.quote) place = { in: 'tag', quote: '' }
    } else if (place.in === 'tag' && (letter === '"' || letter === "'")) {
      place = { in: 'tag', quote: letter }
    } else if (place.in === 'tag' && letter === '>') {
      place = { in: 'text', quote: '' }
    }
  }
  return place
}
