import type { Config } from '@bibby/lending/config.ts'
import {
  openDatabase,
  openSetFolder,
  refuseWithoutLibrary,
  runningConnection,
} from '@bibby/lending/database.ts'
import { buildServer } from '@bibby/lending/http/server.ts'
import { openLibrary } from '@bibby/lending/library.ts'
import { installationHere } from '@bibby/lending/notices/installation.ts'
import type { Telling } from '@bibby/lending/postgres/our-server.ts'
import { theCommand } from '@bibby/lending/staff/account.ts'
import { type Api, apiOver, type Send } from './api.ts'

/** Brings the schema of the library on this machine to this version. */
export async function migrateHere(config: Config, tell: Telling): Promise<void> {
  const folder = await openSetFolder(config, tell)
  const database = await openDatabase(config, folder, { tell, signal: new AbortController().signal })
  await database.close()
}

/**
 * The API of the library on this machine, inside this process. A Bibby that runs on the data folder shares its
 * database; without one the database is started for as long as the verb takes.
 */
export async function apiHere(config: Config, tell: (text: string) => void): Promise<Api> {
  const telling = { step: tell, warn: tell }
  await refuseWithoutLibrary(config)
  const folder = await openSetFolder(config, telling)
  const shared = config.databaseUrl === undefined ? await runningConnection(folder) : undefined
  const database = shared
    ? { connection: shared, close: async () => undefined }
    : await openDatabase(config, folder, { tell: telling, signal: new AbortController().signal })
  const library = openLibrary({
    connection: database.connection,
    dataFolder: folder.path,
    installation: installationHere(config, folder),
    isProduction: config.environment === 'production',
    secondPerson: config.secondPerson,
    connectionsOfAKindMax: 2,
  })
  const app = await buildServer(library, { logLevel: 'silent', actor: theCommand })
  const send: Send = async ({ method, path, headers, body }) => {
    const response = await app.inject({
      method,
      url: path,
      headers,
      ...(body === undefined ? {} : { payload: body }),
      payloadAsStream: true,
    })
    const answer = response.stream()
    // Whoever stops reading hangs up, as over the network: else the library would wait for them for ever.
    answer.once('close', () => {
      const { res } = response.raw
      res.destroy()
      // Its end clears the deadline of the request.
      res.req.destroy()
    })
    return { status: response.statusCode, body: answer }
  }
  return apiOver(send, async () => {
    await app.close()
    await library[Symbol.asyncDispose]()
    await database.close()
  })
}
