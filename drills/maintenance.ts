import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { untilGone } from '@bibby/lending/postgres/postmaster.ts'
import type { Lab } from './runner/drill.ts'
import type { FullLibrary } from './runner/full-library.ts'

const command = fileURLToPath(new URL('../operator/src/bibby.ts', import.meta.url))
const longAgo = new Date('2020-01-01T00:00:00Z')
/** What a shell script needs to say `bibby`. */
const knowsBibby = 'bibby() { "$NODE" "$BIBBY" "$@"; }\n'

/** What a script of an operator came to. */
export type Typed = { readonly exit: number; readonly said: string }

/**
 * Runs a script as a shell reads it, in an empty folder of its own: what it does by mistake it does to the data folder of the drill,
 * which it knows as `$DATA`.
 */
export async function typed(
  lab: Lab,
  { home }: FullLibrary,
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Typed> {
  const cwd = await mkdtemp(join(tmpdir(), 'bibby-drill-shell-'))
  lab.atTheEnd(() => rm(cwd, { recursive: true, force: true }))
  return new Promise((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', knowsBibby + script],
      {
        cwd,
        signal: lab.signal,
        env: {
          PATH: '/usr/bin:/bin',
          NODE: process.execPath,
          BIBBY: command,
          DATA: home.data,
          BIBBY_DATA: home.data,
          ...env,
        },
      },
      (error, out, talk) => resolve({ exit: error ? Number(error.code) : 0, said: (talk || out).trim() }),
    )
  })
}

/** Writes files that were there before; each is as old as it says. */
export async function putFiles(folder: string, names: readonly string[], at = longAgo): Promise<void> {
  for (const name of names) {
    await writeFile(join(folder, name), name)
    await utimes(join(folder, name), at, at)
  }
}

/** The files below a folder, without what lies in a trash. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return found
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.includes('/.cleanup'))
}

/** Ends Bibby and its server, as a machine that goes down does, and starts it anew on what is left of its data. */
export async function startedAnew(
  { home, bibby, db }: FullLibrary,
  server: number | undefined,
): Promise<number> {
  bibby.kill('SIGKILL')
  await bibby.ended
  await db.end().catch(() => undefined)
  // Its own file with its number may be gone by now.
  await endServer(server)
  await home.start({ BIBBY_SAMPLE: 'no' }).ready
  const after = await home.connect()
  try {
    const { rows } = await after.query<{ n: number }>('select count(*)::integer as n from loan')
    return rows[0]?.n ?? 0
  } finally {
    await after.end()
  }
}

/** Ends a database server whose number was looked up before. */
export async function endServer(pid: number | undefined): Promise<void> {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGQUIT')
  } catch {
    return
  }
  await untilGone(pid, 10_000)
}
