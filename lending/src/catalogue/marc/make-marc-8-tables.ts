import { readFile, writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import sax from 'sax'

/**
 * Makes `marc-8-tables.txt` from the Library of Congress's `codetables.xml`. Run it when they publish a new one:
 * `node lending/src/catalogue/marc/make-marc-8-tables.ts PATH-TO-codetables.xml[.gz]`.
 */
export function marc8TablesFrom(xml: string): string {
  const lines = [...head]
  for (const set of characterSets(xml)) {
    lines.push(`set ${set.final} ${set.name}`, ...runs(set.codes))
  }
  return `${lines.join('\n')}\n`
}

/** One code of a set: what it stands for, and whether it is written before its letter. */
export type Code = {
  /** As bytes in hexadecimal: two digits, or six in EACC. */
  readonly marc: string
  readonly codePoint: number
  readonly combining: boolean
}

/** The sets of the file in its order. EACC stands in five groups there and is one set here. */
export function characterSets(xml: string): { name: string; final: string; codes: Code[] }[] {
  const sets: { name: string; final: string; codes: Code[] }[] = []
  let values: Record<string, string> = {}
  let text = ''
  const parser = sax.parser(true)
  parser.onopentag = ({ name, attributes: { ISOcode, name: setName } }) => {
    text = ''
    if (name === 'code') values = {}
    if (name !== 'characterSet') return
    const final = String.fromCharCode(Number.parseInt(String(ISOcode), 16))
    sets.push({ name: String(setName), final, codes: [] })
  }
  parser.ontext = (piece) => {
    text += piece
  }
  parser.onclosetag = (name) => {
    if (name !== 'code') values[name] = text.trim()
    else sets.at(-1)?.codes.push(codeFrom(values))
  }
  parser.write(xml).close()
  return sets
}

/** The second halves of a ligature and of a double tilde have no `ucs`: they stand as their alternative. */
function codeFrom(values: Record<string, string>): Code {
  const { marc = '', ucs = '', alt = '', isCombining } = values
  return { marc, codePoint: Number.parseInt(ucs || alt, 16), combining: isCombining === 'true' }
}

const head = [
  '# MARC-8 to Unicode, from the code tables of the Library of Congress (a work of the United States',
  '# government, in the public domain): https://www.loc.gov/marc/specifications/codetables.xml',
  '# Made by make-marc-8-tables.ts; not to be edited by hand.',
  '# "set F NAME": F is the final byte of the escape sequence that designates the set.',
  '# "CODE CHARACTERS": CODE in hexadecimal stands for the first character, the next code for the second and so',
  '# on; a blank is a code that stands for nothing.',
  '# "{0301}" is a character by its code point, "{+0301}" one that is written before its letter.',
]
/** A longer gap between two codes begins a new line, which is then the shorter way to write it. */
const gapMax = 7

function runs(codes: readonly Code[]): string[] {
  const lines: string[] = []
  let next = Number.NEGATIVE_INFINITY
  const inOrder = codes.toSorted((a, b) => Number.parseInt(a.marc, 16) - Number.parseInt(b.marc, 16))
  for (const code of inOrder) {
    const at = Number.parseInt(code.marc, 16)
    const gap = at - next
    if (gap > gapMax) lines.push(`${code.marc} ${written(code)}`)
    else lines.push(`${lines.pop() ?? ''}${' '.repeat(gap)}${written(code)}`)
    next = at + 1
  }
  return lines
}

/** Only what every editor keeps as it is stands as itself. */
function written({ codePoint, combining }: Code): string {
  const character = String.fromCodePoint(codePoint)
  const plain = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character) && character.normalize('NFC') === character
  if (plain && !combining && character !== '{' && character !== '}') return character
  return `{${combining ? '+' : ''}${codePoint.toString(16).toUpperCase().padStart(4, '0')}}`
}

const [, script, source] = process.argv
if (import.meta.filename === script && source) {
  const bytes = await readFile(source)
  const xml = source.endsWith('.gz') ? gunzipSync(bytes) : bytes
  await writeFile(new URL('marc-8-tables.txt', import.meta.url), marc8TablesFrom(xml.toString('utf8')))
}
