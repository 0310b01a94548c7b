import { worded } from '../../language/worded.ts'
import { type Field, isControl, type MarcEncoding, type MarcRecord, type ReadRecord } from './record.ts'
import { withFields } from './record-fields.ts'
import { type Frame, framesOf, splitAtLeaders } from './record-frames.ts'
import {
  type Broken,
  mendedStructure,
  recordBytesMax,
  type Structure,
  trueStructure,
} from './record-structure.ts'

/** How a file is to be read. */
export type ReadOptions = {
  /** What the file is in, against what its leaders say. Without it each record says so, and is checked. */
  readonly encoding?: MarcEncoding
}

/**
 * Reads MARC records (ISO 2709) one after the other in bounded memory. Never throws on what it reads: a record
 * that cannot be trusted is given with its bytes and the reason, and the next one is found all the same.
 */
export async function* readIso2709(
  bytes: AsyncIterable<Uint8Array>,
  { encoding }: ReadOptions = {},
): AsyncGenerator<ReadRecord, void, undefined> {
  let number = 0
  for await (const frame of framesOf(bytes)) {
    const structure = frame.end === 'terminator' ? trueStructure(frame.raw) : undefined
    if (structure) {
      number += 1
      yield readRecord(frame, number, structure, encoding)
      continue
    }
    for (const part of splitAtLeaders(frame)) {
      number += 1
      yield readRecord(part, number, structureOf(part), encoding)
    }
  }
}

function structureOf({ raw, end }: Frame): Structure | Broken {
  if (end === 'endless')
    return { broken: 'record-too-long', reason: worded('reject.no-terminator', { bytes: raw.length }) }
  return (end === 'terminator' ? trueStructure(raw) : undefined) ?? mendedStructure(raw, end === 'cut')
}

function readRecord(
  { position, raw }: Frame,
  number: number,
  structure: Structure | Broken,
  encoding: MarcEncoding | undefined,
): ReadRecord {
  const read = 'broken' in structure ? structure : withFields(raw, structure, encoding)
  if ('broken' in read) return { number, position, raw, ok: false, code: read.broken, reason: read.reason }
  return { number, position, raw, ok: true, ...read }
}

/** The record, or one of its fields, is longer than the figures of ISO 2709 can say. */
export class MarcTooLongError extends Error {
  override readonly name = 'MarcTooLongError'
  readonly code = 'BIBBY_MARC_TOO_LONG'
  constructor(bytes: number, field?: string) {
    const what = field
      ? `Field ${field} has ${bytes} bytes, and a field`
      : `The record has ${bytes} bytes, and a record`
    super(
      `${what} of ISO 2709 has at most ${field ? fieldBytesMax : recordBytesMax}. Nothing was written; use MARCXML.`,
    )
  }
}

/** ISO 2709 has four figures for the length of a field. */
const fieldBytesMax = 9_999

/**
 * Writes a record as ISO 2709 in UTF-8, which leader position 9 then says. Characters that are the structure
 * itself (1D to 1F) become blanks. A record that is too long for the format is a MarcTooLongError, unless `overlong`
 * is `saturate`: then its lengths say 99999 and 9999, as other systems write it; readers that split at the
 * terminators, as this one does, get all of it.
 */
export function writeIso2709(
  { leader, fields }: MarcRecord,
  { overlong = 'refuse' }: { overlong?: 'refuse' | 'saturate' } = {},
): Uint8Array {
  let directory = ''
  let start = 0
  const bodies: Buffer[] = []
  for (const field of fields) {
    const body = Buffer.from(`${fieldText(field)}\x1e`)
    if (body.length > fieldBytesMax && overlong === 'refuse')
      throw new MarcTooLongError(body.length, field.tag)
    directory += tagText(field.tag) + figures(body.length, 4) + figures(start, 5)
    bodies.push(body)
    start += body.length
  }
  const base = leaderLength + directory.length + 1
  const length = base + start + 1
  if (length > recordBytesMax && overlong === 'refuse') throw new MarcTooLongError(length)
  const status = leader.padEnd(leaderLength).replaceAll(/[^ -~]/g, ' ')
  const head = `${figures(length, 5)}${status.slice(5, 9)}a22${figures(base, 5)}${status.slice(17, 20)}4500`
  return Buffer.concat([Buffer.from(`${head}${directory}\x1e`), ...bodies, Buffer.of(0x1d)], length)
}

const leaderLength = 24

function fieldText(field: Field): string {
  if (isControl(field)) return unstructured(field.value)
  const subfields = field.subfields.map(
    ({ code, value }) => `\x1f${subfieldCode(code)}${unstructured(value)}`,
  )
  return `${field.indicators
    .replaceAll(/[^ -~]/g, ' ')
    .padEnd(2)
    .slice(0, 2)}${subfields.join('')}`
}

function unstructured(text: string): string {
  return text.replaceAll('\x1d', ' ').replaceAll('\x1e', ' ').replaceAll('\x1f', ' ')
}

function subfieldCode(code: string): string {
  return unstructured(code) || ' '
}

/** A directory has room for three letters or figures. */
function tagText(tag: string): string {
  return /^[0-9A-Za-z]{3}$/.test(tag) ? tag : '999'
}

function figures(value: number, length: number): string {
  return String(Math.min(value, 10 ** length - 1)).padStart(length, '0')
}
