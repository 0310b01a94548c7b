import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Library } from '../library.ts'
import { RefusedAtTheDoorError } from './errors.ts'

/** A file that came up with a request and lies in the data folder now. */
export type KeptFile = { readonly path: string; readonly bytes: number }

/**
 * Writes what comes in to a file of its own below `uploads/`, never holding more than a chunk in memory. Refuses
 * an empty body and one of more than `bytesMax`; a full disk is a fault (507). In each case nothing is left behind.
 */
export async function keepFile(library: Library, body: unknown, bytesMax: number): Promise<KeptFile> {
  if (!(body instanceof Readable)) throw new RefusedAtTheDoorError('file-empty')
  const folder = join(library.dataFolder, 'uploads')
  await mkdir(folder, { recursive: true })
  const path = join(folder, randomUUID())
  let bytes = 0
  const counted = new Transform({
    transform: (chunk: Buffer, _, done) => {
      bytes += chunk.length
      done(bytes > bytesMax ? new RefusedAtTheDoorError('body-too-large', { bytesMax }) : null, chunk)
    },
  })
  try {
    // The request outlives a failure here: its connection must still carry the answer.
    await pipeline(
      body.iterator({ destroyOnReturn: false }),
      counted,
      createWriteStream(path, { flags: 'wx' }),
    )
    if (bytes === 0) throw new RefusedAtTheDoorError('file-empty')
  } catch (error) {
    await rm(path, { force: true })
    // The sender went away in the middle: nobody is there to hear an answer, and nothing failed here.
    if (isCutOff(error)) throw new RefusedAtTheDoorError('request-invalid', {}, 'The file ended early.')
    throw error
  }
  return { path, bytes }
}

function isCutOff(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

/** How a file's bytes begin: enough to tell the formats apart. */
const headBytes = 64

/** The format of a file by its name, else by how it begins: a MARC leader, a tag, or rows of text. */
export async function formatOfFile(path: string, fileName: string): Promise<'marc' | 'marcxml' | 'csv'> {
  const name = fileName.toLowerCase().replace(/\.gz$/, '')
  if (/\.(?:csv|tsv|txt)$/.test(name)) return 'csv'
  if (/\.xml$/.test(name)) return 'marcxml'
  if (/\.(?:mrc|marc|iso|iso2709|dat)$/.test(name)) return 'marc'
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
  const head = buffer.toString('latin1', 0, bytesRead).trimStart()
  if (head.startsWith('<') || head.startsWith('ï»¿<')) return 'marcxml'
  return /^\d{5}/.test(head) ? 'marc' : 'csv'
}
