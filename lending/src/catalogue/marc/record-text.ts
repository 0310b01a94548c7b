import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { decodeMarc8 } from './marc-8.ts'
import { isPlausible } from './plausible-text.ts'
import type { MarcEncoding } from './record.ts'

/**
 * Decodes one value of a record that has more than plain ASCII in it. Undefined when its bytes cannot be in the
 * record's encoding.
 */
export type DecodeValue = (bytes: Buffer) => string | undefined

/** How the values of one record are decoded. */
export type RecordText = {
  readonly encoding: MarcEncoding
  readonly decode: DecodeValue
  readonly warnings: readonly string[]
}

/**
 * Chooses how a record is decoded: by the encoding that was asked for, or by what its leader says (position 9:
 * `a` is UTF-8, all else MARC-8) unless the bytes deny it. Valid UTF-8 of more than one byte a character is never
 * MARC-8 by chance, so it is believed before the leader is.
 */
export function textOf(raw: Buffer, saysUtf8: boolean, asked: MarcEncoding | undefined): RecordText {
  const says = asked ?? (saysUtf8 ? 'utf-8' : 'marc-8')
  if (says === 'utf-8') return { encoding: says, decode: utf8OrEscapes, warnings: [] }
  if (says !== 'marc-8') return { encoding: says, decode: by(says), warnings: [] }
  const isReallyUtf8 =
    asked === undefined &&
    !isAscii(raw) &&
    isUtf8(raw) &&
    !g1Escapes.some((sequence) => raw.includes(sequence))
  if (!isReallyUtf8) return { encoding: says, decode: marc8, warnings: [] }
  return {
    encoding: 'utf-8',
    decode: utf8OrEscapes,
    warnings: ['The leader does not say UTF-8, but the bytes are UTF-8.'],
  }
}

/**
 * A second way, for a record of which some values cannot be in its encoding: the others stay as they are, and
 * these are read in another encoding in which all of them make sense together. Undefined when there is none.
 */
export function secondTextOf(first: RecordText, doubtful: readonly Buffer[]): RecordText | undefined {
  const others = seconds[first.encoding] ?? []
  const encoding = others.find((other) => makesSense(doubtful, other))
  if (!encoding) return undefined
  const decodeOther = by(encoding)
  return {
    encoding: first.encoding,
    // Latin-1 beside MARC-8 decodes as MARC-8 without complaint, so there the whole record is taken to be Latin-1.
    decode:
      first.encoding === 'marc-8' && encoding === 'windows-1252'
        ? (bytes) => (isAscii(bytes) ? first.decode(bytes) : decodeOther(bytes))
        : (bytes) => first.decode(bytes) ?? decodeOther(bytes),
    warnings: [
      ...first.warnings,
      `The record is in ${first.encoding}, but ${doubtful.length} of its values are in ${encoding}.`,
    ],
  }
}

/** What is tried when a value is invalid, the likeliest first. An encoding that was asked for has none. */
const seconds: Partial<Record<MarcEncoding, readonly MarcEncoding[]>> = {
  'utf-8': ['marc-8', 'windows-1252'],
  'marc-8': ['utf-8', 'windows-1252'],
}

const escapeCode = 0x1b
/** Only these change what bytes past ASCII mean. */
const g1Escapes = ['\x1b)', '\x1b-', '\x1b$)', '\x1b$-']
const designations = ['\x1b(', '\x1b$', '\x1b)', '\x1bg', '\x1bb', '\x1bp', '\x1bs']

function makesSense(doubtful: readonly Buffer[], encoding: MarcEncoding): boolean {
  const decode = by(encoding)
  const values: string[] = []
  for (const bytes of doubtful) {
    const value = decode(bytes)
    if (value === undefined) return false
    values.push(value)
  }
  return encoding === 'utf-8' || isPlausible(values, encoding === 'marc-8' ? 'marc-8' : 'single-byte')
}

function by(encoding: MarcEncoding): DecodeValue {
  if (encoding === 'utf-8') return utf8
  if (encoding === 'marc-8') return marc8
  return (bytes) => {
    const text = iconv.decode(bytes, encoding)
    return text.includes('\uFFFD') ? undefined : text
  }
}

function utf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** Some files in UTF-8 kept the escapes of their MARC-8 days; these are ASCII throughout. */
function utf8OrEscapes(bytes: Buffer): string | undefined {
  if (
    bytes.includes(escapeCode) &&
    isAscii(bytes) &&
    designations.some((sequence) => bytes.includes(sequence))
  ) {
    return marc8(bytes) ?? bytes.toString('latin1')
  }
  return utf8(bytes)
}

function marc8(bytes: Buffer): string | undefined {
  const { text, problems } = decodeMarc8(bytes)
  return problems.length === 0 ? text : undefined
}
