import { createHash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { typeOf } from '../publish/targets.ts'

const bytesMost = 8 * 1024 * 1024
/** Files that are held in memory, the latest asked for; a page has about 40, and one with a long past some hundreds. */
const heldBytesMost = 32 * 1024 * 1024

/** A file of the page as it is served. */
export type Served = { readonly content: Buffer; readonly type: string; readonly etag: string }

type Held = { readonly version: string; readonly served: Promise<Served>; readonly bytes: number }

/**
 * Gives the file that a path asks for; undefined when there is none, or it is hidden, no plain file or outside of the folder.
 * All readers of a file share the bytes of it: a hundred who read slowly hold them once.
 */
export function staticFiles(folder: string): (pathname: string) => Promise<Served | undefined> {
  const held = new Map<string, Held>()
  return async (pathname) => {
    const name = nameOf(pathname)
    if (name === undefined) return undefined
    try {
      const [root, path] = await Promise.all([realpath(folder), realpath(join(folder, name))])
      if (!path.startsWith(root + sep)) return undefined
      const stats = await stat(path, { bigint: true })
      if (!stats.isFile() || stats.size > bytesMost) return undefined
      const version = `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
      const known = held.get(path)
      held.delete(path)
      const file =
        known?.version === version
          ? known
          : { version, bytes: Number(stats.size), served: read(path, typeOf(name)) }
      file.served.catch(() => held.delete(path))
      held.set(path, file)
      letGo(held)
      return await file.served
    } catch {
      return undefined
    }
  }
}

async function read(path: string, type: string): Promise<Served> {
  const content = await readFile(path)
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`
  return { content, type, etag }
}

/** Those that were not asked for the longest go first. */
function letGo(held: Map<string, Held>): void {
  let bytes = held.values().reduce((sum, file) => sum + file.bytes, 0)
  for (const [path, file] of held) {
    if (bytes <= heldBytesMost) return
    held.delete(path)
    bytes -= file.bytes
  }
}

/** The name below the folder; undefined when it is none that this page would give a file. */
function nameOf(pathname: string): string | undefined {
  let path: string
  try {
    path = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  if (path.endsWith('/')) path += 'index.html'
  const name = path.slice(1)
  return /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}\/){0,5}[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}$/.test(name)
    ? name
    : undefined
}
