import type { Rows } from '../../postgres/pool.ts'
import type { TitleFields } from '../title-fields.ts'
import { numbered } from './import-batch.ts'
import type { ImportSetup } from './import-setup.ts'
import type { Incoming } from './incoming.ts'
import { type ImportFile, type ImportFileRefused, importSetup } from './new-import.ts'
import { type Counts, type Fate, plan } from './plan.ts'
import { recordsOf } from './records-of.ts'
import { standingTitles } from './standing-titles.ts'
import { type WarningCounts, withWarnings } from './warning.ts'

/** What an import would do, told from its first records. Nothing is written. */
export type ImportPreview = {
  /** How the file is read, with all that was guessed: format, encoding, delimiter, columns, mapping. */
  readonly setup: ImportSetup
  /** The first records as they would be. */
  readonly records: readonly PreviewRecord[]
  /** Over the first `previewRecordsMax` records. */
  readonly counts: Counts
  /** Whether the file goes on behind them. */
  readonly hasMore: boolean
  readonly warnings: WarningCounts
  /** How many records were set aside for each reason, by its code. */
  readonly rejectedBy: { readonly [code: string]: number }
  /** How many records turned out to be in each encoding. */
  readonly encodings: { readonly [encoding: string]: number }
  /** How many records are of each format that is kept: MARC 21 is told from UNIMARC. */
  readonly formats: { readonly [format: string]: number }
}

/** One record as it would be. */
export type PreviewRecord =
  | { readonly number: number; readonly fate: Exclude<Fate, 'rejected'>; readonly fields: TitleFields }
  | { readonly number: number; readonly fate: 'rejected'; readonly code: string; readonly reason: string }

/** How many records a preview reads. */
export const previewRecordsMax = 1_000
/** How many records a preview shows. */
export const previewShownMax = 20

/** Reads the start of a file and tells what its import would do. */
export async function previewImport(
  db: { rows: Rows },
  file: ImportFile,
): Promise<ImportPreview | ImportFileRefused> {
  const setup = await importSetup(file)
  if ('refused' in setup) return setup
  const records: Incoming[] = []
  let hasMore = false
  for await (const record of recordsOf(file.filePath, setup, { position: 0, number: 0 })) {
    if (records.length === previewRecordsMax) {
      hasMore = true
      break
    }
    records.push(record)
  }
  const readied = records.map((record) => numbered(record, setup))
  const identities = readied.flatMap((each) => ('identity' in each ? each.identity : []))
  const standing = await standingTitles(db, identities, { seenFrom: undefined, lock: false })
  const { counts, fates, rejected } = plan(readied, standing)
  const reasons = new Map(rejected.map((each) => [each.number, each] as const))
  const titles = records.filter((record) => record.ok)
  return {
    setup,
    records: records.slice(0, previewShownMax).map((record, index) => {
      const fate = fates[index]
      const reject = reasons.get(record.number)
      if (record.ok && fate !== undefined && fate !== 'rejected') {
        return { number: record.number, fate, fields: record.fields }
      }
      return {
        number: record.number,
        fate: 'rejected',
        code: reject?.code ?? '',
        reason: reject?.reason ?? '',
      }
    }),
    counts,
    hasMore,
    warnings: titles.reduce<WarningCounts>((sum, { warnings }) => withWarnings(sum, warnings), {}),
    rejectedBy: countedBy(rejected, ({ code }) => code),
    encodings: countedBy(titles, ({ encoding }) => encoding),
    formats: countedBy(titles, ({ format }) => format),
  }
}

function countedBy<T>(things: readonly T[], by: (thing: T) => string): { readonly [name: string]: number } {
  const counts = new Map<string, number>()
  for (const thing of things) counts.set(by(thing), (counts.get(by(thing)) ?? 0) + 1)
  return Object.fromEntries(counts)
}
