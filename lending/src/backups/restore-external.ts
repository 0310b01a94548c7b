import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { BackupError } from './backup-error.ts'
import {
  at,
  dropNext,
  type Exchange,
  exchange,
  isExchanged,
  oidOf,
  openMaintenance,
} from './external-exchange.ts'
import { checkFiles, type Manifest, readManifest } from './manifest.ts'
import { loadLibrary } from './prove-tables.ts'
import { makeAnother, type Restoring, restoreCovers } from './restore-run.ts'
import { dropPrepared, finishSwap, type RestoreState, restoreFolder, writeState } from './restore-state.ts'
import { openSession } from './session.ts'
import type { Place, Running } from './take-backup.ts'

/**
 * Restores into a new database on the operator's own server, compares, and then exchanges the names of the two in one
 * transaction: whoever connects finds the old one or the new one. The old one stays under another name, which is given.
 */
export async function restoreExternal(
  databaseUrl: string,
  { place, plan, running }: { readonly place: Place; readonly plan: Restoring; readonly running: Running },
): Promise<string> {
  const { dataFolder, backups } = place
  const folder = join(backups, plan.backup)
  const { manifest } = await readManifest(folder)
  running.step('Reading what was written')
  await checkFiles(folder, manifest, ['tables', 'covers'])
  const live = decodeURIComponent(new URL(databaseUrl).pathname.slice(1))
  if (live === '') {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      'BIBBY_DATABASE_URL names no database. Put its name behind the host, and run this again.',
    )
  }
  await using maintenance = await openMaintenance(databaseUrl)
  await refuseInUse(maintenance, live)
  await dropCutOff(maintenance, live)
  const begun: RestoreState & { readonly databases: Exchange } = {
    id: plan.id,
    step: 'preparing',
    pid: process.pid,
    at: running.now.toISOString(),
    backup: plan.backup,
    to: plan.to,
    lastLink: 0,
    databases: {
      live,
      liveOid: (await oidOf(maintenance, live)) ?? '',
      next: `${live}_restoring_${plan.id}`,
      nextOid: null,
      before: `${live}_before_${plan.id}`,
    },
  }
  await writeState(dataFolder, begun)
  let swapping = begun
  try {
    swapping = await prepare(maintenance, databaseUrl, { begun, folder, manifest, dataFolder, running })
    await refuseInUse(maintenance, live)
    running.signal.throwIfAborted()
    // Before the exchange: cut off behind it, the databases tell that it was.
    await writeState(dataFolder, swapping)
    await exchange(maintenance, swapping.databases)
  } catch (error) {
    if (!(await isDone(databaseUrl, swapping.databases, error))) {
      await dropNext(databaseUrl, swapping.databases)
      await dropPrepared(dataFolder, plan)
      throw error
    }
  }
  await finishSwap(dataFolder, swapping)
  return begun.databases.before
}

/** A connection that broke says nothing of what it was asked last; the databases do. */
async function isDone(databaseUrl: string, databases: Exchange, cause: unknown): Promise<boolean> {
  const found = await isExchanged(databaseUrl, databases).catch(() => undefined)
  if (found !== undefined) return found
  throw new BackupError(
    'BIBBY_BACKUP_FAILED',
    `The server was lost while ${databases.live} was restored${cause instanceof Error ? ` (${cause.message})` : ''}, and does not tell how far that came. See that it runs; then bibby restore resume finishes it, or drops what was prepared.`,
    { cause },
  )
}

async function prepare(
  maintenance: pg.Client,
  databaseUrl: string,
  {
    begun,
    folder,
    manifest,
    dataFolder,
    running: { step, signal },
  }: {
    begun: RestoreState & { readonly databases: Exchange }
    folder: string
    manifest: Manifest
    dataFolder: string
    running: Running
  },
): Promise<RestoreState & { readonly databases: Exchange }> {
  const { next } = begun.databases
  await maintenance.query(`create database ${pg.escapeIdentifier(next)} template template0 encoding 'UTF8'`)
  step('Loading the tables beside the live database, and comparing')
  await using session = await openSession(at(databaseUrl, next), 'bibby-restore')
  await loadLibrary(session, at(databaseUrl, next), { folder, manifest, signal })
  const lastLink = await makeAnother(session)
  const target = join(restoreFolder(dataFolder, begun.id), 'new')
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true, mode: 0o711 })
  await restoreCovers(folder, manifest, target)
  const nextOid = (await oidOf(maintenance, next)) ?? null
  return { ...begun, step: 'swapping', lastLink, databases: { ...begun.databases, nextOid } }
}

async function refuseInUse(maintenance: pg.Client, live: string): Promise<void> {
  const { rows } = await maintenance.query<{ who: string }>(
    `
      select format('%s (process %s of the server%s)', application_name, pid, ', from ' || client_addr) as who
      from pg_stat_activity
      where datname = $1 and backend_type = 'client backend'
      limit 5
    `,
    [live],
  )
  if (rows.length === 0) return
  throw new BackupError(
    'BIBBY_RESTORE_REFUSED',
    `The database ${live} is in use: ${rows.map(({ who }) => who).join(', ')}. Stop every Bibby on it, and run this again.`,
  )
}

/** What a restore left that was killed before the exchange. Nobody was ever told to connect to it. */
async function dropCutOff(maintenance: pg.Client, live: string): Promise<void> {
  const { rows } = await maintenance.query<{ name: string }>(
    `select datname::text as name from pg_database where starts_with(datname, $1)`,
    [`${live}_restoring_`],
  )
  for (const { name } of rows) {
    if (!/_restoring_[0-9a-f]{8}$/.test(name)) continue
    await maintenance.query(`drop database if exists ${pg.escapeIdentifier(name)}`)
  }
}
