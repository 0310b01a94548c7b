import { createHash, randomUUID } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cleanup, openCleanup } from '../src/cleanup.ts'
import type { Host, Limits, RootSetting } from '../src/host.ts'

/** A root in a folder of its own, with something beside it that must never change. */
export type Lab = Disposable & {
  /** The folder of all; the test may put more into it. */
  readonly path: string
  readonly root: string
  readonly outside: string
  /** With the root marked, unless told otherwise. */
  readonly cleanup: (changes?: Changes) => Cleanup
  readonly host: (changes?: Changes) => Host
  /** Writes a file below the root; one whose name has `old` in it is chosen. */
  readonly file: (path: string | Buffer, text?: string) => string
  /** What is in a folder: kind, inode, content, by path. Of the root, without our own state. */
  readonly seen: (path: string) => ReadonlyMap<string, string>
}

/** What a test sets otherwise. */
export type Changes = Partial<Omit<Host, 'roots'>> & {
  readonly root?: Partial<RootSetting>
  readonly limits?: Partial<Limits>
  readonly others?: readonly RootSetting[]
}

/** So that hardly anything is too much. */
export const wide: Limits = { filesMax: 1_000_000, bytesMax: 1e12, percentMax: 100, filesLeftMin: 0 }

/** Makes one below the folder for temporary files. */
export function lab(): Lab {
  const path = mkdtempSync(join(tmpdir(), 'bibby-cleanup-'))
  const [root, outside] = [join(path, 'library', 'covers'), join(path, 'outside')]
  mkdirSync(root, { recursive: true })
  mkdirSync(join(outside, 'deep'), { recursive: true })
  writeFileSync(join(outside, 'kept.old'), 'kept')
  writeFileSync(join(outside, 'deep', 'kept.old'), 'kept')
  const host = (changes: Changes = {}): Host => {
    const { root: rootChanges = {}, limits = {}, others = [], ...rest } = changes
    return {
      roots: [
        {
          name: 'covers',
          path: root,
          limits: { ...wide, ...limits },
          chooser:
            async () =>
            ({ name }) =>
              name.includes('old') ? 'old' : undefined,
          ...rootChanges,
        },
        ...others,
      ],
      protect: [],
      environment: 'test',
      confirms: false,
      health: async () => ({ all: undefined }),
      // Started again whenever it is looked at.
      serviceInstance: async () => randomUUID(),
      clock: () => new Date(),
      ...rest,
    }
  }
  openCleanup(host()).mark('covers')
  return {
    path,
    root,
    outside,
    host,
    cleanup: (changes) => openCleanup(host(changes)),
    file: (name, text = 'text') => {
      const to = typeof name === 'string' ? join(root, name) : Buffer.concat([Buffer.from(`${root}/`), name])
      if (typeof to === 'string') mkdirSync(join(to, '..'), { recursive: true })
      writeFileSync(to, text)
      utimesSync(to, 1_700_000_000, 1_700_000_000)
      return String(to)
    },
    seen,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

const ours = ['.cleanup', '.cleanup-root.json']

function seen(path: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const look = (folder: Buffer, below: string) => {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const [at, label] = [Buffer.concat([folder, Buffer.from('/'), name]), below + name.toString('latin1')]
      if (below === '' && ours.includes(label)) continue
      const stats = lstatSync(at)
      if (stats.isDirectory()) {
        found.set(label, 'folder')
        look(at, `${label}/`)
      } else if (stats.isSymbolicLink()) found.set(label, `link ${readlinkSync(at)}`)
      else if (stats.isFile()) {
        const text = createHash('sha256').update(readFileSync(at)).digest('hex')
        found.set(label, `${stats.ino} ${stats.size} ${stats.mtimeMs} ${text}`)
      } else found.set(label, `special ${stats.mode}`)
    }
  }
  look(Buffer.from(path), '')
  return found
}
