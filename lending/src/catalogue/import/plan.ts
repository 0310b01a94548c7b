import { hash } from 'node:crypto'
import { worded } from '../../language/worded.ts'
import type { SearchText } from '../stored-title.ts'
import type { TitleFields } from '../title-fields.ts'
import { foldedText } from '../tokens.ts'
import type { RowCopy } from './csv-title.ts'
import { fieldsDigest, type Identity } from './identity.ts'
import { guessedSourcePrefix } from './import-setup.ts'
import type { IncomingReject, IncomingTitle, RecordFormat } from './incoming.ts'
import type { CopiesNamed } from './make-copies.ts'

/** The title that stands under a number before a record of that number is looked at. */
export type Standing = {
  readonly titleId: number
  readonly version: number
  readonly fields: TitleFields
  /** Of the record that it came with; null when it came without one. */
  readonly rawSha256: Buffer | null
  readonly fieldsSha256: Buffer | null
  /** Which import its record came from, as seen from this one. */
  readonly from: 'this-import' | 'this-file-before' | 'elsewhere'
  /** The place of its record in that file. */
  readonly recordNumber: number
}

/** One title as a batch leaves it. */
export type Planned = {
  readonly identity: Identity
  /** Undefined for a new title. */
  readonly titleId: number | undefined
  readonly version: number
  readonly fields: TitleFields
  /** What search keeps of the fields, where it was made ahead. */
  readonly text: SearchText | undefined
  readonly raw: Uint8Array
  readonly rawSha256: Buffer
  readonly fieldsSha256: Buffer
  readonly format: RecordFormat
  readonly encoding: string
  readonly recordNumber: number
  /** The copies that its records name. */
  readonly copies: readonly RowCopy[]
}

/** What a batch of records comes to. read = imported + updated + unchanged + rejected. */
export type Plan = {
  readonly created: readonly Planned[]
  readonly changed: readonly Planned[]
  /** The copies that records name which say nothing new. */
  readonly unchanged: readonly CopiesNamed[]
  readonly rejected: readonly IncomingReject[]
  readonly counts: Counts
  /** What became of each record, in the order of the file. */
  readonly fates: readonly Fate[]
}

/** How many records went which way. */
export type Counts = {
  readonly read: number
  readonly imported: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
}

/** What becomes of one record. */
export type Fate = 'imported' | 'updated' | 'unchanged' | 'rejected'

/** A record with the number it goes by, and what search keeps of its own fields where that was made ahead. */
export type Numbered = {
  readonly record: IncomingTitle
  readonly identity: Identity
  readonly text?: SearchText
  readonly digests?: Digests
}

/** Of the bytes of a record, and of the fields that were made of them. */
export type Digests = { readonly rawSha256: Buffer; readonly fieldsSha256: Buffer }

/** What a record is known by to say nothing new. */
export function digestsOf({ record, identity }: Pick<Numbered, 'record' | 'identity'>): Digests {
  return {
    rawSha256: hash('sha256', record.raw, 'buffer'),
    fieldsSha256: fieldsDigest({ ...record.fields, ...identity }),
  }
}

/** The key under which a standing title is found. */
export function identityKey({ controlSource, controlNumber }: Identity): string {
  return `${controlSource}\u0000${controlNumber}`
}

/**
 * Decides for each record of a batch, in the order of the file: new, a change, nothing new, or set aside. Touches
 * nothing; the same answer serves the preview and the import.
 */
export function plan(
  incoming: readonly (Numbered | IncomingReject)[],
  standing: ReadonlyMap<string, Standing>,
): Plan {
  const drafts = new Map<string, Draft>()
  const unchanged: CopiesNamed[] = []
  const rejected: IncomingReject[] = []
  const fates: Fate[] = []
  for (const each of incoming) {
    if (!('record' in each)) {
      rejected.push(each)
      fates.push('rejected')
      continue
    }
    const key = identityKey(each.identity)
    const draft = drafts.get(key) ?? draftOf(standing.get(key))
    const fate = decide(each, draft)
    if (typeof fate === 'object') {
      rejected.push(fate)
      fates.push('rejected')
      continue
    }
    if (fate === 'unchanged' && draft.standing && each.record.copy) {
      unchanged.push({ titleId: draft.standing.titleId, copies: [each.record.copy] })
    }
    drafts.set(key, draft)
    fates.push(fate)
  }
  const touched = [...drafts.values()].flatMap(({ planned }) => planned ?? [])
  const count = (fate: Fate) => fates.filter((each) => each === fate).length
  return {
    created: touched.filter(({ titleId }) => titleId === undefined),
    changed: touched.filter(({ titleId }) => titleId !== undefined),
    unchanged,
    rejected,
    fates,
    counts: {
      read: fates.length,
      imported: count('imported'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      rejected: count('rejected'),
    },
  }
}

/** The title under one number while the batch is gone through: as it stood, then as the batch leaves it. */
type Draft = { standing: Standing | undefined; planned: Planned | undefined }

function draftOf(standing: Standing | undefined): Draft {
  return { standing, planned: undefined }
}

function decide(each: Numbered, draft: Draft): Fate | IncomingReject {
  const { record, identity, text } = each
  const before = draft.planned ?? draft.standing
  const isOwn = draft.planned !== undefined || draft.standing?.from === 'this-import'
  const { rawSha256, fieldsSha256 } = each.digests ?? digestsOf(each)
  const own = { ...record.fields, ...identity }
  if (!before) {
    draft.planned = planned(record, {
      identity,
      fields: own,
      text,
      rawSha256,
      fieldsSha256,
      titleId: undefined,
      version: 1,
      copies: copyOf(record),
    })
    return 'imported'
  }
  if (isSame(before.rawSha256, rawSha256) && isSame(before.fieldsSha256, fieldsSha256)) return 'unchanged'
  // A later row of this very file already stands: the file as a whole says nothing new.
  if (!isOwn && draft.standing?.from === 'this-file-before' && draft.standing.recordNumber >= record.number) {
    return 'unchanged'
  }
  const isSameWork = reallyTheSame(before.fields, own)
  if (!isSameWork && (isOwn || isNumberedByNobody(own))) return foreign(record, identity, before.fields)
  const fields = isOwn && record.format === 'csv' && isSameWork ? joined(before.fields, own) : own
  draft.planned = planned(record, {
    identity,
    fields,
    text: fields === own ? text : undefined,
    rawSha256,
    fieldsSha256: fields === own ? fieldsSha256 : fieldsDigest(fields),
    titleId: before.titleId,
    version: before.version + 1,
    copies: [...(draft.planned?.copies ?? []), ...copyOf(record)],
  })
  return 'updated'
}

function planned(
  record: IncomingTitle,
  made: Omit<Planned, 'raw' | 'format' | 'encoding' | 'recordNumber'>,
): Planned {
  const { raw, format, encoding, number } = record
  return { ...made, raw, format, encoding, recordNumber: number }
}

function copyOf({ copy }: IncomingTitle): readonly RowCopy[] {
  return copy ? [copy] : []
}

function isSame(one: Buffer | null, other: Buffer): boolean {
  return one?.equals(other) ?? false
}

/**
 * They share an ISBN, or all of their titles, or some: a correction changes part of a title, hardly ever all of it
 * and its authors too. Words such as `the` and `of` are in any title, so they say nothing.
 */
function reallyTheSame(one: TitleFields, other: TitleFields): boolean {
  if (one.isbns.some((isbn) => other.isbns.includes(isbn))) return true
  const [title, otherTitle] = [one, other].map((each) => foldedText(`${each.title} ${each.subtitle}`))
  if (title === otherTitle) return true
  const byOthers =
    one.authors.length > 0 && other.authors.length > 0 && !shareWords(one.authors, other.authors)
  return !byOthers && shareWords([title ?? ''], [otherTitle ?? ''])
}

function shareWords(texts: readonly string[], others: readonly string[]): boolean {
  const words = new Set(tellingWords(texts))
  return tellingWords(others).some((word) => words.has(word))
}

/** The words of four letters or more; of a text that has none, all. */
function tellingWords(texts: readonly string[]): readonly string[] {
  const words = texts.flatMap((text) => foldedText(text).split(' '))
  const long = words.filter((word) => word.length >= tellingLetters)
  return long.length > 0 ? long : words
}

const tellingLetters = 4

/** Two libraries' spreadsheets are both called `books.csv`: the name of a file does not say who numbered its rows. */
function isNumberedByNobody({ controlSource }: TitleFields): boolean {
  return controlSource === '' || controlSource.startsWith(guessedSourcePrefix)
}

function foreign(record: IncomingTitle, { controlNumber }: Identity, before: TitleFields): IncomingReject {
  const { number, position, end, raw } = record
  const reason = worded('reject.number-of-another', {
    number: controlNumber,
    title: before.title.slice(0, 80),
  })
  return { number, position, end, raw, ok: false, code: 'number-of-another-title', reason }
}

/** Rows of one file with one number and one title are one book, a row an author: their lists are joined. */
function joined(one: TitleFields, other: TitleFields): TitleFields {
  const both = (name: 'authors' | 'isbns' | 'subjects' | 'series' | 'otherTitles', most: number) =>
    [...new Set([...one[name], ...other[name]])].slice(0, most)
  return {
    ...other,
    authors: both('authors', 200),
    isbns: both('isbns', 100),
    subjects: both('subjects', 300),
    series: both('series', 100),
    otherTitles: both('otherTitles', 100),
  }
}
