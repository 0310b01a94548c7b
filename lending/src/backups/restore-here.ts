import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { openSetFolder } from '../database.ts'
import { clusterFolder } from '../postgres/cluster.ts'
import { isWithoutLibrary } from '../postgres/data-folder.ts'
import { readRunning } from '../postgres/owner.ts'
import { signalled } from '../postgres/postmaster.ts'
import { systemCode } from '../start-error.ts'
import { BackupError } from './backup-error.ts'
import { type At, onDatabase } from './backups-here.ts'
import { backupsOf } from './backups-of.ts'
import { unpackBundle } from './bundle.ts'
import { closeLog } from './close-log.ts'
import { holdsAnything, loadBundle } from './load-bundle.ts'
import { findBackup } from './place.ts'
import { restoreExternal } from './restore-external.ts'
import { type Live, planRestore, type RestorePlan, readPlan, refuseOther, stateNow } from './restore-plan.ts'
import { prepareRestore, purgeOld, swapIn } from './restore-run.ts'
import {
  dropPrepared,
  type InForce,
  inForce,
  type RestoreState,
  readState,
  restoreFolder,
  settleRestore,
} from './restore-state.ts'
import type { Backups } from './run-backup.ts'
import { openSession } from './session.ts'
import type { Running } from './take-backup.ts'
import { takeInLeft } from './take-in-left.ts'

/** Going back to a backup of the library on this machine. */
export type RestoreHere = {
  /** Without a name the newest proven one; with a time, that second. */
  readonly plan: (name: string | undefined, to: Date | undefined) => Promise<RestorePlan>
  readonly readPlan: (id: string) => Promise<RestorePlan>
  /** Tells where the library is kept that was in force before. */
  readonly restore: (id: string, phrase: string) => Promise<{ readonly old: string; readonly to: string }>
  /** Sets up an empty place; tells the moment that it is at. */
  readonly bundle: (file: string) => Promise<string>
  readonly status: () => Promise<(RestoreState & { readonly inForce: InForce }) | undefined>
  readonly resume: () => Promise<string | undefined>
  readonly purge: (id: string, phrase: string) => Promise<void>
}

/** Opens it; nothing is started before something is asked. */
export async function restoreHere(config: Config, running: Running): Promise<RestoreHere> {
  const folder = await openSetFolder(config, { step: running.step, warn: running.step })
  const place = backupsOf(config, folder)
  const at = { place, folder, running }
  const { dataFolder } = place
  return {
    plan: (name, to) => planHere(config, at, { name, to }),
    readPlan: (id) => readPlan(dataFolder, id),
    restore: (id, phrase) => runHere(config, at, { id, phrase }),
    bundle: (file) => bundleHere(config, at, file),
    status: async () => {
      const state = await readState(dataFolder)
      return state && { ...state, inForce: await inForce(state, config.databaseUrl) }
    },
    resume: () => settleRestore(dataFolder, config.databaseUrl),
    purge: (id, phrase) => purgeOld(dataFolder, id, phrase),
  }
}

/** The live library for as long as the work takes; one that does not come up, or is not there, is told as unreadable. */
async function onLive<T>(config: Config, at: At, work: (live: Live) => Promise<T>): Promise<T> {
  const isOurs = config.databaseUrl === undefined
  const isThere = !isOurs || (await stat(clusterFolder(at.folder.path)).catch(() => undefined)) !== undefined
  if (!isThere) return work({ unreadable: 'It is not there.' })
  let worked = false
  try {
    return await onDatabase(config, at, async (connection) => {
      await using session = await openSession(connection, 'bibby-restore')
      worked = true
      return await work({ session })
    })
  } catch (error) {
    if (at.running.signal.aborted) throw error
    const code = systemCode(error)
    if (worked || error instanceof BackupError || code === 'BIBBY_ALREADY_RUNNING') throw error
    return work({ unreadable: error instanceof Error ? error.message : 'unknown fault' })
  }
}

async function planHere(
  config: Config,
  { place, folder, running }: At & { readonly place: Backups },
  { name, to }: { name: string | undefined; to: Date | undefined },
): Promise<RestorePlan> {
  if (to !== undefined && config.databaseUrl !== undefined) {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      'A second can be restored only on the server that Bibby brings. On your own, use its tools (docs/operating/restore.md), or leave --to out.',
    )
  }
  return onLive(config, { folder, running }, async (live) => {
    if ('session' in live && place.keepsLog && to !== undefined) {
      await closeLog(live.session, { place, signal: running.signal })
    }
    if ('unreadable' in live && place.keepsLog) {
      // What is lost with it are minutes, which must not keep all the rest back.
      await takeInLeft(clusterFolder(place.dataFolder), place.backups).catch((error: unknown) =>
        running.step(
          `The last of the log stays out: ${error instanceof Error ? error.message : 'unknown fault'}`,
        ),
      )
    }
    if (to !== undefined) running.step('Reading the log')
    return planRestore(live, { place, name, to, now: running.now })
  })
}

async function runHere(
  config: Config,
  { place, folder, running }: At & { readonly place: Backups },
  { id, phrase }: { id: string; phrase: string },
): Promise<{ readonly old: string; readonly to: string }> {
  const { dataFolder, backups } = place
  await refuseRunning(dataFolder)
  const plan = await readPlan(dataFolder, id)
  if (await stat(join(restoreFolder(dataFolder, plan.id), 'old')).catch(() => undefined)) {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `The plan ${plan.id} was carried out already. Make another, by bibby restore plan.`,
    )
  }
  const at = { folder, running }
  await onLive(config, at, async (live) =>
    refuseOther(plan, { phrase, state: await stateNow(live), backups }),
  )
  if (config.databaseUrl !== undefined) {
    const old = await restoreExternal(config.databaseUrl, { place, plan, running })
    return { old: `the database ${old}`, to: plan.to }
  }
  let prepared: RestoreState
  try {
    prepared = await prepareRestore(place, plan, running)
    // Written to meanwhile, it is another library than the plan is of.
    await onLive(config, at, async (live) =>
      refuseOther(plan, { phrase, state: await stateNow(live), backups }),
    )
    running.signal.throwIfAborted()
  } catch (error) {
    await dropPrepared(dataFolder, plan)
    throw error
  }
  running.step('Exchanging the old and the new')
  await swapIn(dataFolder, prepared)
  return { old: join(dataFolder, `restore-${plan.id}`, 'old'), to: plan.to }
}

async function refuseRunning(dataFolder: string): Promise<void> {
  const found = await readRunning(dataFolder)
  if (!found || !signalled(found.pid, 0)) return
  throw new BackupError(
    'BIBBY_RESTORE_REFUSED',
    `Bibby runs on ${dataFolder}: process ${found.pid}, since ${found.since}${found.address ? `, at ${found.address}` : ''}. Stop it, and run this again; nothing was changed.`,
  )
}

/** Sets up a machine that has no library yet from a bundle. */
async function bundleHere(
  config: Config,
  { place, running }: { readonly place: Backups; readonly running: Running },
  file: string,
): Promise<string> {
  const { dataFolder, backups } = place
  if (
    config.databaseUrl === undefined
      ? !(await isWithoutLibrary(dataFolder))
      : await holdsAnything(config.databaseUrl)
  ) {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `There is ${config.databaseUrl === undefined ? `a library already in ${dataFolder}` : 'a library already, or a table of somebody else, in the database that BIBBY_DATABASE_URL names'}. Name an empty place by BIBBY_DATA or BIBBY_DATABASE_URL, or go back on this one by bibby restore plan.`,
    )
  }
  running.step('Unpacking the bundle')
  const name = await unpackBundle(file, backups)
  const { takenAt } = await findBackup(backups, name)
  const plan = { id: '00000000', backup: name, to: takenAt, timeline: null }
  if (config.databaseUrl !== undefined) await loadBundle(config.databaseUrl, { place, name, running })
  else await swapIn(dataFolder, await prepareRestore(place, plan, running))
  await rm(restoreFolder(dataFolder, plan.id), { recursive: true, force: true })
  return takenAt
}
