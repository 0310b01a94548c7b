import { worded } from '../../language/worded.ts'
import type { TitleFields } from '../title-fields.ts'
import type { MarcFormat } from './format-of.ts'
import type { MarcRecord } from './record.ts'
import { marc21Title } from './title-of-marc21.ts'
import { unimarcTitle } from './title-of-unimarc.ts'

/** A record that cannot be a title of the catalogue. */
export type TitleRefused = { readonly refused: 'title-missing'; readonly reason: string }

/** What the catalogue needs to know of a record. The record itself is kept beside it, so nothing is lost. */
export function titleOf(record: MarcRecord, format: MarcFormat): TitleFields | TitleRefused {
  const fields = format === 'unimarc' ? unimarcTitle(record) : marc21Title(record)
  if (fields.title !== '') return fields
  return {
    refused: 'title-missing',
    reason: worded('reject.record-title-missing', { tag: format === 'unimarc' ? '200' : '245' }),
  }
}
