import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs'
import { bytesOf, type FileName, isEntryName, nameOf } from './file-name.ts'

/**
 * An open folder. What is done in it is done in this very folder, whatever its path leads to by now: a folder that is
 * swapped for a link while we work takes nobody along. Linux: paths below /proc/self/fd.
 */
export type HeldFolder = Disposable & { readonly descriptor: number }

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Opens a path from `/` on, name by name; a link anywhere on it fails with ELOOP or ENOTDIR. */
export function holdPath(path: FileName): HeldFolder {
  let held: HeldFolder = holding(openSync('/', asFolder))
  try {
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next = holdIn(held, name)
      held[Symbol.dispose]()
      held = next
    }
    return held
  } catch (error) {
    held[Symbol.dispose]()
    throw error
  }
}

/** Opens a folder in a held one; fails when it is a link, or no folder. */
export function holdIn(folder: HeldFolder, name: FileName): HeldFolder {
  return holding(openSync(within(folder, name), asFolder))
}

function holding(descriptor: number): HeldFolder {
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) }
}

/** The path of an entry of a held folder: it leads through the folder that is open, and through no other. */
export function within({ descriptor }: HeldFolder, name: FileName): Buffer {
  if (!isEntryName(name)) throw new Error('A name leads out of its folder.')
  return Buffer.concat([Buffer.from(`/proc/self/fd/${descriptor}/`), bytesOf(name)])
}

/** Where the system says that a held folder is by now. */
export function placeOf({ descriptor }: HeldFolder): FileName {
  return nameOf(readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'buffer' }))
}

/** Its own entries. */
export function namesIn({ descriptor }: HeldFolder): FileName[] {
  return readdirSync(`/proc/self/fd/${descriptor}/`, { encoding: 'buffer' }).map(nameOf)
}

/** What an entry is; a link is told as a link. Undefined when there is none. */
export function statIn(folder: HeldFolder, name: FileName): BigIntStats | undefined {
  return lstatSync(within(folder, name), { bigint: true, throwIfNoEntry: false })
}

/** What the held folder itself is. */
export function statOf({ descriptor }: HeldFolder): BigIntStats {
  return fstatSync(descriptor, { bigint: true })
}

/** Its entries as they are now are on the disk. */
export function syncFolder({ descriptor }: HeldFolder): void {
  fsyncSync(descriptor)
}
