import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { StartError } from '../start-error.ts'
import { openPool, type PoolOptions } from './pool.ts'
import { signalled } from './postmaster.ts'

/** The one Bibby of a data folder. It holds a lock in the database for as long as its connection lives. */
export type Ownership = {
  /** Settles when the connection that holds the lock ends, for whatever reason. */
  readonly ended: Promise<void>
  readonly release: () => Promise<void>
}

/** Who runs on a data folder, as told to whoever comes second. */
export type Running = { readonly pid: number; readonly since: string; readonly address: string | null }

const runningName = 'running.json'
/** Any fixed number; the lock is taken in the database `postgres` of the embedded server, which nobody else uses. */
const ownerLock = 722_110_012
/** The server notices a killed owner at once, but not before its last statement is through. */
const ghostLimitMs = 5_000
const pollMs = 50
const statementLimitMs = 10_000

/** Takes the data folder for this process, or throws StartError BIBBY_ALREADY_RUNNING saying who has it. */
export async function takeOwnership(
  connection: Exclude<PoolOptions['connection'], string>,
  dataFolder: string,
): Promise<Ownership> {
  const pool = openPool({
    connection: { ...connection, database: 'postgres' },
    name: 'bibby-owner',
    connectionsMax: 1,
    statementLimitMs,
  })
  const client = await pool.connectAlone()
  // A connection that breaks says so twice; `ended` tells those who need to know.
  client.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve)
  })
  try {
    await lock(dataFolder, async () => {
      const { rows } = await client.query<{ taken: boolean }>(
        `select pg_try_advisory_lock(${ownerLock}) as taken`,
      )
      return rows[0]?.taken === true
    })
  } catch (error) {
    await client.end()
    throw error
  }
  return { ended, release: () => client.end().catch(() => undefined) }
}

async function lock(dataFolder: string, tryOnce: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + ghostLimitMs; ; ) {
    if (await tryOnce()) return
    const running = await readRunning(dataFolder)
    const isAlive = running !== undefined && signalled(running.pid, 0)
    if (isAlive || performance.now() >= until) throw alreadyRunning(dataFolder, isAlive ? running : undefined)
    await wait(pollMs)
  }
}

function alreadyRunning(dataFolder: string, running: Running | undefined): StartError {
  const who = running ? `process ${running.pid}, since ${running.since}` : 'another process'
  const where = running?.address ? `, at ${running.address}` : ''
  return new StartError(
    'BIBBY_ALREADY_RUNNING',
    `Bibby already runs on ${dataFolder}: ${who}${where}. Stop that one first, or set BIBBY_DATA to another folder.`,
  )
}

/** Leaves word in the data folder of who runs on it; only its owner does. */
export async function tellRunning(dataFolder: string, running: Running): Promise<void> {
  const half = join(dataFolder, `${runningName}.new-${running.pid}`)
  await writeFile(half, `${JSON.stringify(running)}\n`, { mode: 0o600 })
  await rename(half, join(dataFolder, runningName))
}

/** Takes the word back, at the end. */
export async function forgetRunning(dataFolder: string): Promise<void> {
  await rm(join(dataFolder, runningName), { force: true })
}

/** Who said last that it runs on this folder; after a crash that process is gone. */
export async function readRunning(dataFolder: string): Promise<Running | undefined> {
  try {
    const { pid, since, address } = JSON.parse(
      await readFile(join(dataFolder, runningName), 'utf8'),
    ) as Record<string, unknown>
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1) return undefined
    return {
      pid,
      since: typeof since === 'string' ? since : 'unknown',
      address: typeof address === 'string' ? address : null,
    }
  } catch {
    return undefined
  }
}
