/** A piece of HTML, XML or SVG that may be written out as it is. Made only by the `markup` tag. */
export type Markup = { readonly markup: string }

/** What may stand in a hole of a template. Nothing is written for `undefined`, `null` and `false`. */
export type Piece = Markup | string | number | undefined | null | false | readonly Piece[]

const made = new WeakSet<object>()

/**
 * Writes a piece of a page, a feed or a badge. Text in a hole is escaped, for text and for quoted attributes alike;
 * only what this tag made itself goes in as it is.
 */
export function markup(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const text = strings.map((each, index) => each + filled(pieces[index])).join('')
  const piece = Object.freeze({ markup: text })
  made.add(piece)
  return piece
}

function filled(piece: Piece): string {
  if (piece === undefined || piece === null || piece === false) return ''
  if (typeof piece === 'string') return escaped(piece)
  if (typeof piece === 'number') return String(piece)
  if ('map' in piece) return piece.map(filled).join('')
  // An object that merely looks like markup came from outside: it is text.
  return made.has(piece) ? piece.markup : escaped(String(piece.markup))
}

const letters: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return legible(text).replaceAll(/[&<>"']/g, (letter) => letters[letter] ?? '')
}

/** The text without what XML refuses and nobody can read: control characters, half characters, non-characters. */
export function legible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replaceAll(/[^\n\t\P{Cc}]|[\uFFFE\uFFFF]/gu, '')
}

/** The text in one line, for titles and attributes. */
export function inOneLine(text: string): string {
  return legible(text).replaceAll(/\s+/g, ' ').trim()
}

/** The address where it is one that a reader may follow (http or https), else null: it is shown as text then. */
export function followable(address: string): string | null {
  const url = URL.parse(address)
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}
