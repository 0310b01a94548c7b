/**
 * The name of a file, byte for byte, as a string that JSON can hold: one character a byte. Names on a disk are bytes,
 * and not all of them are UTF-8.
 */
export type FileName = string

/** A name as the system gave it. */
export const nameOf = (bytes: Buffer): FileName => bytes.toString('latin1')

/** The bytes that the system knows it by. */
export const bytesOf = (name: FileName): Buffer => Buffer.from(name, 'latin1')

/** The name of a path of ours, which is text. */
export const nameOfText = (text: string): FileName => nameOf(Buffer.from(text))

/** Whether it names an entry of a folder, and can lead nowhere else. */
export function isEntryName(name: FileName): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
}

const shownMax = 200

/** For people: as text, with what could move a cursor or pass for something else written as escapes. */
export function shown(name: FileName): string {
  const text = bytesOf(name).toString('utf8')
  const clean = [...text]
    .map((character) => (isPlain(character) ? character : JSON.stringify(character).slice(1, -1)))
    .map((character) => (isPlain(character) ? character : escaped(character)))
    .join('')
  return clean.length > shownMax ? `${clean.slice(0, shownMax)}…` : clean
}

/** Letters, signs and plain spaces; no controls, no marks of direction, nothing that could not be read. */
function isPlain(text: string): boolean {
  return [...text].every((character) => character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character))
}

const escaped = (character: string) =>
  [...character].map((each) => `\\u{${each.codePointAt(0)?.toString(16)}}`).join('')
