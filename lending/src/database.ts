import { settleRestore } from './backups/restore-state.ts'
import type { Config } from './config.ts'
import { clusterFolder } from './postgres/cluster.ts'
import {
  type DataFolder,
  defaultDataFolder,
  isWithoutLibrary,
  openDataFolder,
} from './postgres/data-folder.ts'
import { embeddedUser } from './postgres/embedded.ts'
import { migrate } from './postgres/migrate.ts'
import { openOurServer, ourDatabase, type Telling } from './postgres/our-server.ts'
import { readRunning } from './postgres/owner.ts'
import { openPool, type PoolOptions } from './postgres/pool.ts'
import { runningPostmaster, signalled } from './postgres/postmaster.ts'
import { sql } from './postgres/sql.ts'
import { checkTheirServer } from './postgres/their-server.ts'
import { StartError } from './start-error.ts'
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
  const path = await setFolder(config)
  if (config.dataFolder === undefined && path === '/var/lib/bibby') {
    tell.step(`The data goes to ${path}: the user who runs the database cannot reach this project`)
  }
  return openDataFolder(path, bibbyVersion())
}

/**
 * Throws StartError BIBBY_NO_LIBRARY, with nothing made or changed, where the settings lead to no library yet: whoever
 * asks something of one has mistyped the place, and would be answered by an empty one.
 */
export async function refuseWithoutLibrary(config: Config): Promise<void> {
  if (config.databaseUrl === undefined) {
    const path = await setFolder(config)
    if (await isWithoutLibrary(path)) throw noLibrary(`in ${path}`)
    return
  }
  await checkTheirServer(config.databaseUrl)
  await using db = openPool({
    connection: config.databaseUrl,
    name: 'bibby-look',
    connectionsMax: 1,
    statementLimitMs: lookLimitMs,
  })
  const [found] = await db.rows<{ is_there: boolean }>(sql`
    select to_regclass('schema_migration') is not null as is_there
  `)
  if (!found?.is_there) throw noLibrary('in the database that BIBBY_DATABASE_URL names')
}

const lookLimitMs = 10_000

function noLibrary(where: string): StartError {
  return new StartError(
    'BIBBY_NO_LIBRARY',
    `There is no library ${where} yet. npm start makes one; or name the place of yours by BIBBY_DATA, BIBBY_DATABASE_URL or --server.`,
  )
}

async function setFolder({ dataFolder, databaseUrl }: Config): Promise<string> {
  return dataFolder ?? (await defaultDataFolder({ isServerOurs: databaseUrl === undefined }))
}

/** Starts our server, or looks at the operator’s, and brings the schema up to this version. */
export async function openDatabase(
  config: Config,
  folder: DataFolder,
  { tell, signal }: { tell: Telling; signal: AbortSignal },
): Promise<KeptDatabase> {
  const database = await (config.databaseUrl === undefined
    ? ours(folder, tell, signal)
    : theirs(config.databaseUrl, folder, tell))
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
  await settle(folder, tell, undefined)
  tell.step('Starting the database')
  return openOurServer(folder.path, tell, signal)
}

async function settle(folder: DataFolder, tell: Telling, databaseUrl: string | undefined): Promise<void> {
  const settled = await settleRestore(folder.path, databaseUrl)
  if (settled !== undefined) tell.warn(settled)
}

async function theirs(databaseUrl: string, folder: DataFolder, tell: Telling): Promise<KeptDatabase> {
  await checkTheirServer(databaseUrl)
  await settle(folder, tell, databaseUrl)
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
