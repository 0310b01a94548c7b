import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { signalled } from '../postgres/postmaster.ts'
import { BackupError } from './backup-error.ts'
import { writeWhole } from './files.ts'

/** Any fixed number: of all runs on a database, the one that has it goes on. */
const runLock = 722_110_016
const runningName = 'running.json'

/** Who takes a backup now, as told to whoever comes second. */
type Running = { readonly pid: number; readonly host: string; readonly since: string }

/**
 * Takes the database for one run: a lock that ends with the session, so that a killed run holds nobody up. Throws
 * BackupError that names the other where there is one.
 */
export async function takeRun(session: pg.Client, backups: string, now: Date): Promise<AsyncDisposable> {
  const { rows } = await session.query<{ taken: boolean }>(`select pg_try_advisory_lock(${runLock}) as taken`)
  if (!rows[0]?.taken) throw await alreadyRunning(backups)
  const running: Running = { pid: process.pid, host: hostname(), since: now.toISOString() }
  await writeWhole(join(backups, runningName), `${JSON.stringify(running)}\n`)
  return {
    [Symbol.asyncDispose]: async () => {
      await rm(join(backups, runningName), { force: true })
      await session.query(`select pg_advisory_unlock(${runLock})`).catch(() => undefined)
    },
  }
}

async function alreadyRunning(backups: string): Promise<BackupError> {
  const text = await readFile(join(backups, runningName), 'utf8').catch(() => '{}')
  const { pid, host, since } = JSON.parse(text) as Partial<Running>
  const isKnown = pid !== undefined && (host !== hostname() || signalled(pid, 0))
  return new BackupError(
    'BIBBY_BACKUP_RUNNING',
    `A backup is being taken already${isKnown ? `: process ${pid} on ${host}, since ${since}` : ''}. Wait until it has ended; bibby backup list shows it then.`,
  )
}
