import { type Cleanup, openCleanup } from '@bibby/cleanup/cleanup.ts'
import { backupsOf } from '@bibby/lending/backups/backups-of.ts'
import { cleanupHost, type Opened } from '@bibby/lending/cleanup/cleanup-host.ts'
import type { Config } from '@bibby/lending/config.ts'
import {
  openDatabase,
  openSetFolder,
  refuseWithoutLibrary,
  runningConnection,
} from '@bibby/lending/database.ts'
import type { DataFolder } from '@bibby/lending/postgres/data-folder.ts'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import type { Out } from './out.ts'

const statementLimitMs = 60_000

/**
 * Cleanup of the data folder of this machine. The database is opened by what asks it: that of a Bibby that runs, or one that is
 * started for it. Files go back without any. A signal stops a run, which puts its files back, and ends the rest in order.
 */
export async function withCleanup(
  config: Config,
  { progress }: Out,
  work: (cleanup: Cleanup, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  await using closing = new AsyncDisposableStack()
  closing.defer(() => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal))
  await refuseWithoutLibrary(config)
  const folder = await openSetFolder(config, { step: progress, warn: progress })
  let opening: ReturnType<typeof opened> | undefined
  closing.defer(async () => {
    await (await opening?.catch(() => undefined))?.close()
  })
  const open = () => {
    opening ??= opened(config, folder, { progress, signal: stop.signal })
    return opening
  }
  const cleanup = openCleanup(
    cleanupHost({
      dataFolder: folder.path,
      open,
      environment: config.environment,
      address: `http://127.0.0.1:${config.port}`,
      backups: {
        folder: backupsOf(config, folder).backups,
        libraryId: folder.libraryId,
        keep: config.backups.keep,
      },
      clock: () => new Date(),
      progress: (done, of, what) => {
        const percent = of === 0 ? 100 : Math.floor((100 * done) / of)
        progress(`${what}: ${percent}%  ${done.toLocaleString('en')} of ${of.toLocaleString('en')}`)
      },
    }),
  )
  await work(cleanup, stop.signal)
}

async function opened(
  config: Config,
  folder: DataFolder,
  { progress, signal }: { progress: Out['progress']; signal: AbortSignal },
): Promise<Opened & { readonly close: () => Promise<void> }> {
  const shared = config.databaseUrl === undefined ? await runningConnection(folder) : undefined
  const database = shared
    ? { connection: shared, close: async () => undefined }
    : await openDatabase(config, folder, { tell: { step: progress, warn: progress }, signal })
  const { connection } = database
  const db = openPool({
    connection,
    name: 'bibby-cleanup',
    connectionsMax: 1,
    statementLimitMs,
    readOnly: true,
  })
  const close = async () => {
    await db[Symbol.asyncDispose]()
    await database.close()
  }
  return { connection, db, close }
}
