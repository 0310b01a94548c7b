import { chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { clusterFolder } from '../postgres/cluster.ts'
import { runningPostmaster } from '../postgres/postmaster.ts'
import { archiveName } from './archive-settings.ts'
import { BackupError } from './backup-error.ts'
import { coversName } from './copy-covers.ts'
import { fingerprintOf, libraryTables } from './fingerprint.ts'
import { checkFiles, type Manifest, readManifest } from './manifest.ts'
import { loadLibrary, makeDatabase } from './prove-tables.ts'
import { recover, type Target } from './recover.ts'
import type { RestorePlan } from './restore-plan.ts'
import { finishSwap, type RestoreState, restoreFolder, writeState } from './restore-state.ts'
import { openScratch, type Scratch } from './scratch-server.ts'
import { shellWord } from './shell-word.ts'
import type { Place, Running } from './take-backup.ts'
import { untarFile } from './tar-file.ts'

/** What is restored, onto our own server. */
export type Restoring = Pick<RestorePlan, 'id' | 'backup' | 'to' | 'timeline'>

/**
 * Restores beside the live data: a new cluster and new covers below `restore-ID/new`. Nothing live is touched. Gives the
 * state from which the swap goes on.
 */
export async function prepareRestore(
  { dataFolder, backups }: Place,
  plan: Restoring,
  { signal, step, now }: Running,
): Promise<RestoreState> {
  const folder = join(backups, plan.backup)
  const { manifest } = await readManifest(folder)
  step('Reading what was written')
  const { timeline } = plan
  const parts = timeline === null ? (['tables', 'covers'] as const) : (['tables', 'covers', 'base'] as const)
  await checkFiles(folder, manifest, parts)
  const state: RestoreState = {
    id: plan.id,
    step: 'preparing',
    pid: process.pid,
    at: now.toISOString(),
    backup: plan.backup,
    to: plan.to,
    lastLink: 0,
  }
  await writeState(dataFolder, state)
  const target = join(restoreFolder(dataFolder, plan.id), 'new')
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true, mode: 0o711 })
  await using scratch = await openScratch(dataFolder, { signal })
  step(timeline === null ? 'Loading the tables, and comparing' : `Playing the log up to ${plan.to}`)
  const lastLink =
    timeline === null
      ? await loadCluster(scratch, { folder, manifest, signal })
      : await recoverCluster(scratch, { folder, manifest, backups, target: { time: plan.to, timeline } })
  await ownFolder(join(scratch.folder, archiveName), scratch)
  await rename(scratch.folder, join(target, 'postgres'))
  await restoreCovers(folder, manifest, target)
  return { ...state, lastLink }
}

/** Puts what was prepared into force. The live server must have been stopped. */
export async function swapIn(dataFolder: string, state: RestoreState): Promise<RestoreState> {
  const swapping: RestoreState = { ...state, step: 'swapping' }
  await writeState(dataFolder, swapping)
  const server = await runningPostmaster(clusterFolder(dataFolder))
  if (server) {
    await writeState(dataFolder, state)
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `The database of ${dataFolder} still runs (process ${server.pid}). Stop Bibby, and run this again.`,
    )
  }
  return finishSwap(dataFolder, swapping)
}

async function loadCluster(
  scratch: Scratch,
  given: { folder: string; manifest: Manifest; signal: AbortSignal },
): Promise<number> {
  await scratch.initialise()
  const server = await scratch.start()
  await makeDatabase(server)
  const session = await server.connect()
  try {
    await loadLibrary(session, server.connection, given)
    return await makeAnother(session)
  } finally {
    await session.end().catch(() => undefined)
    await server.stop()
  }
}

async function recoverCluster(
  scratch: Scratch,
  {
    folder,
    manifest,
    backups,
    target,
  }: { folder: string; manifest: Manifest; backups: string; target: Target },
): Promise<number> {
  const { base } = manifest
  if (!base) throw new Error(`The backup ${folder} has no files of the server.`)
  const from = { folder, manifest: { ...manifest, base }, backups }
  const server = await recover(from, scratch, { target, settings: {} })
  const session = await server.connect()
  try {
    // Every page is read, and its checksum with it.
    for (const { name } of await libraryTables(session)) await fingerprintOf(session, name)
    return await makeAnother(session)
  } finally {
    await session.end().catch(() => undefined)
    await server.stop()
  }
}

/**
 * Makes what came back another library than the one that went on: it sends no notices until somebody turns them on, for
 * letters that it holds as unsent may have gone out; nobody is signed in; and its epoch is a new one. Gives the last link
 * of its audit chain.
 */
export async function makeAnother(session: pg.Client): Promise<number> {
  await session.query('begin')
  await session.query(
    `update notice_switch set installations = '{}', version = version + 1, changed_at = now()`,
  )
  await session.query('delete from session')
  // Further on than any epoch that the library given up can have come to: its processes are fenced off.
  await session.query('update fence set epoch = epoch + 1000000 + (random() * 1000000)::bigint')
  await session.query('commit')
  const { rows } = await session.query<{ last: string }>(
    'select coalesce(max(position), 0)::text as last from audit_link',
  )
  return Number(rows[0]?.last)
}

async function ownFolder(path: string, { identity }: Scratch): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  if (identity) await chown(path, identity.uid, identity.gid)
}

/** Unpacks the covers of a backup below `target`; where it has none, those that are there stay. */
export async function restoreCovers(folder: string, { files }: Manifest, target: string): Promise<void> {
  if (!files.some(({ path }) => path === coversName)) return
  const covers = join(target, 'covers')
  await mkdir(covers, { recursive: true, mode: 0o700 })
  const before = await readdir(covers)
  try {
    await untarFile(join(folder, coversName), covers)
  } catch (error) {
    // What lies there already would refuse the next try.
    for (const name of await readdir(covers)) {
      if (!before.includes(name)) await rm(join(covers, name), { recursive: true, force: true })
    }
    throw error
  }
}

/** Removes what was before a restore: the one step from which nothing leads back. */
export async function purgeOld(dataFolder: string, id: string, phrase: string): Promise<void> {
  const old = join(restoreFolder(dataFolder, /^[0-9a-f]{8}$/.test(id) ? id : 'none'), 'old')
  const wanted = `PURGE WHAT WAS BEFORE ${id}`
  if (!(await stat(old).catch(() => undefined))) {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `Nothing is kept of before a restore ${id.slice(0, 20)}. bibby restore status names it.`,
    )
  }
  if (phrase.trim() !== wanted) {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `${old} is the library as it was before the restore. To remove it for good, type: --phrase ${shellWord(wanted)}`,
    )
  }
  await rm(restoreFolder(dataFolder, id), { recursive: true, force: true })
}
