import { chown, mkdir, readdir, rm } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { socketFolderFor } from '../postgres/cluster.ts'
import {
  type EmbeddedServer,
  embeddedUser,
  type Identity,
  initialise,
  programsFolder,
  startServer,
} from '../postgres/embedded.ts'
import { ourDatabase } from '../postgres/our-server.ts'
import { runningPostmaster, signalled, untilGone } from '../postgres/postmaster.ts'
import { memoryBytes, serverSettings } from '../postgres/server-settings.ts'
import { unprivileged } from '../postgres/unprivileged.ts'
import { openSession } from './session.ts'

/** A throwaway place for a server beside the live one: nothing but a proof or a restore ever connects to it. */
export type Scratch = AsyncDisposable & {
  readonly parent: string
  /** Of the cluster within. */
  readonly folder: string
  readonly identity: Identity | undefined
  readonly initialise: () => Promise<void>
  /** Starts the server; one at a time. Its settings come over those of a scratch server. */
  readonly start: (settings?: Readonly<Record<string, string>>) => Promise<ScratchServer>
}

/** A scratch server that runs. */
export type ScratchServer = {
  readonly connection: { host: string; port: number; user: string; database: string }
  /** A session on a database of it. The caller ends it. */
  readonly connect: (database?: string) => Promise<pg.Client>
  readonly stop: () => Promise<void>
}

/** As a search: it takes the processor when nobody else wants it. */
const niceness = 15
const goneLimitMs = 10_000

/**
 * Makes the place in the data folder, where the server's user gets through, under a name that says whose it is. What a
 * run that was killed left there is ended and removed first. Closing stops the server and removes everything, unless it
 * was `kept`: then the parent is the caller's.
 */
export async function openScratch(
  dataFolder: string,
  { kept = false, signal }: { kept?: boolean; signal?: AbortSignal } = {},
): Promise<Scratch> {
  await endDeadScratch(dataFolder)
  const parent = join(dataFolder, `${prefix}${process.pid}`)
  const { identity, programs } = await unprivileged(dataFolder, programsFolder(), { isOurs: true })
  await mkdir(parent, { mode: 0o700 })
  if (identity) await chown(parent, identity.uid, identity.gid)
  const folder = join(parent, 'postgres')
  let server: EmbeddedServer | undefined
  const close = async () => {
    await server?.stop('immediate')
    await rm(parent, { recursive: true, force: true, maxRetries: 3 })
  }
  return {
    parent,
    folder,
    identity,
    initialise: () => initialise(folder, programs, identity, signal),
    start: async (settings = {}) => {
      server = await startServer({
        folder,
        socketFolder: await socketFolderFor(parent, identity),
        programs,
        ...(identity ? { identity } : {}),
        logFile: join(parent, 'postgres.log'),
        settings: { ...serverSettings(memoryBytes()), ...scratchSettings, ...settings },
        ...(signal ? { signal } : {}),
      })
      return running(server)
    },
    [Symbol.asyncDispose]: async () => {
      if (!kept) await close()
    },
  }
}

/** It sends nothing to anywhere: no archive, no standbys, no network, and the log is only as much as a load needs. */
const scratchSettings = {
  archive_mode: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  max_connections: '10',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
}

/** What a proof adds: it may lose all when the machine goes down, for it is thrown away. */
export const thrownAway = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }

function running(server: EmbeddedServer): ScratchServer {
  try {
    setPriority(server.pid, niceness)
  } catch {
    // Then it runs as any other.
  }
  const connection = { host: server.socketFolder, port: 5432, user: embeddedUser, database: ourDatabase }
  return {
    connection,
    // Each session is weighed by itself: that of its server is not enough (scheduling.ts).
    connect: (database = ourDatabase) =>
      openSession({ ...connection, database, isOurs: true }, 'bibby-scratch'),
    stop: () => server.stop('fast'),
  }
}

const prefix = 'backup-scratch-'

/** Ends and removes what a run left that was killed; one that still runs is left alone. */
export async function endDeadScratch(dataFolder: string): Promise<void> {
  for (const name of await readdir(dataFolder).catch(() => [])) {
    const pid = /^backup-scratch-(\d{1,10})$/.exec(name)?.[1]
    if (pid === undefined || (Number(pid) !== process.pid && signalled(Number(pid), 0))) continue
    const parent = join(dataFolder, name)
    const server = await runningPostmaster(join(parent, 'postgres'))
    if (server && signalled(server.pid, 'SIGQUIT')) await untilGone(server.pid, goneLimitMs)
    await rm(parent, { recursive: true, force: true, maxRetries: 3 })
  }
}
