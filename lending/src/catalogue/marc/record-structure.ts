import { worded } from '../../language/worded.ts'
import type { RejectCode } from './record.ts'

/** Where one field stands in the bytes of its record; its terminator is left out. */
export type FieldPlace = { readonly tag: string; readonly from: number; readonly to: number }

/** How a record is put together, before any of its text is read. */
export type Structure = {
  readonly leader: string
  readonly places: readonly FieldPlace[]
  readonly warnings: readonly string[]
}

/** Why the bytes are not a record; the reason is kept as a message, for `readWords`. */
export type Broken = { readonly broken: RejectCode; readonly reason: string }

/** The structure of a record whose length and directory are true, or undefined. */
export function trueStructure(raw: Buffer): Structure | undefined {
  if (raw[raw.length - 1] !== recordTerminator || figure(raw, 0, 5) !== raw.length) return undefined
  const base = figure(raw, 12, 5)
  const places = truePlaces(raw, base)
  if (!places) return undefined
  return {
    leader: raw.toString('latin1', 0, leaderLength),
    places,
    warnings: strayWarnings(raw, base, places),
  }
}

/**
 * The structure of a record that lies about its length or its directory. In turn:
 * - the length is wrong and the directory true: the directory is believed;
 * - the directory is wrong, and names as many fields as there are between terminators: the tags are given in the
 *   order of their starts, provided that each field looks like what its tag says (this is how files look whose
 *   lengths count characters instead of bytes);
 * - the directory lost its first zero: it is put back;
 * - only the record terminator is missing: it is thought there.
 * Anything else is refused: a tag that may belong to another field would be a wrong record, not a damaged one.
 */
export function mendedStructure(raw: Buffer, isCut: boolean): Structure | Broken {
  if (raw.length < leaderLength + 2) return isCut ? truncated(raw) : notMarc
  const firstTerminator = raw.indexOf(fieldTerminator, leaderLength)
  const leader = raw.toString('latin1', 0, leaderLength)
  if (!/^.{5}[\x20-\x7e]{7}.{5}[\x20-\x7e]{3}/.test(leader) || firstTerminator < 0)
    return isCut ? truncated(raw) : notMarc
  if (isCut && raw[raw.length - 1] !== fieldTerminator) return truncated(raw)

  const warnings = isCut ? ['The record terminator was missing.'] : []
  const whole = isCut ? Buffer.concat([raw, Buffer.of(recordTerminator)]) : raw
  const length = figure(whole, 0, 5)
  if (length !== whole.length) warnings.push(lengthWarning(leader, whole.length))

  const base = figure(whole, 12, 5)
  const places = truePlaces(whole, base)
  if (places) return { leader, places, warnings: [...warnings, ...strayWarnings(whole, base, places)] }
  if (isCut) return truncated(raw)
  return placesInOrder(whole, firstTerminator + 1, leader, [...warnings, 'The directory was wrong.'])
}

const leaderLength = 24
const entryLength = 12
const fieldTerminator = 0x1e
const recordTerminator = 0x1d
const delimiter = 0x1f
const zero = 0x30
const nine = 0x39

const notMarc: Broken = { broken: 'not-marc', reason: worded('reject.no-directory') }

function truncated(raw: Buffer): Broken {
  if (!/^[\d ]/.test(raw.toString('latin1', 0, 1))) return notMarc
  const said = figure(raw, 0, 5)
  const bytes = raw.length
  const reason = Number.isNaN(said)
    ? worded('reject.record-cut', { bytes })
    : worded('reject.record-cut-of', { bytes, length: said })
  return { broken: 'record-truncated', reason }
}

function lengthWarning(leader: string, bytes: number): string {
  return bytes > recordBytesMax
    ? `The record has ${bytes} bytes, more than its leader can say.`
    : `The leader says ${JSON.stringify(leader.slice(0, 5))} bytes; there are ${bytes}.`
}

/** ISO 2709 has five figures for a length. */
export const recordBytesMax = 99_999

/** Every entry of the directory, if each ends exactly at a field terminator and holds none. */
function truePlaces(raw: Buffer, base: number): FieldPlace[] | undefined {
  const length = base - 1 - leaderLength
  if (!(length >= 0) || length % entryLength !== 0 || raw[base - 1] !== fieldTerminator) return undefined
  const directory = raw.toString('latin1', 0, base)
  const places: FieldPlace[] = []
  for (let at = leaderLength; at < base - 1; at += entryLength) {
    const from = base + figure(raw, at + 7, 5)
    const to = from + figure(raw, at + 3, 4) - 1
    if (!(to >= from) || raw.indexOf(fieldTerminator, from) !== to) return undefined
    const tag = directory.slice(at, at + 3)
    if (!isTag(tag)) return undefined
    places.push({ tag, from, to })
  }
  return places
}

function strayWarnings(raw: Buffer, base: number, places: readonly FieldPlace[]): string[] {
  const inFields = places.reduce((bytes, { from, to }) => bytes + to - from + 1, 0)
  const stray = raw.length - 1 - base - inFields
  return stray === 0 ? [] : [`${Math.abs(stray)} bytes stand in ${stray > 0 ? 'no' : 'more than one'} field.`]
}

function placesInOrder(raw: Buffer, base: number, leader: string, warnings: string[]): Structure | Broken {
  let directory = raw.toString('latin1', leaderLength, base - 1)
  if (directory.length % entryLength === entryLength - 1) directory = `0${directory}`
  const entries = directory.match(/.{12}/gs) ?? []
  if (directory.length % entryLength !== 0 || !entries.every((entry) => isTag(entry.slice(0, 3)))) {
    return { broken: 'fields-damaged', reason: worded('reject.directory-unreadable') }
  }
  const fields = betweenTerminators(raw, base)
  if (fields.length !== entries.length) {
    const reason = worded('reject.directory-count', { entries: entries.length, fields: fields.length })
    return { broken: 'fields-damaged', reason }
  }
  const order = entries.map((entry, index) => ({ index, start: Number(entry.slice(7)) }))
  // Past five figures the starts say nothing.
  const isSortable = raw.length <= recordBytesMax && order.every(({ start }) => Number.isInteger(start))
  if (isSortable) order.sort((a, b) => a.start - b.start || a.index - b.index)
  const places: FieldPlace[] = []
  for (const [rank, { index }] of order.entries()) {
    const tag = entries[index]?.slice(0, 3) ?? ''
    const { from, to } = fields[rank] ?? { from: 0, to: 0 }
    if (!looksLike(tag, raw.subarray(from, to))) {
      return { broken: 'fields-damaged', reason: worded('reject.directory-wrong', { tag }) }
    }
    places[index] = { tag, from, to }
  }
  return { leader, places, warnings }
}

function betweenTerminators(raw: Buffer, base: number): { from: number; to: number }[] {
  const fields: { from: number; to: number }[] = []
  let from = base
  for (let to = raw.indexOf(fieldTerminator, from); to >= 0; to = raw.indexOf(fieldTerminator, from)) {
    fields.push({ from, to })
    from = to + 1
  }
  // The last field may have lost its terminator to the record's.
  if (from < raw.length - 1) fields.push({ from, to: raw.length - 1 })
  return fields
}

/** A control field has no delimiter; any other has its first behind two indicators, or nothing but these. */
function looksLike(tag: string, field: Buffer): boolean {
  const at = field.indexOf(delimiter)
  return tag.startsWith('00') ? at < 0 : at === 2 || (at < 0 && field.length === 2)
}

function isTag(tag: string): boolean {
  return /^[0-9A-Za-z]{3}$/.test(tag)
}

/** Decimal figures, or NaN. */
function figure(raw: Buffer, from: number, length: number): number {
  let value = 0
  for (let at = from; at < from + length; at++) {
    const byte = raw[at] ?? 0
    if (byte < zero || byte > nine) return Number.NaN
    value = value * 10 + byte - zero
  }
  return value
}
