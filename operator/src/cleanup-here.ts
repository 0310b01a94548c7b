import { type Cleanup, openCleanup } from '@bibby/cleanup/cleanup.ts'
import { backupsOf } from '@bibby/lending/backups/backups-of.ts'
import { cleanupHost } from '@bibby/lending/cleanup/cleanup-host.ts'
import type { Config } from '@bibby/lending/config.ts'
import {
  openDatabase,
  openSetFolder,
  refuseWithoutLibrary,
  runningConnection,
} from '@bibby/lending/database.ts'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import type { Out } from './out.ts'

const statementLimitMs = 60_000

/**
 * Cleanup of the data folder of this machine, and its database for as long as the verb takes: that of a Bibby that runs, or
 * one that is started for it.
 */
export async function withCleanup<T>(
  config: Config,
  { progress }: Out,
  work: (cleanup: Cleanup) => Promise<T>,
): Promise<T> {
  const tell = { step: progress, warn: progress }
  await refuseWithoutLibrary(config)
  const folder = await openSetFolder(config, tell)
  const shared = config.databaseUrl === undefined ? await runningConnection(folder) : undefined
  const database = shared
    ? { connection: shared, close: async () => undefined }
    : await openDatabase(config, folder, { tell, signal: new AbortController().signal })
  try {
    const { connection } = database
    await using db = openPool({
      connection,
      name: 'bibby-cleanup',
      connectionsMax: 1,
      statementLimitMs,
      readOnly: true,
    })
    return await work(
      openCleanup(
        cleanupHost({
          dataFolder: folder.path,
          db,
          connection,
          environment: config.environment,
          backups: { folder: backupsOf(config, folder).backups, keep: config.backups.keep },
          address: `http://127.0.0.1:${config.port}`,
          clock: () => new Date(),
          progress: (done, of, what) =>
            progress(
              `${what}: ${of === 0 ? 100 : Math.floor((100 * done) / of)}%  ${done.toLocaleString('en')} of ${of.toLocaleString('en')}`,
            ),
        }),
      ),
    )
  } finally {
    await database.close()
  }
}
