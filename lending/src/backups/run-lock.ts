import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { signalled } from '../postgres/postmaster.ts'
import { BackupError } from './backup-error.ts'
import { writeWhole } from './files.ts'

/** Any fixed number: of all runs on a database, the one that has it goes on. */
const runLock = 722_110_016
const runningName = 'running.json'

/** Who takes a backup now, as told to whoever comes second. */
type Running = { readonly pid: number; readonly host: string; readonly since: string }

/** The server notices a killed run at once, but not before its last statement is through. */
const ghostLimitMs = 10_000
const pollMs = 50

/**
 * Takes the database for one run: a lock that ends with the session, so that a killed run holds nobody up. Throws
 * BackupError that names the other where there is one.
 */
export async function takeRun(session: pg.Client, backups: string, now: Date): Promise<AsyncDisposable> {
  for (const until = performance.now() + ghostLimitMs; !(await isTaken(session)); await wait(pollMs)) {
    const running = await readRunning(backups)
    const lives = running !== undefined && (running.host !== hostname() || signalled(running.pid, 0))
    if (lives || performance.now() >= until) throw alreadyRunning(lives ? running : undefined)
  }
  const running: Running = { pid: process.pid, host: hostname(), since: now.toISOString() }
  await writeWhole(join(backups, runningName), `${JSON.stringify(running)}\n`)
  return {
    [Symbol.asyncDispose]: async () => {
      await rm(join(backups, runningName), { force: true })
      await session.query(`select pg_advisory_unlock(${runLock})`).catch(() => undefined)
    },
  }
}

async function isTaken(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(`select pg_try_advisory_lock(${runLock}) as taken`)
  return rows[0]?.taken === true
}

async function readRunning(backups: string): Promise<Running | undefined> {
  try {
    const running = JSON.parse(await readFile(join(backups, runningName), 'utf8')) as Partial<Running>
    const { pid, host, since } = running
    return pid === undefined || host === undefined || since === undefined ? undefined : { pid, host, since }
  } catch {
    return undefined
  }
}

function alreadyRunning(running: Running | undefined): BackupError {
  const who = running ? `: process ${running.pid} on ${running.host}, since ${running.since}` : ''
  return new BackupError(
    'BIBBY_BACKUP_RUNNING',
    `A backup is being taken already${who}. Wait until it has ended; bibby backup list shows it then.`,
  )
}
