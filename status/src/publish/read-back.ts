import { setTimeout as pause } from 'node:timers/promises'
import { ask } from '../probes/ask.ts'
import type { Files } from './folder.ts'

const readTries = 3
const readPauseMs = 500
const readTimeoutMs = 5_000
const readsAtOnce = 8
const proofs = ['index.html', 'api/v2/summary.json']
/** Beside the proofs a turn reads so many: 35 files, as of a young page, are all read in 4 turns, 300 in 30. */
const sampleFiles = 10

/**
 * The files that a turn reads back: all in the first, later the proofs and the next few of the others, so that each has its
 * turn. Without a turn, the proofs: a command does not wait for more.
 */
export function namesToRead(files: Files, turn?: number): string[] {
  const first = proofs.filter((name) => files.has(name))
  if (turn === undefined) return first
  const rest = [...files.keys()].filter((name) => !proofs.includes(name)).toSorted()
  if (turn === 0 || rest.length <= sampleFiles) return [...first, ...rest]
  const from = ((turn - 1) * sampleFiles) % rest.length
  return [...first, ...[...rest.slice(from), ...rest.slice(0, from)].slice(0, sampleFiles)]
}

/**
 * Reads files where readers do; a cache on the way gets a moment. Gives those that are not there or other than they were
 * written, and how that is told. Rejects when the host falls silent.
 */
export async function compareAt(
  url: string,
  files: Files,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  let left = names
  for (let tries = 1; ; tries++) {
    const { others, silence, unread } = await readThrough(url, files, left)
    if (silence === undefined && (others.size === 0 || tries === readTries)) return others
    if (silence !== undefined && tries === readTries) throw new Error(silence)
    left = [...others.keys(), ...unread]
    await pause(readPauseMs)
  }
}

/** Where a file is below an address. */
export function below(url: string, name: string): string {
  return `${url.replace(/\/$/, '')}/${name}`
}

async function readThrough(url: string, files: Files, names: readonly string[]) {
  const others = new Map<string, string>()
  const unread: string[] = []
  let silence: string | undefined
  for (let at = 0; at < names.length; at += readsAtOnce) {
    await Promise.all(
      names.slice(at, at + readsAtOnce).map(async (name) => {
        try {
          const why = await difference(url, files, name)
          if (why !== undefined) others.set(name, why)
        } catch (error) {
          silence = `${name} was written and is not read back. ${(error as Error).message}`
          unread.push(name)
        }
      }),
    )
    // A host that gives no answer is not waited for once a file.
    if (silence !== undefined) {
      unread.push(...names.slice(at + readsAtOnce))
      break
    }
  }
  return { others, silence, unread }
}

async function difference(url: string, files: Files, name: string): Promise<string | undefined> {
  const { status, text } = await ask(below(url, name), {
    timeoutMs: readTimeoutMs,
    headers: { 'cache-control': 'no-cache' },
  })
  if (status !== 200) return `${name} was written and is read back with status ${status}.`
  return text === files.get(name) ? undefined : `${name} was written and reads back as something else.`
}
