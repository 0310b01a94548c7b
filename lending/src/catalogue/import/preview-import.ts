import { stat } from 'node:fs/promises'
import type { Rows } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import type { TitleFields } from '../title-fields.ts'
import { numbered } from './import-batch.ts'
import type { ImportSetup } from './import-setup.ts'
import type { Incoming } from './incoming.ts'
import { copiesToMakeAfterAll } from './make-copies.ts'
import { fileDigest, type ImportFile, type ImportFileRefused, importSetup } from './new-import.ts'
import type { Shelving } from './on-planned-shelves.ts'
import { type Counts, type Fate, type Plan, plan } from './plan.ts'
import { recordsOf } from './records-of.ts'
import { type SeenFrom, standingTitles } from './standing-titles.ts'
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
  | {
      readonly number: number
      readonly fate: Exclude<Fate, 'rejected'>
      readonly fields: TitleFields
      /** The barcode of the copy that an import before left out, and that would be made now. */
      readonly madeAfterAll?: string
    }
  | { readonly number: number; readonly fate: 'rejected'; readonly code: string; readonly reason: string }

/** How many records a preview reads. */
export const previewRecordsMax = 1_000
/** How many records a preview shows. */
export const previewShownMax = 20

/** Reads the start of a file and tells what its import would do. */
export async function previewImport(
  library: Shelving,
  file: ImportFile,
): Promise<ImportPreview | ImportFileRefused> {
  const { db, patterns } = library
  const setup = await importSetup(library, file)
  if ('refused' in setup) return setup
  const records: Incoming[] = []
  let hasMore = false
  for await (const record of recordsOf(
    { filePath: file.filePath, setup, patterns },
    { position: 0, number: 0 },
  )) {
    if (records.length === previewRecordsMax) {
      hasMore = true
      break
    }
    records.push(record)
  }
  const readied = records.map((record) => numbered(record, setup))
  const identities = readied.flatMap((each) => ('identity' in each ? each.identity : []))
  const seenFrom = await sameFile(db, file.filePath, setup)
  const standing = await standingTitles(db, identities, { seenFrom, lock: false })
  const planned = plan(readied, standing)
  const { rejected } = planned
  const { counts, fates, madeAfterAll } = await withCopies(db, { planned, records, setup })
  const reasons = new Map(rejected.map((each) => [each.number, each] as const))
  const titles = records.filter((record) => record.ok)
  return {
    setup,
    records: records.slice(0, previewShownMax).map((record, index) => {
      const fate = fates[index]
      const reject = reasons.get(record.number)
      if (record.ok && fate !== undefined && fate !== 'rejected') {
        const barcode = madeAfterAll.get(record.number)
        return {
          number: record.number,
          fate,
          fields: record.fields,
          ...(barcode === undefined ? {} : { madeAfterAll: barcode }),
        }
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

/** What tells that this very file was imported before; it is read as a whole only where one of its size was. */
async function sameFile(
  db: { rows: Rows },
  filePath: string,
  setup: ImportSetup,
): Promise<SeenFrom | undefined> {
  const options = JSON.stringify(setup)
  const { size } = await stat(filePath)
  const before = await db.rows(sql`
    select from change_set where kind = 'import' and file_bytes = ${size} and options = ${options}::jsonb limit 1
  `)
  return before.length > 0 ? { fileSha256: (await fileDigest(filePath)).fileSha256, options } : undefined
}

/** A record that says nothing new about its title is an update all the same, where its copy would be made at last. */
async function withCopies(
  db: { rows: Rows },
  { planned, records, setup }: { planned: Plan; records: readonly Incoming[]; setup: ImportSetup },
): Promise<Pick<Plan, 'counts' | 'fates'> & { readonly madeAfterAll: ReadonlyMap<number, string> }> {
  const fresh = [...planned.created, ...planned.changed]
  const due = new Set(await copiesToMakeAfterAll(db, { fresh, again: planned.unchanged }, setup))
  const madeAfterAll = new Map<number, string>()
  const fates = planned.fates.map((fate, index): Fate => {
    const record = records[index]
    if (fate !== 'unchanged' || !record?.ok || !record.copy || !due.delete(record.copy.barcode)) return fate
    madeAfterAll.set(record.number, record.copy.barcode)
    return 'updated'
  })
  const { counts } = planned
  return {
    fates,
    madeAfterAll,
    counts: {
      ...counts,
      unchanged: counts.unchanged - madeAfterAll.size,
      updated: counts.updated + madeAfterAll.size,
    },
  }
}

function countedBy<T>(things: readonly T[], by: (thing: T) => string): { readonly [name: string]: number } {
  const counts = new Map<string, number>()
  for (const thing of things) counts.set(by(thing), (counts.get(by(thing)) ?? 0) + 1)
  return Object.fromEntries(counts)
}
