import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import type { Library } from '../../library.ts'
import { RefusedAtTheDoorError } from '../errors.ts'

/** A file that was brought and may still be looked at, before anybody starts it. */
export type Upload = { readonly uploadId: string; readonly fileName: string; readonly fields: UploadFields }
/** The text fields that stood before the file in the form. */
export type UploadFields = Readonly<Record<string, string>>

/** A file that nobody started is kept this long. */
const keptMs = 24 * 60 * 60 * 1_000
/** At most so many files are looked at by one tidying. */
const tidiedMax = 1_000
const previewed = 'preview-'

/** Keeps the file of an upload form in the data folder. Refuses an empty one, and one of more than `bytesMax`. */
export async function keepUpload(
  library: Library,
  request: FastifyRequest,
  { bytesMax }: { readonly bytesMax?: number } = {},
): Promise<Upload> {
  const limits = bytesMax === undefined ? {} : { limits: { fileSize: bytesMax } }
  const part = await request.file(limits).catch(refuseCutShort)
  if (!part) throw new RefusedAtTheDoorError('file-empty')
  const folder = join(library.dataFolder, 'uploads')
  await mkdir(folder, { recursive: true })
  await tidy(folder, library.clock())
  const uploadId = randomUUID()
  const path = join(folder, previewed + uploadId)
  try {
    await pipeline(part.file, createWriteStream(path, { flags: 'wx' }))
    if (part.file.truncated) throw new RefusedAtTheDoorError('body-too-large')
    if ((await stat(path)).size === 0) throw new RefusedAtTheDoorError('file-empty')
  } catch (error) {
    await rm(path, { force: true })
    return refuseCutShort(error)
  }
  return { uploadId, fileName: part.filename || 'file', fields: textFields(part.fields) }
}

/** A form that ends before its file does was cut off on its way, or is none. */
function refuseCutShort(error: unknown): never {
  const { message = '', code } = error as { message?: string; code?: unknown }
  const isCut = code === undefined && /multipart/i.test(message)
  if (isCut || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
    throw new RefusedAtTheDoorError('request-invalid', {}, 'The file ended early.')
  }
  throw error
}

/** Where the file of an upload lies; undefined when it is gone, or was never there. */
export async function uploadPath(library: Library, uploadId: string): Promise<string | undefined> {
  if (!isUploadId(uploadId)) return undefined
  for (const name of [previewed + uploadId, uploadId]) {
    const path = join(library.dataFolder, 'uploads', name)
    if (await stat(path).catch(() => undefined)) return path
  }
  return undefined
}

/** Takes the file out of the reach of tidying: from now on it belongs to an import. Twice is as good as once. */
export async function claimUpload(library: Library, uploadId: string): Promise<string | undefined> {
  const path = await uploadPath(library, uploadId)
  const claimed = join(library.dataFolder, 'uploads', uploadId)
  if (path && path !== claimed) await rename(path, claimed).catch(() => undefined)
  return uploadPath(library, uploadId)
}

/** Where the account of an upload's import and what it set aside are kept, for as long as the upload would be. */
export function keptBeside(
  library: Library,
  uploadId: string,
): { readonly filePath: string; readonly resultPath: string; readonly rejectsPath: string } | undefined {
  if (!isUploadId(uploadId)) return undefined
  const filePath = join(library.dataFolder, 'uploads', previewed + uploadId)
  return { filePath, resultPath: `${filePath}.result`, rejectsPath: `${filePath}.rejects` }
}

function isUploadId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}

async function tidy(folder: string, now: Date): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(previewed)).slice(0, tidiedMax)
  for (const name of names) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && now.getTime() - found.mtimeMs > keptMs) await rm(path, { force: true })
  }
}

function textFields(fields: object): UploadFields {
  const texts: Record<string, string> = {}
  for (const [name, field] of Object.entries(fields)) {
    const { value } = (field ?? {}) as { value?: unknown }
    if (typeof value === 'string') texts[name] = value
  }
  return texts
}
