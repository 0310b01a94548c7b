import { basename } from 'node:path'
import type { CsvMapping } from './csv-mapping.ts'
import type { CsvShape } from './csv-rows.ts'

/** The formats that can be imported: `marc` is ISO 2709; `csv` is any delimited text. */
export type ImportFormat = (typeof importFormats)[number]

/** Every format, as a page and the command offer them. */
export const importFormats = ['marc', 'marcxml', 'csv'] as const

/** How a file is read: what was said, or guessed, when the import was made. It is kept with the import. */
export type ImportSetup = {
  readonly format: ImportFormat
  readonly encoding?: string
  /** Who numbered records that do not say so; '' leaves that open. */
  readonly source: string
  /** The source of the digests by which records without a number are known. */
  readonly digestSource: string
  /** For copies whose row names none: codes. */
  readonly branch?: string
  readonly itemType?: string
  readonly csv?: {
    readonly mapping: CsvMapping
    readonly shape: CsvShape
    readonly header: readonly string[]
    readonly headerText: string
    readonly firstRowAt: number
    /** An export of Bibby's, which is read to the letter; the mapping only tells of it. */
    readonly isOurs?: boolean
  }
}

/** How many records one transaction takes. Three such batches are in memory at once: one is written, two are ready. */
export const batchRecordsMax = 1_000
/** The first takes fewer, so that the database has something to do early, and each one after it twice as many. */
export const batchRecordsFirst = 250
/**
 * After about so many records their words and letters are sorted into the indexes of search. It costs nearly the
 * same for many as for few; but a search reads what is not sorted in, in the worst case for some 20 ms.
 */
export const sortedInEvery = 2_000
/** How many bytes of records one transaction takes, past the first. */
export const batchBytesMax = 8 * 1024 * 1024

/** How a source begins that nobody named: it was guessed from the name of the file. */
export const guessedSourcePrefix = 'csv:'

/** The name that the rows of a CSV file are numbered under, when the mapping names none: that of the file. */
export function sourceOfFile(fileName: string): string {
  const name = basename(fileName)
    .replace(/\.gz$/i, '')
    .replace(/\.[a-z]{1,5}$/i, '')
  return `${guessedSourcePrefix}${name
    .normalize('NFC')
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, 80)
    .toWellFormed()}`
}
