/** One bibliographic record, free of any file format: 24 characters of leader, and fields in their order. */
export type MarcRecord = { readonly leader: string; readonly fields: readonly Field[] }

/** A control field carries bare text; a data field carries two indicators and subfields. */
export type Field = ControlField | DataField

/** Fields 001 to 009. */
export type ControlField = { readonly tag: string; readonly value: string }

/** All other fields. */
export type DataField = {
  readonly tag: string
  /** Two characters, blanks included. */
  readonly indicators: string
  readonly subfields: readonly Subfield[]
}

/** One part of a data field: its code, a letter or digit, and its text. */
export type Subfield = { readonly code: string; readonly value: string }

/** The character sets that a MARC file may be said to be in. */
export type MarcEncoding = (typeof marcEncodings)[number]

/** Every name that `--encoding` takes. */
export const marcEncodings = [
  'marc-8',
  'utf-8',
  'koi8-r',
  'koi8-u',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1255',
  'windows-1256',
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-5',
  'iso-8859-15',
  'cp866',
  'gbk',
  'big5',
  'shift_jis',
  'euc-kr',
] as const

/**
 * What a reader gives for each record of a file, in the order of the file. A record that cannot be trusted is
 * given too, with its bytes and the reason, so that it can be set aside and mended.
 */
export type ReadRecord =
  | (ReadAt & {
      readonly ok: true
      readonly record: MarcRecord
      /** What the bytes turned out to be in. */
      readonly encoding: MarcEncoding
      /** What was mended on the way, each a sentence. */
      readonly warnings: readonly string[]
    })
  | (ReadAt & { readonly ok: false; readonly code: RejectCode; readonly reason: string })

type ReadAt = {
  /** 1 is the first record of the file; rejected ones are counted. */
  readonly number: number
  /** Bytes from the start of the file to the start of this record. */
  readonly position: number
  /** The bytes of the record, its terminator included. */
  readonly raw: Uint8Array
}

/** Why a record was set aside. */
export type RejectCode =
  | 'not-marc'
  | 'record-truncated'
  | 'record-too-long'
  | 'leader-damaged'
  | 'fields-damaged'
  | 'encoding-invalid'
  | 'control-character'
  | 'xml-malformed'
  | 'xml-unsafe'

/** Says whether this field is one of 001 to 009. */
export function isControl(field: Field): field is ControlField {
  return 'value' in field
}

/** The text of the first control field with this tag. */
export function controlValue(record: MarcRecord, tag: string): string | undefined {
  for (const field of record.fields) if (field.tag === tag && isControl(field)) return field.value
  return undefined
}

/** The data fields with this tag, in the record's order. */
export function dataFields(record: MarcRecord, tag: string): readonly DataField[] {
  return byTag(record).get(tag) ?? none
}

/** A title asks for forty tags one after the other, and the record is gone through once. */
let latest:
  | { readonly of: MarcRecord; readonly fields: ReadonlyMap<string, readonly DataField[]> }
  | undefined
const none: readonly DataField[] = []

function byTag(record: MarcRecord): ReadonlyMap<string, readonly DataField[]> {
  if (latest?.of === record) return latest.fields
  const index = new Map<string, DataField[]>()
  for (const field of record.fields) {
    if (isControl(field)) continue
    const same = index.get(field.tag)
    if (same) same.push(field)
    else index.set(field.tag, [field])
  }
  latest = { of: record, fields: index }
  return index
}

/** The values of the subfields with one of these codes (each one character), in the field's order. */
export function subfieldValues(field: DataField, codes: string): readonly string[] {
  const values: string[] = []
  for (const { code, value } of field.subfields) if (codes.includes(code)) values.push(value)
  return values
}
