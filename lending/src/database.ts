import type { Config } from './config.ts'
import { clusterFolder } from './postgres/cluster.ts'
import { type DataFolder, defaultDataFolder, openDataFolder } from './postgres/data-folder.ts'
import { embeddedUser } from './postgres/embedded.ts'
import { migrate } from './postgres/migrate.ts'
import { openOurServer, ourDatabase, type Telling } from './postgres/our-server.ts'
import { readRunning } from './postgres/owner.ts'
import { openPool, type PoolOptions } from './postgres/pool.ts'
import { runningPostmaster, signalled } from './postgres/postmaster.ts'
import { checkTheirServer } from './postgres/their-server.ts'
import type { StartError } from './start-error.ts'
import { bibbyVersion } from './version.ts'

/** A database that is up and at this Bibby’s schema, ours or the operator’s. */
export type KeptDatabase = {
  readonly connection: PoolOptions['connection']
  /** Leaves word of where Bibby answers, for whoever tries to start a second one. */
  readonly tellAddress: (address: string) => Promise<void>
  /** Settles when our own server could not be kept up; never for the operator’s, who keeps it. */
  readonly lost: Promise<StartError>
  readonly close: (how?: 'fast' | 'immediate') => Promise<void>
}

/** Opens the data folder that the settings name, or the default one. */
export async function openSetFolder(config: Config, tell: Telling): Promise<DataFolder> {
  const path =
    config.dataFolder ?? (await defaultDataFolder({ isServerOurs: config.databaseUrl === undefined }))
  if (config.dataFolder === undefined && path === '/var/lib/bibby') {
    tell.step(`The data goes to ${path}: the user who runs the database cannot reach this project`)
  }
  return openDataFolder(path, bibbyVersion())
}

/** Starts our server, or looks at the operator’s, and brings the schema up to this version. */
export async function openDatabase(
  config: Config,
  folder: DataFolder,
  { tell, signal }: { tell: Telling; signal: AbortSignal },
): Promise<KeptDatabase> {
  const database = await (config.databaseUrl === undefined
    ? ours(folder, tell, signal)
    : theirs(config.databaseUrl))
  try {
    await bringUp(database.connection, tell)
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

/**
 * The connection to the library of this folder when a Bibby runs on it now, which keeps the database; undefined
 * when none does.
 */
export async function runningConnection(folder: DataFolder): Promise<PoolOptions['connection'] | undefined> {
  const running = await readRunning(folder.path)
  const server = await runningPostmaster(clusterFolder(folder.path))
  if (!running || !signalled(running.pid, 0) || server?.status !== 'ready') return undefined
  return { host: server.socketFolder, port: 5432, user: embeddedUser, database: ourDatabase }
}

async function ours(folder: DataFolder, tell: Telling, signal: AbortSignal): Promise<KeptDatabase> {
  tell.step('Starting the database')
  return openOurServer(folder.path, tell, signal)
}

async function theirs(databaseUrl: string): Promise<KeptDatabase> {
  await checkTheirServer(databaseUrl)
  return {
    connection: databaseUrl,
    tellAddress: async () => undefined,
    lost: new Promise(() => undefined),
    close: async () => undefined,
  }
}

/** A migration may rewrite a large table: it has as long as this for one statement. */
const migrationStatementLimitMs = 60 * 60_000

async function bringUp(connection: PoolOptions['connection'], tell: Telling): Promise<void> {
  await using db = openPool({
    connection,
    name: 'bibby-migrate',
    connectionsMax: 1,
    statementLimitMs: migrationStatementLimitMs,
  })
  const ran = await migrate(db, bibbyVersion())
  if (ran.length > 0) tell.step(`The database is at ${ran.at(-1)}`)
}
