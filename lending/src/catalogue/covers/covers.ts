import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../start-error.ts'
import { WorkBusyError } from '../../work/turns.ts'
import { type CoverFile, openCoverFolder } from './cover-folder.ts'
import { type CoverKey, coverEnds, isCoverKey, keyOfTitle, keysOf } from './cover-names.ts'
import type { PictureKind, PictureRefused, ResizeAsk } from './resize.ts'
import { openResizer, type Resizer } from './resizer.ts'

/** How wide covers are served, in pixels: for lists, and for the page of a title on screens of double density. */
export const coverWidths = [144, 336] as const
/** One of these widths. */
export type CoverWidth = (typeof coverWidths)[number]
/** The longest file that is taken for a cover, in bytes. */
export const coverBytesMax = 10_000_000

/** The cover of a title: what it is served as, and a mark that changes with the picture. */
export type Cover = Pick<CoverFile, 'key' | 'mark'>

/** The covers of a library. No file is read and no process started before the first is asked for. */
export type Covers = AsyncDisposable & {
  /** The covers of these titles, in their order; undefined where one has none. */
  readonly of: (titles: readonly CoverOwner[]) => Promise<readonly (Cover | undefined)[]>
  /** The cover of this name, which may be anything. */
  readonly find: (name: string) => Promise<CoverFile | undefined>
  /**
   * A cover at a width, as WebP, made when it is first asked for. `busy` where too many are being made, `unfit` where
   * the file is no picture that can be read. Throws ResizeFailedError.
   */
  readonly picture: (cover: CoverFile, width: CoverWidth) => Promise<Buffer | 'busy' | 'unfit'>
  /** Reads the whole of a file as a picture. Throws WorkBusyError, ResizeFailedError. */
  readonly check: (
    path: string,
  ) => Promise<{ readonly kind: PictureKind } | { readonly refused: PictureRefused }>
  /** Makes a file that was checked the cover of a title, in place of one that was brought before. */
  readonly keep: (titleId: number, path: string, kind: PictureKind) => Promise<void>
}

type CoverOwner = { readonly titleId: number; readonly isbns: readonly string[] }

const ends: Readonly<Record<PictureKind, string>> = { jpeg: '.jpg', png: '.png', webp: '.webp' }
/** Of WebP. A page of results has many of the small ones: 4 kB each, on average. */
const qualities: Readonly<Record<CoverWidth, number>> = { 144: 60, 336: 70 }
/** Files that turned out to be no pictures are not read again and again; so many are remembered. */
const unfitMax = 10_000

/** Opens the covers that lie in the data folder. */
export function openCovers({ dataFolder }: { readonly dataFolder: string }): Covers {
  const originals = join(dataFolder, 'covers')
  const made = join(dataFolder, 'covers-cache')
  const folder = openCoverFolder(originals)
  const resizer = openResizer()
  const unfit = new Set<string>()
  const underWay = new Map<string, Promise<'made' | 'busy' | 'unfit'>>()
  const keeping = new Map<CoverKey, Promise<void>>()

  const make = async (cover: CoverFile, width: CoverWidth, to: string) => {
    const told = await resized(resizer, cover.path, [{ width, quality: qualities[width], to }])
    if (told === 'busy') return 'busy'
    if ('refused' in told) {
      if (unfit.size >= unfitMax) unfit.clear()
      unfit.add(cover.mark)
      return 'unfit'
    }
    await forgetOthers(join(made, cover.key), cover.mark)
    return 'made'
  }

  return {
    of: (titles) =>
      Promise.all(
        titles.map(async (title) => {
          const found = await folder.find(keysOf(title))
          return found && !unfit.has(found.mark) ? found : undefined
        }),
      ),
    find: async (name) => (isCoverKey(name) ? folder.find([name]) : undefined),
    picture: async (cover, width) => {
      if (unfit.has(cover.mark)) return 'unfit'
      const to = join(made, cover.key, `${width}-${cover.mark}.webp`)
      const kept = await bytesOf(to)
      if (kept) return kept
      let making = underWay.get(to)
      if (!making) {
        making = mkdir(join(made, cover.key), { recursive: true, mode: 0o700 })
          .then(() => make(cover, width, to))
          .finally(() => underWay.delete(to))
        underWay.set(to, making)
      }
      const became = await making
      // Somebody may have emptied the folder this very moment.
      return became === 'made' ? ((await bytesOf(to)) ?? 'busy') : became
    },
    check: async (path) => {
      const told = await resizer.resize({ from: path, sizes: [] })
      return 'refused' in told ? told : { kind: told.kind }
    },
    keep: async (titleId, path, kind) => {
      const key = keyOfTitle(titleId)
      // One at a time for a title: each takes away what others left, and two would take away each other's.
      const before = keeping.get(key) ?? Promise.resolve()
      const now = before.then(() => keepIn(originals, { key, path, kind }))
      const settled = now.catch(() => undefined)
      keeping.set(key, settled)
      try {
        await now
      } finally {
        if (keeping.get(key) === settled) keeping.delete(key)
      }
      folder.look()
    },
    [Symbol.asyncDispose]: () => resizer[Symbol.asyncDispose](),
  }
}

type Kept = { readonly key: CoverKey; readonly path: string; readonly kind: PictureKind }

async function keepIn(originals: string, { key, path, kind }: Kept): Promise<void> {
  await mkdir(originals, { recursive: true, mode: 0o700 })
  // Its own, should another process keep a cover of this title too.
  const half = join(originals, `.${key}.${randomUUID()}.new`)
  try {
    // The folder of covers may be a disk of its own.
    await copyFile(path, half)
    await onDisk(half)
    await rename(half, join(originals, key + ends[kind]))
  } catch (error) {
    await rm(half, { force: true })
    throw error
  }
  const others = coverEnds.filter((end) => end !== ends[kind])
  await Promise.all(others.map((end) => rm(join(originals, key + end), { force: true })))
}

async function resized(resizer: Resizer, from: string, sizes: ResizeAsk['sizes']) {
  try {
    return await resizer.resize({ from, sizes })
  } catch (error) {
    if (error instanceof WorkBusyError) return 'busy'
    throw error
  }
}

async function bytesOf(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  })
}

/** What was made of the picture that was there before. */
async function forgetOthers(folder: string, mark: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const old = names.filter((name) => !name.includes(mark))
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })))
}

async function onDisk(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.sync()
}
