import { wordedFlaws } from '../../language/flaw.ts'
import { worded } from '../../language/worded.ts'
import { checkedFields } from '../checked-fields.ts'
import type { TitleFields } from '../title-fields.ts'
import type { Incoming, IncomingAt, IncomingTitle } from './incoming.ts'

/** The record with its fields in the catalogue's form; set aside when a field is missing or past its limit. */
export function checkedRecord(
  at: IncomingAt,
  made: Pick<IncomingTitle, 'fields' | 'copy' | 'warnings' | 'format' | 'encoding'>,
): Incoming {
  const { number, position, end, raw } = at
  const place = { number, position, end, raw }
  const checked = checkedFields(made.fields)
  if (checked.ok) return { ...place, ...made, ok: true, fields: { ...made.fields, ...checked.fields } }
  const isMissing = made.fields.title.trim() === ''
  return {
    ...place,
    ok: false,
    code: isMissing ? 'title-missing' : 'fields-invalid',
    reason: isMissing ? worded('reject.title-missing') : wordedFlaws(Object.values(checked.problems)),
  }
}

/** The fields as one line each, without control characters: what a record holds may come from anywhere. */
export function inOneLine(fields: TitleFields): TitleFields {
  const line = (text: string) => (hasBreaks.test(text) ? text.replaceAll(breaks, ' ').trim() : text)
  return {
    ...fields,
    title: line(fields.title),
    subtitle: line(fields.subtitle),
    publisher: line(fields.publisher),
    summary: line(fields.summary),
    controlNumber: fields.controlNumber === null ? null : line(fields.controlNumber),
    controlSource: line(fields.controlSource),
    authors: fields.authors.map(line),
    subjects: fields.subjects.map(line),
    series: fields.series.map(line),
    otherTitles: fields.otherTitles.map(line),
  }
}

const hasBreaks = /[\p{Cc}\u2028\u2029]/u
const breaks = /[\p{Cc}\u2028\u2029]+/gu
