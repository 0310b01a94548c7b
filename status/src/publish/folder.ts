import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Names of files and what is in them. */
export type Files = ReadonlyMap<string, string>

const manifest = '.published.json'
const leftoverMs = 60_000

/**
 * Brings a folder to these files. Each is written beside its place, forced to disk and renamed, so that no reader and no
 * crash ever sees half of one; the front page comes last, so that it links to nothing that is not there. Files that
 * this page put there and no longer has are removed; those of others are never touched.
 */
export async function writeFolder(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true })
  const before = await publishedBefore(folder)
  const names = [...files.keys()].toSorted((a, b) => Number(a === 'index.html') - Number(b === 'index.html'))
  // What may have to be removed is written down before it is made.
  await writeFile(folder, manifest, JSON.stringify([...new Set([...before, ...names])].toSorted()))
  for (const name of names) await writeFile(folder, name, files.get(name) ?? '')
  for (const name of before) {
    if (!files.has(name)) await rm(join(folder, name), { force: true })
  }
  await writeFile(folder, manifest, JSON.stringify(names.toSorted()))
  await sweep(folder)
}

/** The names whose content in the folder is another. */
export async function differing(folder: string, files: Files): Promise<string[]> {
  const names = await Promise.all(
    [...files].map(async ([name, content]) =>
      (await contentOf(join(folder, name))) === content ? undefined : name,
    ),
  )
  return names.filter((name) => name !== undefined)
}

/** Writes one file so that it is there whole or not at all. One that is the same already is left alone. */
export async function writeFile(folder: string, name: string, content: string): Promise<void> {
  const path = join(folder, name)
  if ((await contentOf(path)) === content) return
  await mkdir(dirname(path), { recursive: true })
  const beside = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(beside, 'wx', 0o644)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** The rename itself is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

async function publishedBefore(folder: string): Promise<string[]> {
  try {
    const names: unknown = JSON.parse((await contentOf(join(folder, manifest))) ?? '[]')
    const isOurs = (name: unknown) =>
      typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9./_-]{0,200}$/.test(name) && !name.includes('..')
    return Array.isArray(names) ? names.filter(isOurs) : []
  } catch {
    return []
  }
}

/** Removes what a writer that was killed left beside a file. */
async function sweep(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^\.[0-9a-f]{12}\.tmp$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > leftoverMs) await rm(path, { force: true })
  }
}
