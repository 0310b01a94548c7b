import { formatOf } from '../marc/format-of.ts'
import { readIso2709 } from '../marc/iso2709.ts'
import { readMarcxml } from '../marc/marcxml.ts'
import { type MarcEncoding, marcEncodings, type ReadRecord } from '../marc/record.ts'
import { titleOf } from '../marc/title-of.ts'
import { checkedRecord, inOneLine } from './checked-record.ts'
import type { ImportSetup } from './import-setup.ts'
import type { From, Incoming } from './incoming.ts'
import { fileBytes } from './source-file.ts'

/** The records of a MARC file (ISO 2709 or MARCXML) from this place on. */
export async function* marcRecords(
  filePath: string,
  setup: ImportSetup,
  from: From,
): AsyncGenerator<Incoming> {
  const encoding = marcEncoding(setup.encoding)
  const options = encoding === undefined ? {} : { encoding }
  if (setup.format === 'marcxml') {
    // What the XML declaration says holds for every record, so the file is read from its start.
    for await (const read of readMarcxml(fileBytes(filePath, 0), options)) {
      if (read.number > from.number) yield incomingMarc(read, 'marcxml', { position: 0, number: 0 })
    }
    return
  }
  for await (const read of readIso2709(fileBytes(filePath, from.position), options)) {
    yield incomingMarc(read, 'marc', from)
  }
}

/** The encoding by the name that the MARC readers know; undefined when they know none of this name. */
export function marcEncoding(name: string | undefined): MarcEncoding | undefined {
  return marcEncodings.find((known) => known === name?.toLowerCase())
}

/** A record that was read, as the catalogue takes it in. */
export function incomingMarc(read: ReadRecord, kind: 'marc' | 'marcxml', from: From): Incoming {
  const { raw } = read
  const position = from.position + read.position
  const at = { number: from.number + read.number, position, end: position + raw.length, raw }
  if (!read.ok) return { ...at, ok: false, code: read.code, reason: read.reason }
  const format = formatOf(read.record)
  const fields = titleOf(read.record, format)
  if ('refused' in fields) return { ...at, ok: false, code: fields.refused, reason: fields.reason }
  return checkedRecord(at, {
    fields: inOneLine(fields),
    copy: undefined,
    warnings: read.warnings.length > 0 ? ['record-mended'] : [],
    format: kind === 'marcxml' ? 'marcxml' : format,
    encoding: read.encoding,
  })
}
