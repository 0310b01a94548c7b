import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { StartError, systemCode } from '../start-error.ts'
import { unusable } from './data-folder.ts'
import {
  type EmbeddedServer,
  embeddedMajor,
  type Identity,
  initialise,
  type ServerOptions,
  serverAt,
  startServer,
} from './embedded.ts'
import { clearStaleLocks, runningPostmaster, signalled } from './postmaster.ts'

/** The files of the embedded PostgreSQL within a data folder. */
export const clusterFolder = (dataFolder: string): string => join(dataFolder, 'postgres')

/**
 * Makes the cluster when there is none: beside its place, and then renamed, so that it is whole or not there. Tells
 * whether it made one. Of two first starts one comes first; the other throws its own away and takes that one.
 */
export async function ensureCluster(
  dataFolder: string,
  programs: string,
  identity: Identity | undefined,
  { signal, onMaking }: { signal: AbortSignal; onMaking: () => void },
): Promise<void> {
  const folder = clusterFolder(dataFolder)
  if (await exists(folder)) return refuseOtherMajor(folder)
  onMaking()
  await removeHalfMade(dataFolder)
  const half = `${folder}.new-${process.pid}`
  try {
    await initialise(half, programs, identity, signal)
    await rename(half, folder)
  } catch (error) {
    await rm(half, { recursive: true, force: true })
    const code = systemCode(error)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw unusable(error, dataFolder)
  }
}

async function refuseOtherMajor(folder: string): Promise<void> {
  const major = (await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
  if (major === embeddedMajor) return
  throw new StartError(
    'BIBBY_DATA_OTHER_POSTGRESQL',
    major === ''
      ? `${folder} is not whole: it has no PG_VERSION. Restore a backup, or set BIBBY_DATA to another folder; nothing was changed.`
      : `${folder} was made by PostgreSQL ${major.slice(0, 20)}, and this Bibby brings PostgreSQL ${embeddedMajor}. Start the Bibby that made it; nothing was changed.`,
  )
}

/** What a start left that was killed while it made a cluster; another start’s that still runs is left alone. */
async function removeHalfMade(dataFolder: string): Promise<void> {
  for (const name of await readdir(dataFolder)) {
    const pid = /^postgres\.new-(\d{1,10})$/.exec(name)?.[1]
    if (pid === undefined || (Number(pid) !== process.pid && signalled(Number(pid), 0))) continue
    await rm(join(dataFolder, name), { recursive: true, force: true })
  }
}

/** How long a server may take to come up or go down when another process has the say, crash recovery included. */
const settleLimitMs = 10 * 60_000
/** How long a crashed server’s last processes may linger before a new one can start. */
const lingerLimitMs = 10_000
const pollMs = 50

/**
 * The server of this cluster: the one that runs already, as after a killed Bibby, or a new one, which recovers by
 * itself after a crash.
 */
export async function adoptOrStart(
  options: ServerOptions & { readonly signal: AbortSignal; readonly onWaiting?: () => void },
): Promise<EmbeddedServer> {
  const begun = performance.now()
  for (;;) {
    options.signal.throwIfAborted()
    const found = await runningPostmaster(options.folder)
    if (found?.status === 'ready') return serverAt(found.pid, found.socketFolder)
    if (!found) {
      await clearStaleLocks(options.folder, options.socketFolder)
      try {
        return await startServer(options)
      } catch (error) {
        if (!isPassing(error) || performance.now() - begun > lingerLimitMs) throw error
      }
    } else if (performance.now() - begun > settleLimitMs) {
      throw new StartError(
        'BIBBY_POSTGRESQL_FAILED',
        `The PostgreSQL of ${options.folder} (process ${found.pid}) has been ${found.status} for too long. Look into its log, then start Bibby again.`,
      )
    }
    options.onWaiting?.()
    await wait(pollMs)
  }
}

/** Another start was quicker, or the last processes of a crashed server are still going. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof StartError &&
    /lock file "|pre-existing shared memory block|bogus data in lock file/.test(error.message)
  )
}

/** The longest path that a Unix socket may have: 107 bytes on Linux, 103 elsewhere. */
const socketPathBytesMax = process.platform === 'linux' ? 107 : 103
const socketName = '/.s.PGSQL.5432'

/**
 * The folder for the server’s socket: in the data folder, or, where that path is too long for a socket, a private
 * one below /tmp named for it. Throws when somebody else made that one first.
 */
export async function socketFolderFor(dataFolder: string, identity: Identity | undefined): Promise<string> {
  const inside = join(dataFolder, 'socket')
  if (Buffer.byteLength(inside + socketName) <= socketPathBytesMax) return inside
  const folder = `/tmp/bibby-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 24)}`
  const found = await lstat(folder).catch(() => undefined)
  const owner = identity?.uid ?? process.getuid?.()
  if (found && (!found.isDirectory() || found.uid !== owner || (found.mode & 0o077) !== 0)) {
    throw new StartError(
      'BIBBY_DATA_UNUSABLE',
      `The path ${dataFolder} is too long for a socket, and ${folder}, which would do instead, is not private. Set BIBBY_DATA to a shorter path.`,
    )
  }
  return folder
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false
      throw error
    },
  )
}
