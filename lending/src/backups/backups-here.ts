import type { Config } from '../config.ts'
import { openDatabase, openSetFolder, refuseWithoutLibrary, runningConnection } from '../database.ts'
import type { PoolOptions } from '../postgres/pool.ts'
import { BackupError } from './backup-error.ts'
import { backupsOf } from './backups-of.ts'
import { writeBundle } from './bundle.ts'
import { type Backup, findBackup, isSameDisk, listBackups, type Proof } from './place.ts'
import { type Backups, pruneBackups, runBackup, verifyBackup } from './run-backup.ts'
import type { Running } from './take-backup.ts'

/** Backups of the library on this machine, as the command takes and restores them. */
export type BackupsHere = {
  readonly place: Backups
  readonly run: () => Promise<Backup>
  readonly list: () => Promise<{ readonly backups: readonly Backup[]; readonly isSameDisk: boolean }>
  readonly verify: (name: string | undefined) => Promise<Proof>
  readonly prune: () => Promise<readonly string[]>
  readonly bundle: (file: string, name: string | undefined) => Promise<string>
}

/** Opens them; nothing is started before something is asked. */
export async function backupsHere(config: Config, running: Running): Promise<BackupsHere> {
  const telling = { step: running.step, warn: running.step }
  const folder = await openSetFolder(config, telling)
  const place = backupsOf(config, folder)
  const { dataFolder, backups } = place
  const withDatabase = <T>(work: (connection: PoolOptions['connection']) => Promise<T>) =>
    onDatabase(config, { folder, running }, work)
  const chosen = async (name: string | undefined) => findBackup(backups, name)
  return {
    place,
    run: () => withDatabase((connection) => runBackup(place, connection, running)),
    list: async () => ({
      backups: await listBackups(backups),
      isSameDisk: await isSameDisk(dataFolder, backups).catch(() => true),
    }),
    verify: async (name) => {
      const named = name ?? (await listBackups(backups))[0]?.name
      return verifyBackup(place, await chosen(named), running)
    },
    prune: async () =>
      pruneBackups(place, config.databaseUrl ?? (await runningConnection(folder)), new Date()),
    bundle: async (file, name) => {
      const backup = await chosen(name)
      refuseUnproven(backup)
      await writeBundle(backup, file, running.signal)
      return backup.name
    },
  }
}

/** Throws BackupError: where a bundle is opened nothing else may be left to fall back on. */
function refuseUnproven({ name, state, because }: Backup): void {
  if (state === 'proven') return
  throw new BackupError(
    'BIBBY_BACKUP_UNPROVEN',
    `The backup ${name} is ${state}: ${because ?? ''} No bundle was written. Prove it by bibby backup verify ${name}, or leave its name out: then the newest proven one is taken.`,
  )
}

/** A library on this machine, and the work on it. */
export type At = {
  readonly folder: { readonly path: string; readonly libraryId: string }
  readonly running: Running
}

/** Beside a Bibby that runs, on its database; without one, on a database that is started for it. */
export async function onDatabase<T>(
  config: Config,
  { folder, running }: At,
  work: (connection: PoolOptions['connection']) => Promise<T>,
): Promise<T> {
  await refuseWithoutLibrary(config)
  const shared = config.databaseUrl === undefined ? await runningConnection(folder) : undefined
  if (shared) return work(shared)
  const tell = { step: running.step, warn: running.step }
  const database = await openDatabase(config, folder, { tell, signal: running.signal })
  try {
    return await work(database.connection)
  } finally {
    await database.close()
  }
}
