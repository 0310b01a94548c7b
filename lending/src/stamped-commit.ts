import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Which source this is. */
export type Stamp = { readonly commit: string; readonly builtAt: string | null }

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * The commit that this source is at: from the file `BUILD` that a release carries (`{"commit", "builtAt"}`), else
 * from the clone's `.git`, else `unknown`. Files only, no command is run.
 */
export function stampedCommit(folder: string = root): Stamp {
  return fromBuildFile(folder) ?? { commit: fromGit(join(folder, '.git')) ?? 'unknown', builtAt: null }
}

function fromBuildFile(folder: string): Stamp | undefined {
  const text = read(join(folder, 'BUILD'))
  if (text === undefined) return undefined
  const stamp: unknown = JSON.parse(text)
  if (typeof stamp !== 'object' || stamp === null) return undefined
  const { commit, builtAt } = stamp as Record<string, unknown>
  return {
    commit: typeof commit === 'string' ? commit : 'unknown',
    builtAt: typeof builtAt === 'string' ? builtAt : null,
  }
}

function fromGit(git: string): string | undefined {
  const head = read(join(git, 'HEAD'))?.trim()
  if (head === undefined || !head.startsWith('ref: ')) return head
  const ref = head.slice('ref: '.length)
  const loose = read(join(git, ref))?.trim()
  if (loose) return loose
  return read(join(git, 'packed-refs'))
    ?.split('\n')
    .find((line) => line.endsWith(` ${ref}`))
    ?.split(' ')[0]
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
