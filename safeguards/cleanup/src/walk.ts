import type { BigIntStats } from 'node:fs'
import { type FileName, shown } from './file-name.ts'
import { type HeldFolder, holdIn, namesIn, placeOf, statIn, statOf } from './held-folder.ts'
import { treeDepthMax, treeFilesMax } from './host.ts'
import { markerName } from './marker.ts'
import { mountPoints } from './mounts.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'
import { type Root, stateName } from './root.ts'

/** What makes a file this very file: it is looked at again before and after it is moved. */
export type Identity = {
  readonly inode: string
  readonly bytes: number
  /** When its content was last written, nanoseconds since 1970, in digits. */
  readonly modifiedNs: string
}

/** A file below the root. */
export type Entry = Identity & {
  readonly path: FileName
  /** When anything about it last changed, nanoseconds since 1970, in digits; a journal does not know it. */
  readonly changedNs?: string
}

/** What is there and is never moved, by reason. */
export type Left = Readonly<
  Record<'links' | 'specials' | 'hardLinked' | 'ofOthers' | 'mounts' | 'unreadable', number>
>

/** All that stands below a root. */
export type Tree = {
  /** Sorted by their bytes. */
  readonly files: readonly Entry[]
  /** The inode of each folder, by its path; the root itself is the empty path. */
  readonly folders: ReadonlyMap<FileName, string>
  readonly left: Left
}

/** Reads the whole tree and changes nothing. Links are not followed, mounts not entered. */
export function walk(root: Root): Tree {
  const files: Entry[] = []
  const folders = new Map<FileName, string>()
  const left = { links: 0, specials: 0, hardLinked: 0, ofOthers: 0, mounts: 0, unreadable: 0 }
  const mounts = mountPoints()
  const we = process.getuid?.() ?? 0

  const look = (folder: HeldFolder, { path, depth }: { path: FileName; depth: number }): void => {
    if (depth > treeDepthMax)
      throw tooLarge(root, `has folders more than ${treeDepthMax} deep, as ${shown(path)}`)
    folders.set(path, String(statOf(folder).ino))
    for (const name of namesIn(folder).toSorted()) {
      if (path === '' && (name === markerName || name === stateName)) continue
      const stats = statIn(folder, name)
      // Gone since its name was read.
      if (!stats) continue
      const below = path === '' ? name : `${path}/${name}`
      if (stats.isDirectory()) enter(folder, { name, below, depth, stats })
      else if (stats.isSymbolicLink()) left.links += 1
      else if (!stats.isFile()) left.specials += 1
      else if (stats.nlink !== 1n) left.hardLinked += 1
      else if (stats.dev !== root.device) left.mounts += 1
      // Who is not root could not put it back by a link.
      else if (we !== 0 && Number(stats.uid) !== we) left.ofOthers += 1
      else files.push({ path: below, ...identityOf(stats), changedNs: String(stats.ctimeNs) })
      if (files.length > treeFilesMax)
        throw tooLarge(root, `has more than ${treeFilesMax.toLocaleString('en')} files`)
    }
  }
  const enter = (
    folder: HeldFolder,
    { name, below, depth, stats }: { name: FileName; below: FileName; depth: number; stats: BigIntStats },
  ): void => {
    if (stats.dev !== root.device) {
      left.mounts += 1
      return
    }
    try {
      using inner = holdIn(folder, name)
      // A bind mount of the same file system has the same device.
      if (mounts.has(placeOf(inner))) left.mounts += 1
      else look(inner, { path: below, depth: depth + 1 })
    } catch (error) {
      // Gone, swapped for a link, or closed to us: what is in it is not ours to move.
      if (systemCodeOf(error) === undefined) throw error
      left.unreadable += 1
    }
  }
  look(root.folder, { path: '', depth: 0 })
  return { files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), folders, left }
}

/** What makes a file this one. */
function identityOf({ ino, size, mtimeNs }: BigIntStats): Identity {
  return { inode: String(ino), bytes: Number(size), modifiedNs: String(mtimeNs) }
}

/** Whether it is that very file still, unchanged, of one name, and a file. */
export function isStill(
  entry: Identity,
  { stats, device }: { stats: BigIntStats | undefined; device: bigint },
): boolean {
  if (!stats?.isFile() || stats.dev !== device || stats.nlink !== 1n) return false
  const found = identityOf(stats)
  return found.inode === entry.inode && found.bytes === entry.bytes && found.modifiedNs === entry.modifiedNs
}

function tooLarge({ setting }: Root, why: string): CleanupRefusedError {
  return new CleanupRefusedError(
    'tree-too-large',
    `The root ${setting.name} ${why}. Split it into several roots; nothing was touched.`,
  )
}
