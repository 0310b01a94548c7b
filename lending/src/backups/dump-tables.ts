import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { measuring, newFile } from './files.ts'
import { fingerprintOf, type LibraryTable, libraryTables, sequencesOf } from './fingerprint.ts'
import type { FileCopy, Fingerprint, SequenceCopy, TableCopy } from './manifest.ts'

/** What was copied of the tables. */
export type Dumped = {
  readonly tables: readonly TableCopy[]
  readonly sequences: readonly SequenceCopy[]
  readonly files: readonly FileCopy[]
}

/** Two connections that see the database at one moment. */
export type Snapshot = { readonly reader: pg.Client; readonly copier: pg.Client }

/**
 * Copies every table into `folder` by the one session, and takes its fingerprint by the other, both in the same
 * snapshot: what the server holds is compared later with what comes back, not with what was written here.
 */
export async function dumpTables(
  { reader, copier }: Snapshot,
  folder: string,
  signal: AbortSignal,
): Promise<Dumped> {
  const tables = await libraryTables(reader)
  const files: FileCopy[] = []
  const prints = new Map<string, Fingerprint>()
  const reading = async () => {
    for (const { name } of tables) {
      signal.throwIfAborted()
      prints.set(name, await fingerprintOf(reader, name))
    }
  }
  const copying = async () => {
    for (const table of tables) files.push(await dumpTable(copier, table, { folder, signal }))
  }
  const both = await Promise.allSettled([reading(), copying()])
  for (const end of both) if (end.status === 'rejected') throw end.reason
  return {
    files,
    // After all rows are copied, so that none of them is past its sequence.
    sequences: await sequencesOf(reader),
    tables: tables.map((table) => {
      const print = prints.get(table.name)
      if (!print) throw new Error(`The table ${table.name} has no fingerprint.`)
      return { ...table, file: fileOf(table.name), ...print }
    }),
  }
}

const fileOf = (table: string) => `tables/${table}.copy.zst`

/** Fast, and a third of the text; the checksum is the format's own, beside our digest. */
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
}

async function dumpTable(
  copier: pg.Client,
  { name, columns }: LibraryTable,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<FileCopy> {
  const path = fileOf(name)
  const { stream, digest } = measuring()
  const rows = copier.query(copyTo(`copy ${pg.escapeIdentifier(name)} (${columnList(columns)}) to stdout`))
  await pipeline(rows, createZstdCompress(compression), stream, newFile(join(folder, path)), { signal })
  return { path, part: 'tables', ...digest() }
}

/** Columns as a statement names them. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => pg.escapeIdentifier(column)).join(', ')
}
