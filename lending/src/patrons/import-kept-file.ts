import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { Database } from '../postgres/pool.ts'
import type { By } from '../postgres/write.ts'
import {
  type ImportPatronsRefused,
  importPatrons,
  type PatronFileOptions,
  type PatronImport,
} from './import-patrons.ts'

/** Where an import that came by page keeps what it came to. */
export type KeptImport = {
  /** The file that was brought; it goes when the import is over. */
  readonly filePath: string
  /** Its account, as JSON. */
  readonly resultPath: string
  /** The rows that were not taken, as they came, in UTF-8, with the header on top. */
  readonly rejectsPath: string
}

/** What an import came to, and what the file was called. */
export type ImportResult = PatronImport & { readonly fileName: string }

/** Imports that run in this process, by their file: asked for twice, one runs once. */
const running = new Map<string, Promise<ImportResult | ImportPatronsRefused>>()

/** Imports a kept file, and keeps its account and its rejects. Once it is over, its account is given again. */
export function importKeptFile(
  db: Database,
  by: By,
  kept: KeptImport,
  options: PatronFileOptions & { readonly fileName: string },
): Promise<ImportResult | ImportPatronsRefused> {
  const known = running.get(kept.filePath)
  if (known) return known
  const run = importOnce(db, by, kept, options).finally(() => running.delete(kept.filePath))
  running.set(kept.filePath, run)
  return run
}

/** The account of an import that is over; undefined when there is none, or it was tidied away. */
export async function importResult({
  resultPath,
}: Pick<KeptImport, 'resultPath'>): Promise<ImportResult | undefined> {
  const text = await readFile(resultPath, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ImportResult)
}

async function importOnce(
  db: Database,
  by: By,
  { filePath, resultPath, rejectsPath }: KeptImport,
  { fileName, ...options }: PatronFileOptions & { readonly fileName: string },
): Promise<ImportResult | ImportPatronsRefused> {
  const before = await importResult({ resultPath })
  if (before) return before
  await using rejects = await open(rejectsPath, 'w')
  const line = async (raw: Buffer) => {
    await rejects.write(raw)
    await rejects.write('\n')
  }
  const told = await importPatrons(db, by, createReadStream(filePath), {
    ...options,
    onHeader: line,
    onRow: (row, raw) => (row.became === 'rejected' ? line(raw) : undefined),
  })
  if ('refused' in told) return told
  const result = { ...told, fileName }
  // Whole or not at all: half an account would be read as one.
  await writeFile(`${resultPath}.part`, JSON.stringify(result))
  await rename(`${resultPath}.part`, resultPath)
  await rm(filePath, { force: true })
  return result
}
