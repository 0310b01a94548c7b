import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { type ReadOptions, readIso2709 } from './iso2709.ts'
import { readMarcxml } from './marcxml.ts'
import type { Field, ReadRecord } from './record.ts'
import { lineOf, linesOf } from './record-lines.ts'

/** A longer record is not mended by hand: a form would not carry it whole. */
const bytesMax = 200_000
const leaderLength = 24
const entryLength = 12
/** Stands where a tag cannot be read, and is no tag itself. */
const noTag = '???'

/**
 * What can be read of a record that was set aside, as lines for whoever mends it. A whole record is read as it is; of a broken
 * one tags and fields are put side by side as they come, which may be wrong, and what is no field is told as none. It is read in
 * the encoding that its file was read in. Undefined where the record is too long.
 */
export async function salvagedLines(
  bytes: Buffer,
  kind: 'marc' | 'marcxml',
  options: ReadOptions = {},
): Promise<readonly string[] | undefined> {
  if (bytes.length > bytesMax) return undefined
  const read = kind === 'marc' ? readIso2709 : readMarcxml
  const whole = await firstOf(read(once(bytes), options))
  if (whole?.ok) return linesOf(whole.record)
  const text = textOf(bytes, options)
  return kind === 'marc' ? fromIso2709(text) : fromXml(text)
}

/** In the encoding that was told; of the others a broken record only shows whether it is UTF-8. */
function textOf(bytes: Buffer, { encoding = 'utf-8' }: ReadOptions): string {
  if (encoding !== 'utf-8' && encoding !== 'marc-8') return iconv.decode(bytes, encoding)
  return isUtf8(bytes) ? bytes.toString('utf8') : iconv.decode(bytes, 'windows-1252')
}

async function firstOf(records: AsyncIterable<ReadRecord>): Promise<ReadRecord | undefined> {
  for await (const record of records) return record
  return undefined
}

function fromIso2709(text: string): readonly string[] {
  const [head = '', ...bodies] = text.replaceAll('\x1d', '').split('\x1e')
  const directory = head.slice(leaderLength)
  const fields = bodies.filter((body) => body !== '')
  return [
    leaderLine(head.slice(0, leaderLength)),
    ...fields.map((body, index) => {
      const tag = directory.slice(index * entryLength, index * entryLength + 3)
      return fieldLine(/^[0-9A-Za-z]{3}$/.test(tag) ? tag : noTag, body)
    }),
  ]
}

function fieldLine(tag: string, body: string): string {
  const [start = '', ...subfields] = body.split('\x1f')
  if (subfields.length === 0 && (tag.startsWith('00') || tag === noTag)) return lineOf({ tag, value: body })
  const parts = subfields.length === 0 ? [`a${start}`] : subfields
  const field: Field = {
    tag,
    indicators: (subfields.length === 0 ? '' : start).padEnd(2).slice(0, 2),
    subfields: parts.filter(Boolean).map((part) => ({ code: part.slice(0, 1), value: part.slice(1) })),
  }
  return lineOf(field)
}

const element = /<(?:[\w-]{1,40}:)?(leader|controlfield|datafield|subfield)\b([^<>]{0,400})>([^<]{0,20000})/g

function fromXml(text: string): readonly string[] {
  let leader = ''
  const fields: Field[] = []
  for (const [, name = '', attributes = '', content = ''] of text.matchAll(element)) {
    const value = withoutReferences(content)
    const attribute = (key: string) => withoutReferences(attributes.split(`${key}="`)[1]?.split('"')[0] ?? '')
    const open = fields.at(-1)
    if (name === 'leader') leader = value
    else if (name === 'controlfield') fields.push({ tag: attribute('tag') || noTag, value })
    else if (name === 'datafield') {
      const indicators = `${attribute('ind1') || ' '}${attribute('ind2') || ' '}`
      fields.push({ tag: attribute('tag') || noTag, indicators, subfields: [] })
    } else if (open && 'subfields' in open) {
      const subfields = [...open.subfields, { code: attribute('code') || 'a', value }]
      fields[fields.length - 1] = { ...open, subfields }
    }
  }
  return [leaderLine(leader), ...fields.map(lineOf)]
}

const references: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
}

function withoutReferences(text: string): string {
  return text.replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (each) => references[each] ?? each)
}

const emptyLeader = '00000nam a2200000   4500'

function leaderLine(leader: string): string {
  const kept = leader.replaceAll(/[^ -~]/g, ' ')
  return `LDR ${(kept.trim() === '' ? emptyLeader : kept.padEnd(leaderLength).slice(0, leaderLength)).replaceAll(' ', '#')}`
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
