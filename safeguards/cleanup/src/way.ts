import type { FileName } from './file-name.ts'
import { nameOfText } from './file-name.ts'
import { type HeldFolder, holdIn, placeOf, statIn, statOf } from './held-folder.ts'
import { systemCodeOf } from './refusal.ts'
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
  const top = () => levels.at(-1)?.held ?? root.folder
  const close = (to: number) => {
    for (const { held } of levels.splice(to)) held[Symbol.dispose]()
  }
  const isIt = (held: HeldFolder, path: FileName): boolean => {
    if ('make' in how) return statOf(held).dev === root.device
    return (
      String(statOf(held).ino) === how.folders.get(path) &&
      placeOf(held) === nameOfText(`${root.path}/`) + path
    )
  }
  const enter = (name: FileName): HeldFolder | undefined => {
    try {
      if ('make' in how && how.make && !statIn(top(), name)) return madeIn(top(), name)
      return holdIn(top(), name)
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error
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
