import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { timeText } from './audit-link.ts'
import { inUtc } from './audit-report.ts'
import { parsedMark, type RestoredMark } from './restored-mark.ts'

/** What is kept of the chain outside the database: with it a chain that was cut off or written anew is recognised. */
export type AuditHead = {
  readonly position: number
  readonly chain: string
  /** When it was written, as ISO 8601. */
  readonly at: string
  /** The entry of the link, to name it by should it be gone. */
  readonly entry: { readonly id: string; readonly recordedAt: string; readonly action: string }
  readonly instance: string
  /** The head that was written to the file before and was not in it any more: whoever takes it away leaves this. */
  readonly missing?: HeadMark
}

/** Enough of a head to name it. */
export type HeadMark = Pick<AuditHead, 'position' | 'chain' | 'at'>

/** One line of the file: a head, a mark that the library was restored, or what is neither. */
export type HeadLine = {
  readonly line: number
  readonly head: AuditHead | undefined
  readonly mark: RestoredMark | undefined
}

/** The file of heads in a data folder. */
export function headFile(dataFolder: string): string {
  return join(dataFolder, 'audit-head.jsonl')
}

/** Names a data folder in the database: two machines may have the same path. */
export function headPlace(dataFolder: string): string {
  return `${hostname()}:${dataFolder}`
}

/** What the database knows of the file: the head that was last written to it. */
export async function knownHead(rows: Rows, dataFolder: string): Promise<HeadMark | undefined> {
  const [known] = await rows<{ position: string; chain: string; at: string }>(sql`
    select position, encode(chain_sha256, 'hex') as chain, ${timeText(sql`at`)} as at
    from audit_head
    where place = ${headPlace(dataFolder)}
  `)
  return known && { position: Number(known.position), chain: known.chain, at: inUtc(known.at) }
}

/** Whether this is the head that is meant. */
export function isSameHead(head: HeadMark | undefined, known: HeadMark): boolean {
  return head?.position === known.position && head.chain === known.chain
}

/** Adds a head to the file. When this returns it is on the disk. */
export async function writeHead(dataFolder: string, head: AuditHead): Promise<void> {
  await writeLine(dataFolder, head)
}

/**
 * Adds a line to the file. When this returns it is on the disk. What a crash left of a line that was never whole is
 * cut away first.
 */
export async function writeLine(dataFolder: string, line: AuditHead | RestoredMark): Promise<void> {
  const file = await open(headFile(dataFolder), 'a+', 0o600)
  try {
    const { size } = await file.stat()
    const whole = await wholeBytes(file, size)
    if (whole < size) await file.truncate(whole)
    await file.appendFile(`${JSON.stringify(line)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  const folder = await open(dirname(headFile(dataFolder)), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The last whole line of the file, if it is a head. */
export async function lastHead(dataFolder: string): Promise<AuditHead | undefined> {
  return parsed(await lastLine(dataFolder))
}

/** The last whole line of the file, or nothing. */
export async function lastLine(dataFolder: string): Promise<string> {
  const file = await openToRead(dataFolder)
  if (!file) return ''
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(Math.min(size, tailBytes)),
      position: Math.max(0, size - tailBytes),
    })
    return buffer.toString('utf8', 0, bytesRead).split('\n').at(-2) ?? ''
  } finally {
    await file.close()
  }
}

async function openToRead(dataFolder: string): Promise<FileHandle | undefined> {
  return open(headFile(dataFolder), 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
}

/** A head is some 300 bytes: a longer rest is no line that we began. */
const tailBytes = 4_096

async function wholeBytes(file: FileHandle, size: number): Promise<number> {
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(Math.min(size, tailBytes)),
    position: Math.max(0, size - tailBytes),
  })
  const lastEnd = buffer.subarray(0, bytesRead).lastIndexOf(0x0a)
  if (lastEnd >= 0) return Math.max(0, size - tailBytes) + lastEnd + 1
  return size <= tailBytes ? 0 : size
}

/**
 * The lines of the file in bounded memory, none where there is no file. A rest without an end is what a crash left of
 * a line: it is not given.
 */
export async function* readHeads(dataFolder: string): AsyncGenerator<HeadLine> {
  const file = await openToRead(dataFolder)
  if (!file) return
  const { size } = await file.stat()
  const end = await wholeBytes(file, size)
  await file.close()
  if (end === 0) return
  const lines = createInterface({
    input: createReadStream(headFile(dataFolder), { end: end - 1 }),
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  let line = 0
  for await (const text of lines) {
    line += 1
    const head = parsed(text)
    yield { line, head, mark: head ? undefined : parsedMark(text) }
  }
}

function parsed(text: string): AuditHead | undefined {
  try {
    const { position, chain, at, entry, instance, missing } = JSON.parse(text) as Partial<AuditHead>
    const isHead =
      isMark({ position, chain, at }) &&
      isShort(instance) &&
      isShort(entry?.id) &&
      isShort(entry.recordedAt) &&
      isShort(entry.action) &&
      (missing === undefined || isMark(missing))
    if (!isHead) return undefined
    return { position, chain, at, entry, instance, ...(missing ? { missing } : {}) } as AuditHead
  } catch {
    return undefined
  }
}

type Told<T> = { readonly [K in keyof T]?: T[K] | undefined }

function isMark({ position, chain, at }: Told<HeadMark>): boolean {
  const isPosition = Number.isSafeInteger(position) && Number(position) > 0
  return isPosition && /^[0-9a-f]{64}$/.test(chain ?? '') && isShort(at)
}

/** What is told of a head comes from a file: nothing in it is long, or speaks to a terminal. */
function isShort(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 300 && !/\p{Cc}/u.test(text)
}
