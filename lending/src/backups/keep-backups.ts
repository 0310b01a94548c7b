import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clusterFolder } from '../postgres/cluster.ts'
import type { PoolOptions } from '../postgres/pool.ts'
import { archiveName, dropLog, howLogIsKept, keepLog } from './archive-settings.ts'
import { systemIdOf } from './close-log.ts'
import { isDue } from './due.ts'
import { keepSecond } from './keep-second.ts'
import { lastRuns } from './last-run.ts'
import { listBackups, ofLibrary } from './place.ts'
import { keepPutBacks } from './put-back.ts'
import type { Backups } from './run-backup.ts'
import { openSession } from './session.ts'
import { archiveFolder, keepHistories, takeIn } from './wal-archive.ts'

/** What is kept up while Bibby runs. */
export type KeptUp = {
  readonly backups: Backups
  readonly connection: PoolOptions['connection']
  /** Of the day; undefined where no backup is taken by itself. */
  readonly hour: number | undefined
  readonly warn: (text: string) => void
  readonly clock: () => Date
  /** Default: ten minutes. A start leaves its first minutes to the desks, also when a backup is due. */
  readonly firstRunAfterMs?: number
}

/** The log is taken in this often; a minute of it is closed every minute. */
const everyMs = 60_000
const firstRunAfterMs = 10 * 60_000
/** The log that may wait for the archive: 1 GiB in files of 16 MiB. Beyond, the library's own disk is in danger. */
const waitingMax = 64
/** So much stays free for the library itself. */
const freeBytesMin = 256 * 1024 * 1024

/** Keeps the log of our own server and takes the daily backup in a process of its own, until closed. */
export function startBackups(kept: KeptUp): AsyncDisposable {
  const closing = new AbortController()
  const begun = performance.now()
  const waitsMs = kept.firstRunAfterMs ?? firstRunAfterMs
  let told = ''
  let run: ChildProcess | undefined
  const warnOnce = (text: string) => {
    if (text !== told) kept.warn(text)
    told = text
  }
  let isLogBegun = false
  const second = keepSecond(kept)
  const log = async () => {
    if (!kept.backups.keepsLog) return
    if (!isLogBegun) await beginLog(kept)
    isLogBegun = true
    try {
      await keepRound(kept)
    } finally {
      // Aside: a disk that hangs holds up nothing here.
      void second.round()
    }
  }
  const round = async () => {
    // A log that cannot be kept does not keep the backups back.
    const logged = await log().then(
      () => undefined,
      (error: unknown) => error,
    )
    const isTime = !run && kept.hour !== undefined && performance.now() - begun >= waitsMs
    if (isTime && kept.hour !== undefined && (await isBackupDue(kept, kept.hour))) {
      run = startRun(kept)
      run.once('exit', () => {
        run = undefined
      })
    }
    if (logged !== undefined) throw logged
  }
  const rounds = async () => {
    while (!closing.signal.aborted) {
      await round().then(
        () => {
          told = ''
        },
        (error: unknown) => warnOnce(`The backups wait: ${words(error)}`),
      )
      await wait(everyMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
    }
  }
  const ended = rounds().catch((error: unknown) => warnOnce(`The log is not kept: ${words(error)}`))
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await second[Symbol.asyncDispose]()
      if (run) {
        const over = once(run, 'exit')
        if (run.connected) run.disconnect()
        await over
      }
      await ended
    },
  }
}

async function beginLog({ backups, connection }: KeptUp): Promise<void> {
  await using session = await openSession(connection, 'bibby-log')
  if (!(await howLogIsKept(session)).isKept) await keepLog(session, clusterFolder(backups.dataFolder))
}

/** Has our own server drop its log from now on: nobody keeps it. */
export async function endLog(connection: PoolOptions['connection']): Promise<void> {
  await using session = await openSession(connection, 'bibby-log')
  if ((await howLogIsKept(session)).isKept) await dropLog(session)
}

/** Takes in what the server has put down; where that cannot go on, the library does, and says what it gives up. */
export async function keepRound(
  { backups, connection, warn }: Pick<KeptUp, 'backups' | 'connection' | 'warn'>,
  /** Files of the log that may wait. Default: 64. */
  most = waitingMax,
): Promise<void> {
  const cluster = clusterFolder(backups.dataFolder)
  await using session = await openSession(connection, 'bibby-log')
  const archive = archiveFolder(backups.backups, await systemIdOf(session))
  // What a restore has begun is known to the archive once it is in force, and not before: it may never be.
  const trouble = await keepHistories(cluster, archive)
    .then(() => keepPutBacks(archive, backups))
    .then(() => takeIn(cluster, archive))
    .then(
      () => undefined,
      (error: unknown) => words(error),
    )
  const { isKept, waiting } = await howLogIsKept(session)
  const incoming = (await readdir(join(cluster, archiveName)).catch(() => [])).length
  const { bavail, bsize } = await statfs(backups.dataFolder)
  const isNarrow = bavail * bsize < freeBytesMin && waiting + incoming > 1
  if (!isKept || (waiting + incoming <= most && !isNarrow)) {
    if (trouble !== undefined) throw new Error(trouble)
    return
  }
  await dropLog(session)
  await rm(join(cluster, archiveName), { recursive: true, force: true })
  warn(
    `The log cannot be kept (${trouble ?? 'the archive is too slow, or the disk is full'}), and is dropped so that the library goes on. No second from now on can be restored until the next backup: make room for ${backups.backups}, and run bibby backup run.`,
  )
}

async function isBackupDue({ backups, clock }: KeptUp, hour: number): Promise<boolean> {
  const newest = ofLibrary(await listBackups(backups.backups), backups.libraryId).find(
    ({ state }) => state === 'proven',
  )
  const { proven, failed } = await lastRuns(backups)
  const last = [proven?.at, failed?.at]
    .flatMap((each) => (each === undefined ? [] : [each]))
    .toSorted()
    .at(-1)
  return isDue({
    now: clock(),
    hour,
    newestProvenAt: newest && new Date(newest.takenAt),
    lastRunAt: last === undefined ? undefined : new Date(last),
  })
}

const processFile = fileURLToPath(new URL('./backup-process.ts', import.meta.url))

/** A process of its own, behind all others; when Bibby ends, so does it. */
function startRun({ backups, connection, warn }: KeptUp): ChildProcess {
  const child = spawn(process.execPath, [processFile], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.on('error', (error) => warn(`The backup did not start: ${error.message}`))
  child.on('message', (because) => {
    if (typeof because === 'string') warn(because)
  })
  child.send({ backups, connection })
  return child
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault'
}
