import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, link, mkdir, open, readdir, readFile, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskFull, isDiskFull, StartError, systemCode } from '../start-error.ts'
import { canReach, serverIdentity } from './unprivileged.ts'

/** The folder of everything that this Bibby keeps. It carries a marker, and only a marked folder is ever changed. */
export type DataFolder = {
  /** Absolute. */
  readonly path: string
  /** Names the library whose data this is. */
  readonly libraryId: string
}

/** The file that says whose folder it is. */
export const markerName = 'bibby.json'
/** Grows when an older Bibby could no longer read what is in the folder. */
const formatKnown = 1

const projectFolder = fileURLToPath(new URL('../../../', import.meta.url))
const systemFolder = '/var/lib/bibby'
const mebibyte = 1024 * 1024
const firstStartFreeBytes = 200 * mebibyte
const laterStartFreeBytes = 16 * mebibyte

/**
 * Where the data goes when nobody said: `data` in the project; for root, whose PostgreSQL runs as another user,
 * /var/lib/bibby when that user cannot reach the project.
 */
export async function defaultDataFolder({ isServerOurs }: { isServerOurs: boolean }): Promise<string> {
  const identity = isServerOurs ? await serverIdentity() : undefined
  return identity && !(await canReach(identity, projectFolder)) ? systemFolder : join(projectFolder, 'data')
}

/**
 * Opens the data folder, and makes and marks it when there is none or an empty one. Throws StartError, with
 * nothing changed, when it holds something else, belongs to another user, is of a newer Bibby, cannot be written
 * or has no room.
 */
export async function openDataFolder(path: string, version: string): Promise<DataFolder> {
  try {
    // Only the folder itself is private: whoever runs the database must be able to pass through those above.
    await makeFolder(path, 0o700)
    const marker = await readMarker(path)
    if (!marker) await refuseStrange(path)
    await access(path, constants.W_OK | constants.X_OK)
    await refuseFull(path, marker ? laterStartFreeBytes : firstStartFreeBytes)
    const { libraryId } = marker ?? (await mark(path, version))
    for (const name of ['uploads', 'exports', 'rejects', 'covers']) await makeFolder(join(path, name), 0o700)
    return { path, libraryId }
  } catch (error) {
    throw unusable(error, path)
  }
}

/**
 * Makes a folder and those above it, unless they are there. Node's own `recursive` asks for ever where the system
 * says that there is no folder to make one in although there is, as below /proc.
 */
async function makeFolder(path: string, mode?: number): Promise<void> {
  if (await madeFolder(path, mode)) return
  // As deep as the path at most: the root is there.
  await makeFolder(dirname(path))
  if (!(await madeFolder(path, mode))) throw noSuchPlace
}

/** What the system says of a place in which no folder can be made, to anyone. */
const noSuchPlace = Object.assign(new Error('No folder can be made there.'), { code: 'ENOENT' })

/** False when the folder above it is missing too. */
async function madeFolder(path: string, mode: number | undefined): Promise<boolean> {
  try {
    await mkdir(path, mode)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') return false
    const found = await stat(path).catch((cause: unknown) => {
      throw code === 'EEXIST' ? cause : error
    })
    if (found.isDirectory()) return true
    throw error
  }
}

/**
 * Whether a library was ever begun in this folder: there is a marker, and the database beside it. A folder that
 * holds something else, or cannot be read, is left to `openDataFolder` to speak of.
 */
export async function isWithoutLibrary(path: string): Promise<boolean> {
  const names = await readdir(path).catch((error: unknown): string[] | undefined =>
    systemCode(error) === 'ENOENT' ? [] : undefined,
  )
  if (names === undefined) return false
  return names.includes(markerName) ? !names.includes('postgres') : names.every(isNothing)
}

type Marker = { readonly libraryId: string; readonly format: number; readonly createdBy: string }

async function readMarker(path: string): Promise<Marker | undefined> {
  const file = join(path, markerName)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const marker = parsed(text)
  if (!marker) {
    throw new StartError(
      'BIBBY_DATA_NOT_OURS',
      `${file} is not a marker that Bibby wrote. Nothing was changed.`,
    )
  }
  if (marker.format > formatKnown) {
    throw new StartError(
      'BIBBY_DATA_NEWER',
      `${path} was made by a newer Bibby (${marker.createdBy}). Start that version instead; nothing was changed.`,
    )
  }
  const owner = (await stat(file)).uid
  if (process.getuid && owner !== process.getuid()) {
    throw new StartError(
      'BIBBY_DATA_NOT_OURS',
      `${path} belongs to another user (number ${owner}). Start Bibby as that user, or set BIBBY_DATA to another folder.`,
    )
  }
  return marker
}

function parsed(text: string): Marker | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { libraryId, format, createdBy } = value as Record<string, unknown>
  if (typeof libraryId !== 'string' || typeof format !== 'number' || typeof createdBy !== 'string')
    return undefined
  return { libraryId, format, createdBy }
}

/** What may stand in a folder that still counts as empty: a file system's own, and another start's half-made marker. */
const isNothing = (name: string) => name === 'lost+found' || name.startsWith(`${markerName}.new-`)

async function refuseStrange(path: string): Promise<void> {
  if ((await readdir(path)).every(isNothing)) return
  // Another first start may have marked it since we looked.
  if (await readMarker(path)) return
  throw new StartError(
    'BIBBY_DATA_NOT_OURS',
    `${path} is not empty and has no ${markerName}: it is not a data folder of Bibby’s. Set BIBBY_DATA to an empty folder; nothing was changed.`,
  )
}

async function refuseFull(path: string, bytesNeeded: number): Promise<void> {
  const { bavail, bsize } = await statfs(path)
  if (bavail * bsize < bytesNeeded) throw diskFull(path)
}

/** The marker appears whole or not at all; of two first starts the one that is later takes what the other wrote. */
async function mark(path: string, version: string): Promise<Marker> {
  const marker: Marker = { libraryId: randomUUID(), format: formatKnown, createdBy: version }
  const half = join(path, `${markerName}.new-${process.pid}`)
  const file = await open(half, 'w', 0o644)
  await file.writeFile(`${JSON.stringify({ what: 'A data folder of Bibby', ...marker }, null, 2)}\n`)
  await file.sync()
  await file.close()
  try {
    await link(half, join(path, markerName))
    return marker
  } catch (error) {
    const theirs = systemCode(error) === 'EEXIST' ? await readMarker(path) : undefined
    if (!theirs) throw error
    return theirs
  } finally {
    await rm(half, { force: true })
  }
}

const sentences: Readonly<Record<string, string>> = {
  EACCES: 'may not be written or entered by you',
  EPERM: 'may not be changed by you',
  EROFS: 'is on a read-only disk',
  ENOTDIR: 'is not a folder',
  EEXIST: 'is not a folder',
  ELOOP: 'is a link that leads nowhere',
  ENOENT: 'cannot be made',
  ENAMETOOLONG: 'has too long a name',
}

/** One sentence for what the system said about the data folder. */
export function unusable(error: unknown, path: string): unknown {
  const code = systemCode(error)
  if (error instanceof StartError || code === undefined) return error
  if (isDiskFull(error)) return diskFull(path, error)
  const why = sentences[code]
  if (why === undefined) return error
  return new StartError(
    'BIBBY_DATA_UNUSABLE',
    `The data folder ${path} ${why}. Mend that, or set BIBBY_DATA to another folder.`,
    { cause: error },
  )
}
