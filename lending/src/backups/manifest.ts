import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Migrated } from '../postgres/migrate.ts'
import { BackupError } from './backup-error.ts'
import { type Digest, digestOf, writeWhole } from './files.ts'
import type { LeftOut } from './left-out.ts'

/** What a table held: its rows, and two sums over a hash of each row as text. The order of rows does not matter. */
export type Fingerprint = { readonly rows: number; readonly sums: string }

/** One table in a backup. */
export type TableCopy = Fingerprint & {
  readonly name: string
  readonly file: string
  readonly columns: readonly string[]
}

/** Where a sequence stood; numbers as text, for they may be past what a number can carry. */
export type SequenceCopy = { readonly name: string; readonly lastValue: string; readonly isCalled: boolean }

/** The parts that a backup's files belong to. A bundle leaves out the base. */
export type Part = 'tables' | 'covers' | 'base'

/** A file of a backup, as it was written. */
export type FileCopy = Digest & { readonly path: string; readonly part: Part }

/** A copy of the server's own files, from which any later second can be reached with the log that followed. */
export type BaseCopy = {
  readonly systemId: string
  readonly timeline: number
  /** The first file of the log that it needs. */
  readonly startSegment: string
  readonly segmentBytes: number
  /** The moment at which the database was what the fingerprints say; null where it was never still long enough. */
  readonly stillAt: string | null
  /** Where they stood before that moment: those of the tables were read after it, and may be further on than the log then. */
  readonly sequences: readonly SequenceCopy[]
}

/** All that is known of a backup, written last. */
export type Manifest = {
  readonly format: 1
  readonly name: string
  readonly bibby: string
  readonly libraryId: string
  readonly libraryName: string
  readonly server: 'embedded' | 'external'
  readonly serverVersion: string
  /** The moment that it holds, by the database's clock, as ISO 8601. */
  readonly takenAt: string
  readonly lsn: string
  readonly databaseBytes: number
  readonly migrations: readonly Migrated[]
  readonly tables: readonly TableCopy[]
  readonly sequences: readonly SequenceCopy[]
  readonly covers: number
  /** Over the name, length and SHA-256 of each cover as it lay there, in order; null without a folder of covers. */
  readonly coversSum?: string | null
  readonly coversLeftOut?: LeftOut | null
  readonly base: BaseCopy | null
  readonly files: readonly FileCopy[]
}

const manifestName = 'manifest.json'
const sumName = 'manifest.sha256'
/** Of some dozens of tables; a file that is longer is not ours. */
const manifestBytesMax = 10_000_000

/** Writes the manifest and its digest beside it. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  await writeWhole(join(folder, manifestName), text)
  await writeWhole(join(folder, sumName), `${sha256(text)}  ${manifestName}\n`)
}

/** The manifest of a backup and its digest. Throws BackupError when it is not as it was written. */
export async function readManifest(
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const lost = (why: string) =>
    new BackupError(
      'BIBBY_BACKUP_DAMAGED',
      `The backup ${folder} ${why}. It cannot be restored: take another, by bibby backup list.`,
    )
  const { size } = await stat(join(folder, manifestName)).catch(() => ({ size: -1 }))
  if (size < 0) throw lost(`has no ${manifestName}`)
  if (size > manifestBytesMax) throw lost(`has a ${manifestName} that Bibby did not write`)
  const text = await readFile(join(folder, manifestName), 'utf8')
  const sum = await readFile(join(folder, sumName), 'utf8').catch(() => '')
  const digest = sha256(text)
  if (!sum.startsWith(`${digest} `)) throw lost(`has a ${manifestName} that is not as it was written`)
  const manifest = JSON.parse(text) as Manifest
  if (manifest.format !== 1) {
    throw new BackupError(
      'BIBBY_BACKUP_OTHER_VERSION',
      `The backup ${folder} was made by a newer Bibby (${manifest.bibby}). Restore it with that one.`,
    )
  }
  return { manifest, sha256: digest }
}

/** Reads every file of these parts and throws BackupError on the first that is not as it was written. */
export async function checkFiles(folder: string, { files }: Manifest, parts: readonly Part[]): Promise<void> {
  for (const file of files.filter(({ part }) => parts.includes(part))) {
    const why = await whyOther(join(folder, file.path), file)
    if (why === undefined) continue
    throw new BackupError(
      'BIBBY_BACKUP_DAMAGED',
      `The backup ${folder} is damaged: ${file.path} ${why}. Restore another, by bibby backup list, and have the disk looked at.`,
    )
  }
}

/** Says of the first file that is missing or has another length; reads none. */
export async function missingFile(folder: string, { files }: Manifest): Promise<string | undefined> {
  for (const { path, bytes } of files) {
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (!found) return `${path} is gone`
    if (found.size !== bytes) return `${path} has ${found.size} bytes, and had ${bytes}`
  }
  return undefined
}

async function whyOther(path: string, { bytes, sha256: was }: Digest): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return 'is gone'
  if (found.size !== bytes) return `has ${found.size} bytes, and had ${bytes}`
  return (await digestOf(path)).sha256 === was ? undefined : 'is not what was written (its SHA-256 differs)'
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
