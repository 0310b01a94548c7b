import type { TitleFields } from '../title-fields.ts'
import type { RowCopy } from './csv-title.ts'
import type { Warning } from './warning.ts'

/** A record of a file on its way into the catalogue, whatever its format; or why it cannot go in. */
export type Incoming = IncomingTitle | IncomingReject

/** Where a record stands in the file, and its bytes. */
export type IncomingAt = {
  /** 1 is the first record of the file. */
  readonly number: number
  /** Bytes of the unpacked file (of its UTF-8 text, for CSV) before the record, and through its end. */
  readonly position: number
  readonly end: number
  readonly raw: Uint8Array
}

/** Where reading begins: how many bytes and records are already done. */
export type From = { readonly position: number; readonly number: number }

/** A record that makes a title. */
export type IncomingTitle = IncomingAt & {
  readonly ok: true
  readonly fields: TitleFields
  readonly format: RecordFormat
  readonly encoding: string
  readonly copy: RowCopy | undefined
  readonly warnings: readonly Warning[]
}

/** A record that is set aside. */
export type IncomingReject = IncomingAt & {
  readonly ok: false
  /** As the readers name it, or `title-missing`, `fields-invalid`, `number-of-another-title`. */
  readonly code: string
  /** A sentence for whoever mends it. */
  readonly reason: string
}

/** The formats that `title_record` keeps. */
export type RecordFormat = 'marc21' | 'unimarc' | 'marcxml' | 'csv'
