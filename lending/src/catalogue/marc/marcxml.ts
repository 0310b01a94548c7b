import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { worded } from '../../language/worded.ts'
import type { ReadOptions } from './iso2709.ts'
import {
  isControl,
  type MarcEncoding,
  type MarcRecord,
  marcEncodings,
  type ReadRecord,
  type RejectCode,
} from './record.ts'
import { recordFromPlainXml } from './record-from-plain-xml.ts'
import { recordFromXml } from './record-from-xml.ts'
import { elementBytesMax, type XmlFrame, xmlFramesOf } from './xml-frames.ts'

/**
 * Reads MARCXML, one record after the other in bounded memory. `raw` is the `record` element by itself, and reading
 * may begin at any of them. Takes files in UTF-8 and in any encoding of `marcEncodings` that the XML declaration or
 * the caller names. Refuses document types and entities past the five of XML. Never throws on what it reads.
 */
export async function* readMarcxml(
  bytes: AsyncIterable<Uint8Array>,
  { encoding: asked }: ReadOptions = {},
): AsyncGenerator<ReadRecord, void, undefined> {
  let number = 0
  for await (const frame of xmlFramesOf(bytes)) {
    number += 1
    const { position, raw } = frame
    const encoding = asked ?? encodings[frame.declared]
    const read = encoding ? recordOf(frame, encoding) : unreadable(frame.declared)
    if ('code' in read) yield { number, position, raw, ok: false, code: read.code, reason: read.reason }
    else yield { number, position, raw, ok: true, ...read, encoding: encoding ?? 'utf-8' }
    if (!encoding) return
  }
}

type Refused = { readonly code: RejectCode; readonly reason: string }

const encodings: Readonly<Record<string, MarcEncoding | undefined>> = {
  ...Object.fromEntries(marcEncodings.filter((name) => name !== 'marc-8').map((name) => [name, name])),
  '': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
}

function unreadable(declared: string): Refused {
  return { code: 'encoding-invalid', reason: worded('reject.encoding-declared', { declared }) }
}

const refusals: Readonly<Record<Exclude<XmlFrame['kind'], 'record'>, Refused>> = {
  unclosed: { code: 'record-truncated', reason: worded('reject.record-element-open') },
  'too-long': {
    code: 'record-too-long',
    reason: worded('reject.record-element-too-long', { max: elementBytesMax / (1024 * 1024) }),
  },
  doctype: { code: 'xml-unsafe', reason: worded('reject.doctype') },
  nothing: { code: 'not-marc', reason: worded('reject.no-record-element') },
}

function recordOf({ kind, raw }: XmlFrame, encoding: MarcEncoding) {
  if (kind !== 'record') return refusals[kind]
  const isUtf = encoding === 'utf-8' || encoding === 'marc-8'
  if (isUtf && !isUtf8(raw)) return { code: 'encoding-invalid', reason: worded('reject.not-utf-8') } as const
  const text = isUtf ? raw.toString('utf8') : iconv.decode(raw, encoding)
  if (!isUtf && text.includes('\uFFFD')) {
    return { code: 'encoding-invalid', reason: worded('reject.not-in', { encoding }) } as const
  }
  const plain = recordFromPlainXml(text.replaceAll(/\r\n?/g, '\n'))
  return plain ? { record: plain, warnings: [] } : recordFromXml(text)
}

/** The namespace of MARCXML. */
export const marcxmlNamespace = 'http://www.loc.gov/MARC21/slim'

/**
 * Writes a record as one MARCXML element, whole by itself. The leader says UTF-8. Control characters that XML
 * cannot carry (all but tab and line ends) are left out.
 */
export function writeMarcxml({ leader, fields }: MarcRecord): string {
  const unicode = `${leader.padEnd(9).slice(0, 9)}a${leader.slice(10)}`
  const lines = [`<record xmlns="${marcxmlNamespace}">`, `  <leader>${escaped(unicode)}</leader>`]
  for (const field of fields) {
    if (isControl(field)) {
      lines.push(`  <controlfield tag="${escaped(field.tag)}">${escaped(field.value)}</controlfield>`)
      continue
    }
    const [first = ' ', second = ' '] = field.indicators
    lines.push(`  <datafield tag="${escaped(field.tag)}" ind1="${escaped(first)}" ind2="${escaped(second)}">`)
    for (const { code, value } of field.subfields) {
      lines.push(`    <subfield code="${escaped(code)}">${escaped(value)}</subfield>`)
    }
    lines.push('  </datafield>')
  }
  return [...lines, '</record>'].join('\n')
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(notPlain, (character) => references[character] ?? keptControl(character))
}

const notPlain = /[&<>"\p{Cc}\uFFFE\uFFFF]/gu

function keptControl(character: string): string {
  return character === '\t' || character === '\n' || (character >= '\x7f' && character <= '\x9f')
    ? character
    : ''
}
