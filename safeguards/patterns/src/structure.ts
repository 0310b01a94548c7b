import type { Caps } from './caps.ts'
import { instead, type PatternRefusal } from './refusal.ts'

type Group = {
  size: number
  alternative: number
  deepest: number
  last: Atom | undefined
  readonly at: number
}
type Atom = {
  readonly size: number
  readonly deepest: number
  readonly repeated: boolean
  readonly at: number
}

/** A class of Unicode has hundreds of ranges: it weighs as much as several characters. */
const unicodeClassWeight = 8
const countMost = 9_999

class Unfit extends Error {
  readonly refusal: PatternRefusal
  constructor(refusal: PatternRefusal) {
    super(refusal.says)
    this.refusal = refusal
  }
}

/**
 * Measures a pattern without compiling it. Refused is what is over the caps, what only a backtracking engine has, and
 * what the engine and the analyser would read differently.
 */
export function patternRefusal(source: string, flags: string, caps: Caps): PatternRefusal | undefined {
  try {
    measure(source, flags, caps)
    return undefined
  } catch (error) {
    if (error instanceof Unfit) return error.refusal
    throw error
  }
}

/** Whether the pattern names classes of Unicode, which V8 and the analyser read with the flag `u` only. */
export function needsUnicode(source: string): boolean {
  for (let at = 0; at < source.length; at += source[at] === '\\' ? 2 : 1) {
    if (source[at] === '\\' && /^[pP]/.test(source.slice(at + 1, at + 2))) return true
    if (source.charCodeAt(at) >= 0xd800 && source.charCodeAt(at) <= 0xdfff) return true
  }
  return false
}

function measure(source: string, flags: string, caps: Caps): void {
  if (source.length > caps.patternCharacters)
    throw tooLarge(`${source.length} characters`, `${caps.patternCharacters}`, 0)
  if (!/^[ims]{0,3}$/.test(flags) || new Set(flags).size !== flags.length)
    throw unfit('pattern-not-supported', instead.flags, 0)
  const open: Group[] = [newGroup(0)]
  for (let at = 0; at < source.length; ) at = step(source, at, open, caps)
  const whole = open.pop() as Group
  if (open.length > 0) throw malformed('A group is opened and not closed: add a ).', whole.at)
  add(whole, undefined)
  checkSize(Math.max(whole.size, whole.alternative), caps, 0)
}

/** Reads one atom, quantifier or bracket and gives the place after it. */
function step(source: string, at: number, open: Group[], caps: Caps): number {
  const group = open.at(-1) as Group
  const character = source[at] as string
  if (character === '(') return openGroup(source, at, open, caps)
  if (character === ')') return closeGroup(at, open, caps)
  if (character === '|') {
    add(group, undefined)
    group.alternative += group.size
    group.size = 0
    return at + 1
  }
  if ('*+?{'.includes(character)) return quantify(source, at, group, caps)
  if (character === '[') return readClass(source, at, group)
  if (character === '\\') {
    const end = escapeEnd(source, at)
    const weight = /[pP]/.test(source[at + 1] ?? '') ? unicodeClassWeight : 1
    add(group, { size: weight, deepest: 0, repeated: false, at })
    return end
  }
  add(group, { size: 1, deepest: 0, repeated: false, at })
  return at + 1
}

function openGroup(source: string, at: number, open: Group[], caps: Caps): number {
  if (open.length > caps.groupNesting)
    throw tooLarge(`Groups nested ${open.length} deep`, `${caps.groupNesting}`, at)
  open.push(newGroup(at))
  if (source[at + 1] !== '?') return at + 1
  const opening = source.slice(at + 2, at + 40)
  if (opening.startsWith(':')) return at + 3
  if (/^[=!]/.test(opening)) throw unfit('pattern-not-supported', instead.lookahead, at)
  if (/^<[=!]/.test(opening)) throw unfit('pattern-not-supported', instead.lookbehind, at)
  if (opening.startsWith('>')) throw unfit('pattern-not-supported', instead.atomic, at)
  const name = /^<[A-Za-z_][A-Za-z0-9_]{0,31}>/.exec(opening)
  if (name) return at + 2 + name[0].length
  if (/^[a-zA-Z-]/.test(opening)) throw unfit('pattern-not-supported', instead.inlineFlags, at)
  throw malformed('A group begins with (?: or with (?<name>.', at)
}

function closeGroup(at: number, open: Group[], caps: Caps): number {
  const group = open.pop() as Group
  const parent = open.at(-1)
  if (!parent) throw malformed('A ) closes no group: write \\) for the bracket itself.', at)
  add(group, undefined)
  const size = group.size + group.alternative
  checkSize(size, caps, group.at)
  add(parent, { size: Math.max(1, size), deepest: group.deepest, repeated: false, at: group.at })
  return at + 1
}

function quantify(source: string, at: number, group: Group, caps: Caps): number {
  const read = /^(?:[*+?]|\{(\d{1,5})(?:(,)(\d{1,5})?)?\})/.exec(source.slice(at, at + 16))
  if (!read) {
    if (source.startsWith('{,', at)) throw unfit('pattern-not-supported', instead.openRepeat, at)
    throw malformed('A { that begins no count: write \\{ for the brace itself.', at)
  }
  const atom = group.last
  if (!atom)
    throw malformed('A repeat follows nothing that it could repeat: write a backslash before it.', at)
  if (atom.repeated)
    throw source[at] === '+'
      ? unfit('pattern-not-supported', instead.possessive, at)
      : malformed('A repeat of a repeat: put the first into (?:…).', at)
  const least = Math.min(Number(read[1] ?? 0), countMost)
  const most =
    read[3] === undefined ? least + (read[2] === undefined ? 0 : 1) : Math.min(Number(read[3]), countMost)
  if (Math.max(least, most) > caps.repeatCount)
    throw tooLarge(`A repeat of ${Math.max(least, most)}`, `${caps.repeatCount}`, at)
  const times = read[1] === undefined ? 1 : Math.max(1, most)
  const deepest = atom.deepest + (read[0] === '?' ? 0 : 1)
  if (deepest > caps.repeatNesting)
    throw tooLarge(`Repeats nested ${deepest} deep`, `${caps.repeatNesting}`, at)
  group.last = { size: atom.size * times, deepest, repeated: true, at: atom.at }
  checkSize(group.last.size, caps, atom.at)
  const end = at + read[0].length
  return source[end] === '?' ? end + 1 : end
}

function readClass(source: string, start: number, group: Group): number {
  let at = start + (source[start + 1] === '^' ? 2 : 1)
  if (source[at] === ']') throw unfit('pattern-not-supported', instead.emptyClass, start)
  let weight = 1
  for (; at < source.length && source[at] !== ']'; ) {
    if (source.startsWith('[:', at)) throw unfit('pattern-not-supported', instead.posixClass, at)
    if (source[at] === '\\' && /[pP]/.test(source[at + 1] ?? '')) weight += unicodeClassWeight
    at = source[at] === '\\' ? escapeEnd(source, at) : at + 1
  }
  if (at >= source.length) throw malformed('A class is opened and not closed: add a ].', start)
  add(group, { size: weight, deepest: 0, repeated: false, at: start })
  return at + 1
}

/** Only escapes that mean the same in RE2 and in JavaScript: \A is a place in the one and a letter in the other. */
function escapeEnd(source: string, at: number): number {
  const rest = source.slice(at + 1, at + 60)
  if (rest === '')
    throw malformed('The pattern ends in a backslash: write \\\\ for the backslash itself.', at)
  if (/^(?:[1-9]|k)/.test(rest)) throw unfit('pattern-not-supported', instead.backReference, at)
  const read =
    /^(?:[dDwWsSbBtnrfv]|x[0-9A-Fa-f]{2}|u(?![dD][89a-fA-F])[0-9A-Fa-f]{4}|[pP]\{[A-Za-z_=]{1,50}\}|[!-/:-@[-`{-~])/.exec(
      rest,
    )
  if (!read) throw unfit('pattern-not-supported', instead.escape, at)
  return at + 1 + read[0].length
}

function newGroup(at: number): Group {
  return { size: 0, alternative: 0, deepest: 0, last: undefined, at }
}

/** Counts the atom before, which no quantifier can change any more, and keeps the new one open to them. */
function add(group: Group, atom: Atom | undefined): void {
  if (group.last) {
    group.size += group.last.size
    group.deepest = Math.max(group.deepest, group.last.deepest)
  }
  group.last = atom
}

function checkSize(size: number, { writtenOut }: Caps, at: number): void {
  if (size > writtenOut) throw tooLarge(`Written out, ${size} characters to match`, `${writtenOut}`, at)
}

function tooLarge(found: string, cap: string, at: number): Unfit {
  return unfit(
    'pattern-too-large',
    `${found}: at most ${cap} are allowed. Make the pattern or its counts smaller.`,
    at,
  )
}

function malformed(says: string, at: number): Unfit {
  return unfit('pattern-malformed', says, at)
}

function unfit(refused: PatternRefusal['refused'], says: string, at: number): Unfit {
  return new Unfit({ refused, says, at })
}
