import type { Config } from '../config.ts'
import { openDatabase, openSetFolder, refuseWithoutLibrary, runningConnection } from '../database.ts'
import type { PoolOptions } from '../postgres/pool.ts'
import { BackupError } from './backup-error.ts'
import { backupsOf } from './backups-of.ts'
import { writeBundle } from './bundle.ts'
import { backupsToChoose, chooseBackup } from './choose-backup.ts'
import { type Backup, isProvenWhole, isSameDisk, listBackups, ofLibrary, type Proof } from './place.ts'
import { isoOf, reachOf, stretchesOf } from './reach.ts'
import { type Backups, pruneBackups, runBackup, verifyBackup } from './run-backup.ts'
import type { Running } from './take-backup.ts'

/** Whether all that was taken is proven, or the tables only. */
type Whole = { readonly isWhole: boolean }

/** The backups, and the seconds of this library that can be restored from them and the log. */
export type Listed = {
  /** Of all libraries that share the folder. */
  readonly backups: readonly (Backup & { readonly isOurs: boolean })[]
  readonly isSameDisk: boolean
  /** From the first to the last of each stretch, as ISO 8601, in order. Those between cannot be restored. */
  readonly seconds: readonly { readonly from: string; readonly to: string; readonly isGivenUp: boolean }[]
}

/** Backups of the library on this machine, as the command takes and restores them. */
export type BackupsHere = {
  readonly place: Backups
  readonly run: () => Promise<Backup & Whole>
  readonly list: () => Promise<Listed>
  readonly verify: (name: string | undefined) => Promise<Proof & Whole>
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
  return {
    place,
    run: async () => {
      const backup = await withDatabase((connection) => runBackup(place, connection, running))
      return { ...backup, isWhole: isProvenWhole(backup.manifest, backup.proof) }
    },
    list: async () => {
      const { all, givenUp } = await backupsToChoose(place, undefined)
      const ours = new Set(all.map(({ name }) => name))
      return {
        backups: (await listBackups(backups)).map((each) => ({ ...each, isOurs: ours.has(each.name) })),
        isSameDisk: await isSameDisk(dataFolder, backups).catch(() => true),
        seconds: reachOf(await stretchesOf(backups, all), givenUp).map(({ fromMs, untilMs, isGivenUp }) => ({
          from: isoOf(fromMs),
          to: isoOf(untilMs - 1),
          isGivenUp,
        })),
      }
    },
    verify: async (name) => {
      const newest = name ?? ofLibrary(await listBackups(backups), place.libraryId)[0]?.name
      const { backup } = await chooseBackup(place, newest)
      const proof = await verifyBackup(place, backup, running)
      return { ...proof, isWhole: isProvenWhole(backup.manifest, proof) }
    },
    prune: async () =>
      pruneBackups(place, config.databaseUrl ?? (await runningConnection(folder)), new Date()),
    bundle: async (file, name) => {
      const { backup } = await chooseBackup(place, name)
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
