import { createHash } from 'node:crypto'
import { open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { typeOf } from '../publish/targets.ts'

const bytesMost = 8 * 1024 * 1024

/** A file of the page as it is served. */
export type Served = { readonly content: Buffer; readonly type: string; readonly etag: string }

/** The file that a path asks for. Undefined when there is none, or it is hidden, no plain file or outside of the folder. */
export async function staticFile(folder: string, pathname: string): Promise<Served | undefined> {
  const name = nameOf(pathname)
  if (name === undefined) return undefined
  try {
    const [root, path] = await Promise.all([realpath(folder), realpath(join(folder, name))])
    if (!path.startsWith(root + sep)) return undefined
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat().then((stats) => (stats.isFile() ? stats : { size: bytesMost + 1 }))
      if (size > bytesMost) return undefined
      const content = await file.readFile()
      const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`
      return { content, type: typeOf(name), etag }
    } finally {
      await file.close()
    }
  } catch {
    return undefined
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
