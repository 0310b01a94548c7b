import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

const secretBytes = 32

/** Makes the folder of the notice service, for its owner only, and gives its path. */
export async function noticeFolder(dataFolder: string): Promise<string> {
  const folder = join(dataFolder, 'notices')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

/**
 * The token in the notice folder. Whoever comes first makes it, library or notice service; two at once get the same,
 * because a file is given its name only when it is complete, and only if there is none.
 */
export async function keptToken(folder: string): Promise<string> {
  return keptSecret(join(folder, 'notice-token'))
}

/** A secret that is made once and kept in this file. */
export async function keptSecret(path: string): Promise<string> {
  const found = await readSecret(path)
  if (found !== undefined) return found
  const half = `${path}.${randomUUID()}`
  const file = await open(half, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(secretBytes).toString('base64url')}\n`)
    await file.sync()
    await file.close()
    await link(half, path).catch((error: unknown) => {
      if (!isErrorOf('EEXIST', error)) throw error
    })
  } finally {
    await rm(half, { force: true })
  }
  const made = await readSecret(path)
  if (made === undefined) throw new Error(`${path} holds no secret. Remove it; it is then made anew.`)
  return made
}

async function readSecret(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined
  } catch (error) {
    if (isErrorOf('ENOENT', error)) return undefined
    throw error
  }
}

/** Whether the system said this. */
export function isErrorOf(code: string, error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
