import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type EmbeddedServer,
  embeddedUser,
  initialise,
  programsFolder,
  startServer,
} from '../src/postgres/embedded.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { openPool } from '../src/postgres/pool.ts'
import { unprivileged } from '../src/postgres/unprivileged.ts'
import { openRunFolder, type RunFolder } from './run-folder.ts'

/** Where the test files find the server: the runner hands its environment down to them. */
export const socketFolderVariable = 'TEST_POSTGRES_SOCKET_FOLDER'
/** Every scratch database is a copy of this one. */
export const templateDatabase = 'bibby_template'
/** Identities start past 2^31, so that a cast to 32 bits fails at once. */
const firstIdentity = 2_147_483_648n + 17n

let folder: RunFolder | undefined
let server: EmbeddedServer | undefined

const root = join(import.meta.dirname, '..', '..')

/** Starts one real PostgreSQL for the whole run, in a folder of its own, with the schema in a template. */
export async function globalSetup(): Promise<void> {
  try {
    await setUp()
  } catch (error) {
    await globalTeardown()
    throw error
  }
}

async function setUp(): Promise<void> {
  // Some hundred test files load the same sources: what Node makes of them is kept as the command keeps it.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'compiled')
  folder = await openRunFolder()
  // What a test makes is made below, too, by its `tmpdir()`.
  process.env.TMPDIR = folder.path
  const home = join(folder.path, 'all')
  await mkdir(home)
  const { identity, programs } = await unprivileged(home, programsFolder())
  const data = join(home, 'postgres')
  await initialise(data, programs, identity)
  server = await startServer({
    folder: data,
    socketFolder: join(home, 'socket'),
    programs,
    ...(identity ? { identity } : {}),
    // Scratch data: a crash of the machine may lose it, and the suites of crashes use servers of their own.
    settings: { fsync: 'off', max_connections: '300', shared_buffers: '256MB' },
  })
  const at = { host: server.socketFolder, port: 5432, user: embeddedUser }
  {
    await using maintenance = openPool({
      connection: { ...at, database: 'postgres' },
      name: 'tests',
      connectionsMax: 1,
      statementLimitMs: 60_000,
    })
    await maintenance.withConnection((connection) => connection.query(`create database ${templateDatabase}`))
  }
  await using template = openPool({
    connection: { ...at, database: templateDatabase },
    name: 'tests',
    connectionsMax: 1,
    statementLimitMs: 60_000,
  })
  await migrate(template, '0.1.0')
  await template.withConnection(startIdentitiesHigh)
  process.env[socketFolderVariable] = server.socketFolder
}

async function startIdentitiesHigh(connection: { query(text: string): Promise<unknown> }): Promise<void> {
  await connection.query(`
    do $$
    declare c record;
    begin
      for c in select table_name from information_schema.columns
        where table_schema = 'public' and is_identity = 'YES'
      loop
        execute format('alter table %I alter column id restart with ${firstIdentity}', c.table_name);
      end loop;
    end $$
  `)
}

/** Stops the server and removes its folder. */
export async function globalTeardown(): Promise<void> {
  await server?.stop()
  await folder?.close()
}
