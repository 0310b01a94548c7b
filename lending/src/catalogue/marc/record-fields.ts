import { worded } from '../../language/worded.ts'
import type { DataField, Field, MarcEncoding, MarcRecord, Subfield } from './record.ts'
import type { Broken, FieldPlace, Structure } from './record-structure.ts'
import { type DecodeValue, type RecordText, secondTextOf, textOf } from './record-text.ts'

/** A record with its text, and what was mended in it. */
export type WithFields = {
  readonly record: MarcRecord
  readonly encoding: MarcEncoding
  readonly warnings: readonly string[]
}

/**
 * Reads the text of a record whose structure is known. Values that are invalid in the record's encoding are read
 * in another one if they all make sense there; otherwise the record is refused, for a title with holes in it is
 * worse than one that is set aside to be mended.
 */
export function withFields(
  raw: Buffer,
  structure: Structure,
  asked: MarcEncoding | undefined,
): WithFields | Broken {
  const saysUtf8 = structure.leader[encodingPosition] === 'a'
  const first = textOf(raw, saysUtf8, asked)
  const built = build(raw, structure, first)
  if (built.doubtful.length === 0) return finished(built, structure, first)
  const second = asked
    ? undefined
    : secondTextOf(
        first,
        built.doubtful.map(({ bytes }) => bytes),
      )
  const rebuilt = second ? build(raw, structure, second) : built
  const [doubt] = rebuilt.doubtful
  if (!second || doubt) return invalid(doubt ?? built.doubtful[0], first.encoding, rebuilt.doubtful.length)
  return finished(rebuilt, structure, second)
}

const encodingPosition = 9
const delimiter = '\x1f'
const escapeCode = 0x1b
const firstAscii = 0x20
const lastAscii = 0x7e
/** A record with more to say about itself says it in its first ones. */
const warningsMax = 10

type Doubt = { readonly tag: string; readonly bytes: Buffer }

type Building = {
  readonly raw: Buffer
  /** The same, a character a byte: what is in ASCII is cut from here. */
  readonly latin: string
  readonly decode: DecodeValue
  readonly doubtful: Doubt[]
  readonly warnings: Set<string>
  readonly fields: Field[]
}

function build(raw: Buffer, { places }: Structure, { decode }: RecordText): Building {
  const building: Building = {
    raw,
    latin: raw.toString('latin1'),
    decode,
    doubtful: [],
    warnings: new Set(),
    fields: [],
  }
  for (const place of places) {
    building.fields.push(
      place.tag.startsWith('00') ? controlField(building, place) : dataField(building, place),
    )
  }
  return building
}

function finished(building: Building, structure: Structure, text: RecordText): WithFields {
  const leader = /[^ -~]/.test(structure.leader)
    ? structure.leader.replaceAll(/[^ -~]/g, ' ')
    : structure.leader
  const warnings = [...structure.warnings, ...text.warnings, ...building.warnings]
  if (leader !== structure.leader) warnings.push('The leader holds what is not ASCII.')
  if (hasControl(building.raw)) warnings.push('A value holds a control character.')
  return {
    record: { leader, fields: building.fields },
    encoding: text.encoding,
    warnings: warnings.slice(0, warningsMax),
  }
}

function invalid(doubt: Doubt | undefined, encoding: MarcEncoding, values: number): Broken {
  const bytes = doubt?.bytes
    .subarray(0, 40)
    .toString('latin1')
    .replaceAll(/[^ -~]/g, (character) => {
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
    })
  const found = { tag: doubt?.tag ?? '', encoding, bytes: bytes ?? '' }
  const reason =
    values > 1
      ? worded('reject.fields-not-in', { ...found, others: values - 1 })
      : worded('reject.field-not-in', found)
  return { broken: 'encoding-invalid', reason }
}

function controlField(building: Building, { tag, from, to }: FieldPlace): Field {
  const value = text(building, tag, from, to)
  if (!value.includes('\x1f')) return { tag, value }
  building.warnings.add(`Field ${tag} has subfields, which a control field cannot have.`)
  const [head = '', ...parts] = value.split('\x1f')
  return { tag, value: [head.trim(), ...parts.map((part) => part.slice(1))].filter(Boolean).join(' ') }
}

function dataField(building: Building, { tag, from, to }: FieldPlace): DataField {
  const { latin, warnings } = building
  let at = next(latin, from, to)
  const subfields: Subfield[] = []
  let indicators = latin.slice(from, Math.min(at, from + 2))
  if (at !== from + 2 || !/^[ -~]{2}$/.test(indicators)) {
    if (at !== to || to !== from + 2) warnings.add(`Field ${tag} has not exactly two indicators.`)
    indicators = indicators.replaceAll(/[^ -~]/g, ' ').padEnd(2)
    // Text that no subfield claims is kept as one.
    if (at > from + 2) subfields.push({ code: 'a', value: text(building, tag, from + 2, at) })
  }
  while (at < to) {
    const end = next(latin, at + 1, to)
    const subfield = subfieldAt(building, tag, at + 1, end)
    if (subfield) subfields.push(subfield)
    at = end
  }
  return { tag, indicators, subfields }
}

function subfieldAt(building: Building, tag: string, from: number, to: number): Subfield | undefined {
  const code = building.raw[from] ?? 0
  if (from === to) {
    building.warnings.add(`Field ${tag} has a delimiter with nothing behind it.`)
    return undefined
  }
  if (code >= firstAscii && code <= lastAscii) {
    return { code: String.fromCharCode(code), value: text(building, tag, from + 1, to) }
  }
  building.warnings.add(`Field ${tag} has a subfield whose code is not ASCII.`)
  const [first = '?', ...rest] = text(building, tag, from, to)
  return { code: first, value: rest.join('') }
}

function next(latin: string, from: number, to: number): number {
  const at = latin.indexOf(delimiter, from)
  return at < 0 || at > to ? to : at
}

function text(building: Building, tag: string, from: number, to: number): string {
  const { raw, latin } = building
  if (isPlain(raw, from, to)) return latin.slice(from, to)
  const bytes = raw.subarray(from, to)
  const value = building.decode(bytes)
  if (value === undefined) building.doubtful.push({ tag, bytes })
  return value ?? ''
}

/** ASCII without an escape reads alike in every encoding. */
function isPlain(raw: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = raw[at] ?? 0
    if (byte > lastAscii + 1 || byte === escapeCode) return false
  }
  return true
}

/** The structure's own three and the escape apart. */
function hasControl(raw: Buffer): boolean {
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0
    if (byte < firstAscii ? byte < escapeCode || byte === 0x1c : byte === lastAscii + 1) return true
  }
  return false
}
