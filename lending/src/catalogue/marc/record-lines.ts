import { type DataField, type Field, isControl, type MarcRecord, type Subfield } from './record.ts'
import { fitForXml } from './xml-characters.ts'

/**
 * A record as lines that people read and write: the leader first, then a field on each line.
 *
 *     LDR 00714cam#a2200205#a#4500
 *     001 12883376
 *     245 10 $aPride and prejudice /$cJane Austen.
 *
 * A blank is `#` in the leader, in control fields and in indicators. What would be taken for something else is told by
 * name: `{dollar}`, `{brace}`, and any other character by its number, as `{U+0023}`.
 */
export function linesOf({ leader, fields }: MarcRecord): readonly string[] {
  return [`LDR ${fixed(leader)}`, ...fields.map(lineOf)]
}

/** One field as a line. */
export function lineOf(field: Field): string {
  const isUsual = isControlTag(field.tag) === isControl(field)
  if (isControl(field)) return `${field.tag} ${isUsual ? '' : '{control}'}${fixed(field.value)}`
  const subfields = field.subfields.map(
    ({ code, value }) => `$${named(code, inCode)}${named(value, inValue)}`,
  )
  const indicators = fixed(field.indicators)
  return [
    field.tag,
    `${isUsual ? '' : '{data}'}${indicators}`,
    ...(subfields.length > 0 ? [subfields.join('')] : []),
  ].join(' ')
}

/** What is wrong with a line, by its number: the first line is 1. */
export type LineProblem = { readonly line: number; readonly wrong: Wrong }

/** What can be wrong with a line. */
export type Wrong =
  | 'leader'
  | 'tag'
  | 'indicators'
  | 'subfield-code'
  | 'no-subfield'
  | 'name'
  | 'too-many-fields'

/** The record that lines tell, or all that is wrong with them. */
export type FromLines =
  | { readonly ok: true; readonly record: MarcRecord }
  | { readonly ok: false; readonly problems: readonly LineProblem[] }

/** Far past any real record. */
export const linesMax = 5_000
/** More problems than this are not told at once. */
const problemsMax = 20
const leaderLength = 24

/**
 * Reads a record from its lines; empty ones are passed over. Lines that are `known`, because they stood in the record
 * before, are read as they stand; a new one is held to what MARC says of indicators and subfield codes.
 */
export function recordFromLines(text: string, known: ReadonlySet<string> = new Set()): FromLines {
  const problems: LineProblem[] = []
  const fields: Field[] = []
  let leader: string | undefined
  for (const [index, written] of text.split(/\r\n|\r|\n/).entries()) {
    if (written.trim() === '') continue
    const tell = (wrong: Wrong) => problems.push({ line: index + 1, wrong })
    if (leader === undefined) {
      const read = leaderFrom(written)
      if (read === undefined) tell('leader')
      leader = read ?? ''
      continue
    }
    if (fields.length === linesMax) {
      tell('too-many-fields')
      break
    }
    const read = fieldFrom(written, known.has(written.trimEnd()))
    if ('wrong' in read) tell(read.wrong)
    else fields.push(read.field)
    if (problems.length === problemsMax) break
  }
  if (leader === undefined) problems.push({ line: 1, wrong: 'leader' })
  return leader === undefined || problems.length > 0
    ? { ok: false, problems }
    : { ok: true, record: { leader, fields } }
}

function leaderFrom(line: string): string | undefined {
  const found = /^LDR (.*)$/.exec(line.trimEnd())?.[1]
  const leader = found === undefined ? undefined : unnamed(found.replaceAll('#', ' '), false)
  return leader?.length === leaderLength && /^[ -~]{24}$/.test(leader) ? leader : undefined
}

type Read = { readonly field: Field } | { readonly wrong: Wrong }

function fieldFrom(written: string, isKnown: boolean): Read {
  const found = /^([0-9A-Za-z]{3})(?: (.*))?$/.exec(written.trimEnd())
  const tag = found?.[1]
  if (!found || tag === undefined) return { wrong: 'tag' }
  const rest = found[2] ?? ''
  const marked = /^\{(control|data)\}/.exec(rest)
  const body = marked ? rest.slice(marked[0].length) : rest
  const control = marked ? marked[1] === 'control' : isControlTag(tag)
  if (!control) return dataFrom(tag, body, isKnown)
  const value = unnamed(body.replaceAll('#', ' '), isKnown)
  return value === undefined ? { wrong: 'name' } : { field: { tag, value } }
}

const indicated = /^((?:\{[^{}$]{1,10}\}|[^{}$]){2})(?: ?(\$.*))?$/su

function dataFrom(tag: string, body: string, isKnown: boolean): Read {
  const found = indicated.exec(body)
  const indicators = unnamed((found?.[1] ?? '').replaceAll('#', ' '), isKnown)
  if (!found || indicators === undefined) return { wrong: 'indicators' }
  if (!isKnown && !/^[0-9a-z ]{2}$/.test(indicators)) return { wrong: 'indicators' }
  if (found[2] === undefined)
    return isKnown ? { field: { tag, indicators, subfields: [] } } : { wrong: 'no-subfield' }
  const subfields = subfieldsFrom(found[2], isKnown)
  return 'wrong' in subfields
    ? subfields
    : { field: { tag, indicators, subfields: subfields.subfields } satisfies DataField }
}

function subfieldsFrom(
  text: string,
  isKnown: boolean,
): { readonly subfields: readonly Subfield[] } | { readonly wrong: Wrong } {
  const subfields: Subfield[] = []
  for (const part of text.slice(1).split('$')) {
    const [, code = '', value = ''] = /^(\{[^{}]{1,10}\}|[^{}]|)(.*)$/su.exec(part) ?? []
    const read = { code: unnamed(code, isKnown), value: unnamed(value, isKnown) }
    if (read.code === undefined || read.value === undefined) return { wrong: 'name' }
    if (!isKnown && !/^[0-9a-z]$/.test(read.code)) return { wrong: 'subfield-code' }
    subfields.push({ code: read.code, value: read.value })
  }
  return { subfields }
}

function isControlTag(tag: string): boolean {
  return tag.startsWith('00')
}

const dollar = '{dollar}'
const brace = '{brace}'

/** What a line cannot carry, or a reader cannot see: line ends and other control characters, halves of characters. */
const inFixed = /[\p{Cc}\p{Cs}\u2028\u2029\uFEFF#{}$]|(?! )\s/gu
const inValue = /[\p{Cc}\p{Cs}\u2028\u2029\uFEFF{$]|\s$/gu
const inCode = /[\p{Cc}\p{Cs}\u2028\u2029\uFEFF{}$\s]/gu

function fixed(text: string): string {
  return named(text, inFixed).replaceAll(' ', '#')
}

function named(text: string, what: RegExp): string {
  return text.replaceAll(what, (character) => {
    if (character === '$') return dollar
    if (character === '{') return brace
    return `{U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}}`
  })
}

/**
 * The text with its names made characters again; undefined where a name is none, or where a new line holds what no file
 * of records carries: the separators of MARC, halves of characters and the like would be written as something else.
 */
function unnamed(text: string, isKnown: boolean): string | undefined {
  let isWhole = true
  const plain = text.replaceAll(/\{([^{}]*)\}|\{/g, (whole, name: string | undefined) => {
    if (whole === dollar) return '$'
    if (whole === brace) return '{'
    const code = /^U\+([0-9A-Fa-f]{4,6})$/.exec(name ?? '')?.[1]
    const point = code === undefined ? Number.NaN : Number.parseInt(code, 16)
    if (point <= 0x10_ff_ff) return String.fromCodePoint(point)
    isWhole = false
    return whole
  })
  return isWhole && (isKnown || fitForXml(plain) === plain) ? plain : undefined
}
