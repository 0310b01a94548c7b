import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import type { Library } from '../library.ts'
import type { ByFromAfar } from '../postgres/write.ts'
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

/** How far an import is, in rows and in bytes of its file. */
export type ImportProgress = Pick<
  PatronImport,
  'read' | 'registered' | 'updated' | 'unchanged' | 'rejected'
> & { readonly bytesRead: number; readonly fileBytes: number }

/** A kept file to import, and how it is read. */
export type KeptAsk = {
  readonly by: ByFromAfar
  readonly kept: KeptImport
  readonly options: PatronFileOptions & { readonly fileName: string }
}

/** What an import of a kept file came to, or why it was not begun. */
export type KeptEnd = ImportResult | ImportPatronsRefused

type Running = { readonly ended: Promise<KeptEnd>; readonly progress: { now: ImportProgress } }

/** Imports that run in this process, by their file: asked for twice, one runs once. */
const running = new Map<string, Running>()

/**
 * Imports a kept file by `run` (`importKeptHere`, here or on a thread), and keeps its account and its rejects. Once it
 * is over, its account is given again.
 */
export function importKeptFile(
  ask: KeptAsk,
  run: (ask: KeptAsk, told: (now: ImportProgress) => void) => Promise<KeptEnd>,
): Promise<KeptEnd> {
  const { filePath } = ask.kept
  const known = running.get(filePath)
  if (known) return known.ended
  const progress = { now: nothingYet }
  const told = (now: ImportProgress) => {
    progress.now = now
  }
  const ended = run(ask, told).finally(() => running.delete(filePath))
  running.set(filePath, { ended, progress })
  return ended
}

/** How far the import of this file is, while this process is at it. */
export function importUnderWay({ filePath }: Pick<KeptImport, 'filePath'>): ImportProgress | undefined {
  return running.get(filePath)?.progress.now
}

/** Whether an import of this file was begun and has no account yet. Where none is under way it was cut off. */
export async function isHalfImported({ filePath, rejectsPath }: KeptImport): Promise<boolean> {
  const found = await Promise.allSettled([stat(filePath), stat(rejectsPath)])
  return found.every(({ status }) => status === 'fulfilled')
}

const nothingYet: ImportProgress = {
  read: 0,
  registered: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  bytesRead: 0,
  fileBytes: 0,
}

/** The account of an import that is over; undefined when there is none, or it was tidied away. */
export async function importResult({
  resultPath,
}: Pick<KeptImport, 'resultPath'>): Promise<ImportResult | undefined> {
  const text = await readFile(resultPath, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ImportResult)
}

/** Imports a kept file now, unless that was done before. Aborted, it stops with its batch, to be run again. */
export async function importKeptHere(
  at: Pick<Library, 'db' | 'patterns'>,
  { by, kept: { filePath, resultPath, rejectsPath }, options: { fileName, ...options } }: KeptAsk,
  {
    signal,
    told: tell = () => undefined,
  }: { readonly signal?: AbortSignal; readonly told?: (now: ImportProgress) => void } = {},
): Promise<KeptEnd> {
  const before = await importResult({ resultPath })
  if (before) return before
  await using rejects = await open(rejectsPath, 'w')
  const line = async (raw: Buffer) => {
    await rejects.write(raw)
    await rejects.write('\n')
  }
  const file = createReadStream(filePath)
  let now = { ...nothingYet, fileBytes: (await stat(filePath)).size }
  const told = await importPatrons(at, by, file, {
    ...options,
    signal,
    onHeader: line,
    onRow: (row, raw) => {
      now = { ...now, read: now.read + 1, [row.became]: now[row.became] + 1, bytesRead: file.bytesRead }
      tell(now)
      return row.became === 'rejected' ? line(raw) : undefined
    },
  })
  if ('refused' in told) return told
  const result = { ...told, fileName }
  // Whole or not at all: half an account would be read as one.
  await writeFile(`${resultPath}.part`, JSON.stringify(result))
  await rename(`${resultPath}.part`, resultPath)
  await rm(filePath, { force: true })
  return result
}
