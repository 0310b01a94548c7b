import { mkdir } from 'node:fs/promises'
import { clusterFolder } from '../postgres/cluster.ts'
import type { PoolOptions } from '../postgres/pool.ts'
import { howLogIsKept, keepLog } from './archive-settings.ts'
import { BackupError, failed } from './backup-error.ts'
import { proveCovers } from './copy-covers.ts'
import { noteRun } from './last-run.ts'
import { checkFiles, type Manifest, readManifest } from './manifest.ts'
import { type Backup, findBackup, type Proof, readyPlace, writeFailure, writeProof } from './place.ts'
import { proveTables } from './prove-tables.ts'
import { proveBase } from './recover.ts'
import { removeOld } from './remove-old.ts'
import { takeRun } from './run-lock.ts'
import { endDeadScratch } from './scratch-server.ts'
import { openSession } from './session.ts'
import { type Place, type Running, takeBackup } from './take-backup.ts'
import { toSecond } from './to-second.ts'

/** Where backups go and how many are kept, by the settings. */
export type Backups = Place & {
  /** On another disk; undefined for none. */
  readonly second: string | undefined
  readonly keep: number
  /** Whether our own server's log is kept, so that any second can be restored. */
  readonly keepsLog: boolean
}

/** Takes a backup, restores it into a throwaway server, compares, and only then removes old ones. */
export async function runBackup(
  backups: Backups,
  connection: PoolOptions['connection'],
  running: Running,
): Promise<Backup> {
  await mkdir(backups.backups, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw failed('Making the folder of backups', error)
  })
  await using control = await openSession(connection, 'bibby-backup-control')
  await using _run = await takeRun(control, backups.backups, running.now)
  try {
    // Only now: what is half made there belongs to nobody who lives.
    await readyPlace(backups.backups, backups.libraryId)
    await endDeadScratch(backups.dataFolder)
    const withBase = await mayCopyBase(control, backups)
    const source = { connection, withBase }
    const name = await takeBackup(control, { place: backups, source, running })
    await verifyBackup(backups, await findBackup(backups.backups, name), running)
    const backup = await findBackup(backups.backups, name)
    await removeOld(backups.backups, { ...backups, now: new Date() })
    await noteRun(backups, { at: running.now.toISOString(), outcome: 'proven', because: null })
    if (backups.second !== undefined) {
      running.step('Copying to the second folder')
      const { second, libraryId, keep } = backups
      await toSecond({ backups: backups.backups, second, libraryId, keep, onlyLog: false }, running.signal)
    }
    return backup
  } catch (error) {
    if (running.signal.aborted) throw error
    const told = failed('The backup', error)
    await noteRun(backups, {
      at: running.now.toISOString(),
      outcome: 'failed',
      because: told.message,
    }).catch(() => undefined)
    throw told
  }
}

/**
 * Removes the backups that are too many, as each run does, and what killed runs left. Not while one is being taken; where no
 * database answers (undefined too), none can be.
 */
export async function pruneBackups(
  { backups, dataFolder, keep, libraryId }: Backups,
  connection: PoolOptions['connection'] | undefined,
  now: Date,
): Promise<readonly string[]> {
  await mkdir(backups, { recursive: true, mode: 0o700 })
  await using control =
    connection === undefined
      ? undefined
      : await openSession(connection, 'bibby-backup-control').catch(() => undefined)
  await using _run = control === undefined ? undefined : await takeRun(control, backups, now)
  await readyPlace(backups, libraryId)
  await endDeadScratch(dataFolder)
  return removeOld(backups, { keep, libraryId, now })
}

/** On our own server, with its log kept: then from this backup on any second can be restored. */
async function mayCopyBase(
  control: Awaited<ReturnType<typeof openSession>>,
  { keepsLog, dataFolder }: Backups,
): Promise<boolean> {
  if (!keepsLog) return false
  const { isKept } = await howLogIsKept(control)
  if (!isKept) await keepLog(control, clusterFolder(dataFolder))
  return true
}

/**
 * Restores a backup into a throwaway server and compares; a difference is written down beside it, so that it never counts
 * again. Throws BackupError then.
 */
export async function verifyBackup(
  { dataFolder, backups }: Place,
  { folder }: Pick<Backup, 'folder'>,
  { signal, step, now }: Running,
): Promise<Proof> {
  try {
    const { manifest, sha256 } = await readManifest(folder)
    step('Reading what was written')
    await checkFiles(folder, manifest, partsThere(manifest))
    await proveCovers(folder, manifest)
    step('Restoring the tables into a throwaway server, and comparing')
    const begun = performance.now()
    await proveTables(folder, manifest, { dataFolder, signal })
    const recoverySeconds = Math.round((performance.now() - begun) / 100) / 10
    const base = await proveAnySecond(backups, folder, { manifest, dataFolder, signal, step })
    const proof: Proof = { manifestSha256: sha256, at: now.toISOString(), recoverySeconds, ...base }
    await writeProof(folder, proof)
    return proof
  } catch (error) {
    // A proof that could not be made says nothing of the backup; one that came out wrong does.
    if (error instanceof BackupError && error.code === 'BIBBY_BACKUP_DAMAGED') {
      await writeFailure(folder, error.message, now)
    }
    throw error
  }
}

const partsThere = ({ files }: Manifest) => [...new Set(files.map(({ part }) => part))]

type AnySecond = Pick<Proof, 'isBaseProven' | 'baseBecause'>

/** A base that fails takes nothing from the tables, which are proven: but then no later second can be reached. */
async function proveAnySecond(
  backups: string,
  folder: string,
  {
    manifest,
    dataFolder,
    signal,
    step,
  }: { manifest: Manifest; dataFolder: string; signal: AbortSignal; step: Running['step'] },
): Promise<AnySecond> {
  const { base } = manifest
  if (base === null)
    return { isBaseProven: false, baseBecause: 'It was taken without the files of the server.' }
  step('Playing the log back in a throwaway server, and comparing')
  try {
    await proveBase({ folder, manifest: { ...manifest, base }, backups }, { dataFolder, signal })
    return { isBaseProven: true, baseBecause: null }
  } catch (error) {
    if (signal.aborted) throw error
    return { isBaseProven: false, baseBecause: error instanceof Error ? error.message : 'unknown fault' }
  }
}
