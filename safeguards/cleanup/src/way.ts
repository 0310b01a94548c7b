import { fchmodSync, fchownSync } from 'node:fs'
import { type FileName, nameOfText } from './file-name.ts'
import { type HeldFolder, holdIn, placeOf, statIn, statOf } from './held-folder.ts'
import { mountPoints } from './mounts.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'
import { madeIn, type Root } from './root.ts'

/** A folder below the root, held, and the name in it. */
export type Spot = { readonly folder: HeldFolder; readonly name: FileName }

/** The way to files below a root, folder by folder, each held. Files one after the other in a folder cost it once. */
export type Way = Disposable & {
  /** Where this file is to be looked for; undefined when a folder on the way is not what it was. */
  readonly to: (path: FileName) => Spot | undefined
}

type Level = { readonly name: FileName; readonly held: HeldFolder }

/**
 * With `folders`, each folder has to be the very one that was planned, at the place where it was. With `make`, any real
 * folder will do, and what is missing is made anew when it is true.
 */
export function wayIn(
  root: Root,
  how: { readonly folders: ReadonlyMap<FileName, string> } | { readonly make: boolean },
): Way {
  const levels: Level[] = []
  const mounts = mountPoints()
  const top = () => levels.at(-1)?.held ?? root.folder
  const close = (to: number) => {
    for (const { held } of levels.splice(to)) held[Symbol.dispose]()
  }
  const isIt = (held: HeldFolder, path: FileName): boolean => {
    const place = placeOf(held)
    if (place !== nameOfText(`${root.path}/`) + path) return false
    if ('make' in how) return statOf(held).dev === root.device && !mounts.has(place)
    return String(statOf(held).ino) === how.folders.get(path)
  }
  const enter = (name: FileName): HeldFolder | undefined => {
    try {
      if ('make' in how && how.make && !statIn(top(), name)) return madeLike(top(), name)
      return holdIn(top(), name)
    } catch (error) {
      if (systemCodeOf(error) === undefined && !(error instanceof CleanupRefusedError)) throw error
      return undefined
    }
  }
  return {
    to: (path) => {
      const parts = path.split('/')
      const name = parts.pop() ?? ''
      const shared = parts.findIndex((part, depth) => levels[depth]?.name !== part)
      close(shared === -1 ? parts.length : shared)
      for (const [depth, part] of parts.entries()) {
        if (depth < levels.length) continue
        const held = enter(part)
        if (!held) return undefined
        if (!isIt(held, parts.slice(0, depth + 1).join('/'))) {
          held[Symbol.dispose]()
          return undefined
        }
        levels.push({ name: part, held })
      }
      return { folder: top(), name }
    },
    [Symbol.dispose]: () => close(0),
  }
}

/** A folder that is made anew gets the owner and the rights of the one that it lies in. */
function madeLike(folder: HeldFolder, name: FileName): HeldFolder {
  const made = madeIn(folder, name)
  const { mode, uid, gid } = statOf(folder)
  if (process.getuid?.() === 0) fchownSync(made.descriptor, Number(uid), Number(gid))
  fchmodSync(made.descriptor, Number(mode & 0o777n))
  return made
}
