import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { BackupError } from './backup-error.ts'
import { checkFiles, readManifest } from './manifest.ts'
import { loadLibrary } from './prove-tables.ts'
import { makeAnother, type Restoring, restoreCovers } from './restore-run.ts'
import { finishSwap, type RestoreState, restoreFolder, writeState } from './restore-state.ts'
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
  const next = `${live}_restoring_${plan.id}`
  const before = `${live}_before_${plan.id}`
  await using maintenance = await openSession(at(databaseUrl, 'postgres'), 'bibby-restore')
  await refuseInUse(maintenance, live)
  await dropCutOff(maintenance, live)
  await maintenance.query(`create database ${pg.escapeIdentifier(next)} template template0 encoding 'UTF8'`)
  let lastLink = 0
  try {
    running.step('Loading the tables beside the live database, and comparing')
    await using session = await openSession(at(databaseUrl, next), 'bibby-restore')
    await loadLibrary(session, at(databaseUrl, next), { folder, manifest, signal: running.signal })
    lastLink = await makeAnother(session)
  } catch (error) {
    await maintenance.query(`drop database if exists ${pg.escapeIdentifier(next)} with (force)`)
    throw error
  }
  const target = join(restoreFolder(dataFolder, plan.id), 'new')
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true, mode: 0o711 })
  await restoreCovers(folder, manifest, target)
  await refuseInUse(maintenance, live)
  await exchange(maintenance, { live, next, before })
  const state: RestoreState = {
    id: plan.id,
    step: 'swapping',
    pid: process.pid,
    at: running.now.toISOString(),
    backup: plan.backup,
    to: plan.to,
    lastLink,
  }
  await writeState(dataFolder, state)
  await finishSwap(dataFolder, state)
  return before
}

function at(databaseUrl: string, database: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

async function exchange(
  maintenance: pg.Client,
  { live, next, before }: { live: string; next: string; before: string },
): Promise<void> {
  const name = pg.escapeIdentifier
  await maintenance.query('begin')
  try {
    await maintenance.query(`alter database ${name(live)} rename to ${name(before)}`)
    await maintenance.query(`alter database ${name(next)} rename to ${name(live)}`)
    await maintenance.query('commit')
  } catch (error) {
    await maintenance.query('rollback').catch(() => undefined)
    throw error
  }
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
