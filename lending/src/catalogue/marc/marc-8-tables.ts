import { readFileSync } from 'node:fs'

/** A set of up to 94 characters, by their codes without the eighth bit. */
export type CharacterSet = {
  /** 128 places; undefined is a code that stands for nothing. */
  readonly characters: readonly (string | undefined)[]
  /** Which of them are written before the letter that they belong to. */
  readonly combining: readonly boolean[]
}

/** Every character set of MARC-8, by how a record switches to it. */
export type Marc8Tables = {
  /** By the final byte of the sequence that designates the set, as `2` for Hebrew. */
  readonly sets: ReadonlyMap<string, CharacterSet>
  /** East Asian characters by three bytes in one number. */
  readonly eacc: ReadonlyMap<number, string>
  /** The four control codes 88, 89, 8D and 8E, which hold in every set. */
  readonly controls: ReadonlyMap<number, string>
}

/** The final byte that designates the East Asian set, which takes three bytes a character. */
export const eaccFinal = '1'

/** The Library of Congress's tables, read from the file beside this one when first asked for. */
export function marc8Tables(): Marc8Tables {
  loaded ??= tablesFrom(readFileSync(new URL('marc-8-tables.txt', import.meta.url), 'utf8'))
  return loaded
}

let loaded: Marc8Tables | undefined

const codesPerSet = 128
const firstControl = 0x80
const lastControl = 0x9f

type OpenSet = { characters: (string | undefined)[]; combining: boolean[] }

function tablesFrom(text: string): Marc8Tables {
  const sets = new Map<string, OpenSet>()
  const eacc = new Map<number, string>()
  const controls = new Map<number, string>()
  let set: OpenSet | undefined
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [head = '', rest = ''] = cut(line)
    if (head === 'set') {
      const final = rest.slice(0, 1)
      set = final === eaccFinal ? undefined : emptySet()
      if (set) sets.set(final, set)
      continue
    }
    for (const { code, character, combining } of codes(Number.parseInt(head, 16), rest)) {
      if (!set) eacc.set(code, character)
      else if (code >= firstControl && code <= lastControl) controls.set(code, character)
      else {
        set.characters[code % codesPerSet] = character
        set.combining[code % codesPerSet] = combining
      }
    }
  }
  return { sets, eacc, controls }
}

function emptySet(): OpenSet {
  return {
    characters: Array.from({ length: codesPerSet }),
    combining: Array.from({ length: codesPerSet }, () => false),
  }
}

function cut(line: string): [string, string] {
  const at = line.indexOf(' ')
  return [line.slice(0, at), line.slice(at + 1)]
}

function* codes(first: number, written: string) {
  let code = first
  for (const [character, mark, hex] of written.matchAll(/\{(\+?)([0-9A-F]{4,5})\}|./gu)) {
    if (hex)
      yield { code, character: String.fromCodePoint(Number.parseInt(hex, 16)), combining: mark === '+' }
    else if (character !== ' ') yield { code, character, combining: false }
    code += 1
  }
}
