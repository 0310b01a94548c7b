import { rename, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { dropLog, howLogIsKept } from '../backups/archive-settings.ts'
import { StartError } from '../start-error.ts'
import { adoptOrStart, clusterFolder, ensureCluster, socketFolderFor } from './cluster.ts'
import { unusable } from './data-folder.ts'
import { type EmbeddedServer, embeddedUser, programsFolder, type ServerOptions } from './embedded.ts'
import { forgetRunning, type Ownership, takeOwnership, tellRunning } from './owner.ts'
import { openPool, type PoolOptions } from './pool.ts'
import { memoryBytes, serverSettings } from './server-settings.ts'
import { unprivileged } from './unprivileged.ts'

/** The PostgreSQL of one data folder, started, owned and kept running by this process. */
export type OurServer = {
  readonly connection: Exclude<PoolOptions['connection'], string>
  /** Leaves word in the data folder of where Bibby answers. */
  readonly tellAddress: (address: string | null) => Promise<void>
  /** Settles when the server could not be kept, with the reason. While all goes well it never does. */
  readonly lost: Promise<StartError>
  readonly close: (how?: 'fast' | 'immediate') => Promise<void>
}

/** How the start of a server is told to whoever waits for it. */
export type Telling = {
  /** What takes a while now. */
  readonly step: (text: string) => void
  /** What went wrong and is being mended. */
  readonly warn: (text: string) => void
}

/** The database of the library on our own server. */
export const ourDatabase = 'bibby'
const logBytesMax = 10 * 1024 * 1024

/** Starts or adopts the server of this data folder and takes the folder for this process. */
export async function openOurServer(
  dataFolder: string,
  tell: Telling,
  signal: AbortSignal,
): Promise<OurServer> {
  const options = await serverOptions(dataFolder, tell, signal)
  const first = await adoptOrStart(options)
  const connection = {
    host: first.socketFolder,
    port: 5432,
    user: embeddedUser,
    database: ourDatabase,
    isOurs: true,
  } as const
  // Refused, we leave the server alone: it is the other one’s.
  let ownership = await takeOwnership(connection, dataFolder)
  let server: EmbeddedServer | undefined = first
  let restarting: Promise<void> = Promise.resolve()
  const since = new Date().toISOString()
  let address: string | null = null
  const tellAddress = async (now: string | null) => {
    address = now
    await tellRunning(dataFolder, { pid: process.pid, since, address })
  }
  const closing = new AbortController()
  const close = async (how: 'fast' | 'immediate' = 'fast') => {
    closing.abort()
    await restarting.catch(() => undefined)
    await forgetRunning(dataFolder)
    // The lock ends with the server, not before: whoever comes next finds it going down and waits.
    await server?.stop(how)
    await ownership.release()
    // One below /tmp is not left behind; PostgreSQL has emptied it.
    if (connection.host !== join(dataFolder, 'socket')) await rmdir(connection.host).catch(() => undefined)
  }
  const restart = async () => {
    server = undefined
    const next = await adoptOrStart({ ...options, socketFolder: connection.host, signal: closing.signal })
    ownership = await takeOwnership(connection, dataFolder)
    server = next
    await tellAddress(address)
  }
  try {
    await tellAddress(null)
    await ensureDatabase(connection)
  } catch (error) {
    await close()
    throw unusable(error, dataFolder)
  }
  const lost = keepRunning({
    restart: () => {
      restarting = restart()
      return restarting
    },
    ownership: () => ownership,
    tell,
    closing: closing.signal,
  })
  return { connection, tellAddress, lost, close }
}

async function serverOptions(
  dataFolder: string,
  tell: Telling,
  signal: AbortSignal,
): Promise<ServerOptions & { readonly signal: AbortSignal; readonly onWaiting: () => void }> {
  const { identity, programs } = await unprivileged(dataFolder, programsFolder(), { isOurs: true })
  const onMaking = () => tell.step('Making the database')
  await ensureCluster(dataFolder, programs, identity, { signal, onMaking })
  const logFile = join(dataFolder, 'postgres.log')
  // One old log is kept; what runs now writes on in the file that it has open.
  const { size } = await stat(logFile).catch(() => ({ size: 0 }))
  if (size > logBytesMax) await rename(logFile, `${logFile}.old`)
  return {
    folder: clusterFolder(dataFolder),
    socketFolder: await socketFolderFor(dataFolder, identity),
    programs,
    ...(identity ? { identity } : {}),
    logFile,
    settings: serverSettings(memoryBytes()),
    signal,
    onWaiting: () => tell.step('Waiting for the database'),
  }
}

async function ensureDatabase(connection: Exclude<PoolOptions['connection'], string>): Promise<void> {
  await using maintenance = openPool({
    connection: { ...connection, database: 'postgres' },
    name: 'bibby-start',
    connectionsMax: 1,
    statementLimitMs: 60_000,
  })
  await maintenance.withConnection(async (session) => {
    const { rowCount } = await session.query('select from pg_database where datname = $1', [ourDatabase])
    if (rowCount === 0) await session.query(`create database ${ourDatabase} template template0`)
    // Nobody has said yet what becomes of its log: without an answer it would be heaped up.
    if ((await howLogIsKept(session)).isUnset) await dropLog(session)
  })
}

/** Before the first, second … restart in a row; after the last there is no other. */
const backoffsMs = [0, 500, 1_000, 2_000, 5_000, 10_000]
/** A server that stayed up this long has its restarts forgiven. */
const forgivenAfterMs = 10 * 60_000

async function keepRunning({
  restart,
  ownership,
  tell,
  closing,
}: {
  restart: () => Promise<void>
  ownership: () => Ownership
  tell: Telling
  closing: AbortSignal
}): Promise<StartError> {
  let restarts = 0
  for (;;) {
    const upSince = performance.now()
    await ownership().ended
    if (closing.aborted) return never()
    if (performance.now() - upSince > forgivenAfterMs) restarts = 0
    tell.warn('The database ended. Starting it again.')
    for (let isUp = false; !isUp; restarts++) {
      const backoffMs = backoffsMs[restarts]
      if (backoffMs === undefined) {
        return new StartError(
          'BIBBY_POSTGRESQL_FAILED',
          `The database ended ${restarts} times in a row. Look into postgres.log in the data folder, then start Bibby again.`,
        )
      }
      await wait(backoffMs)
      if (closing.aborted) return never()
      try {
        await restart()
        isUp = true
        tell.warn('The database is back.')
      } catch (error) {
        if (closing.aborted) return never()
        if (error instanceof StartError && error.code === 'BIBBY_ALREADY_RUNNING') return error
        tell.warn(error instanceof Error ? error.message : 'The database did not start.')
      }
    }
  }
}

function never(): Promise<StartError> {
  return new Promise(() => undefined)
}
