import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { socketFolderFor } from '@bibby/lending/postgres/cluster.ts'
import { programsFolder } from '@bibby/lending/postgres/embedded.ts'
import { unprivileged } from '@bibby/lending/postgres/unprivileged.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { on } from './apart.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** What `npm start` runs, as the package says it: Node’s own options count in a measurement. */
const [, ...startArguments] = packageJson.scripts.start.split(' ')

/** A Bibby as `npm start` starts it, in a folder of its own, on a free port. */
export type RunningBibby = AsyncDisposable & {
  readonly address: string
  readonly pid: number
  /** From the start of the process to the line that says it is ready. */
  readonly readyAfterMs: number
  /** How to reach its database. */
  readonly connection: { host: string; port: number; user: string; database: string }
  /** Ends it in order; its folder stays for another start. */
  readonly stop: () => Promise<void>
}

/** Where Linux keeps files in memory. */
export const inMemory = '/dev/shm'

/** A new empty folder for a Bibby's data, below `under`; removed at the end. */
export async function dataFolder(
  under: string = tmpdir(),
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(under, 'bibby-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Starts the real command on this data folder, without the sample library; `env` adds to its environment. `processors`:
 * those that it may use, its database included, as taskset names them.
 */
export async function startBibby(
  folder: string,
  {
    env = {},
    processors,
  }: { readonly env?: Readonly<Record<string, string>>; readonly processors?: string } = {},
): Promise<RunningBibby> {
  const begun = performance.now()
  const [program, ...options] = on(processors, [process.execPath, ...startArguments])
  const child = spawn(program, options, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      BIBBY_DATA: folder,
      BIBBY_PORT: '0',
      BIBBY_NOTICE_PORT: '0',
      BIBBY_SAMPLE: 'no',
      BIBBY_LOG_LEVEL: 'error',
      ...env,
    },
  })
  const address = await addressOf(child)
  const { identity } = await unprivileged(folder, programsFolder(), { isOurs: true })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  return {
    address,
    pid: child.pid ?? 0,
    readyAfterMs: performance.now() - begun,
    connection: {
      host: await socketFolderFor(folder, identity),
      port: 5432,
      user: 'bibby',
      database: 'bibby',
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('Bibby has no standard output.')
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /http:\/\/[\w.:[\]-]{3,80}/.exec(line)?.[0]
    if (!found) continue
    child.stdout.resume()
    return found
  }
  throw new Error('Bibby ended before it was ready.')
}
