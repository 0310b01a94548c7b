import { parentPort } from 'node:worker_threads'
import { patternsOfThread } from '../../formats/patterns-of-thread.ts'
import { type Database, openPool, type PoolOptions } from '../../postgres/pool.ts'
import { renewTiers } from '../search-order.ts'
import { type ImportEnd, type ImportProgress, runImportHere } from './run-import.ts'

// Runs imports, one at a time, on a thread and pools of their own, so that the desk does not feel them.

/** One import to run. */
export type ImportJob = {
  readonly connection: PoolOptions['connection']
  readonly instance: string
  readonly changeSetId: number
  /** How many titles of imports before it are still where new titles begin. */
  readonly unplaced: number
}

/** What the thread can be told: to run an import; to stop it, or only to leave the order of search to one that waits. */
export type ToThread =
  | { readonly job: ImportJob }
  | { readonly tell: 'stop' | 'make-way'; readonly changeSetId: number }

/** What the thread tells: how far it is, and at last how it ended and how many titles it left unplaced. */
export type FromThread = { readonly progress: ImportProgress } | JobEnd

/** How an import ended, and how many titles it left where new titles begin. */
export type JobEnd = { readonly end: ImportEnd; readonly unplaced: number }

/** A batch holds at most two connections: the lock's own is outside the pool. */
const connectionsMax = 2
/** A batch that meets an editor waits for them; one that waits longer gives up and is tried again. */
const statementLimitMs = 60_000

/** Fewer new titles than this wait for the sweep. */
const placedFrom = 1_000

type Current = {
  readonly changeSetId: number
  readonly stopping: AbortController
  readonly leaving: AbortController
}

let current: Current | undefined
const tell = (message: FromThread) => parentPort?.postMessage(message)
parentPort?.on('message', (message: ToThread) => {
  // What it throws ends the thread, and whoever waits is told.
  if ('job' in message) void runJob(message.job).then(tell)
  else if (message.changeSetId === current?.changeSetId) {
    if (message.tell === 'stop') current.stopping.abort()
    current.leaving.abort()
  }
})

async function runJob({ connection, instance, changeSetId, unplaced }: ImportJob): Promise<JobEnd> {
  const stopping = new AbortController()
  const leaving = new AbortController()
  current = { changeSetId, stopping, leaving }
  await using db = openPool({ connection, name: 'bibby-import', connectionsMax, statementLimitMs })
  await using patterns = patternsOfThread()
  const end = await runImportHere(
    {
      db,
      instance,
      // The thread is a process of its own in this: it is handed no function.
      clock: () => new Date(),
      patterns: patterns.running,
      onProgress: (progress) => tell({ progress }),
      signal: stopping.signal,
    },
    changeSetId,
  )
  const fresh = end.ended === 'done' ? end.changeSet.imported : 0
  return { end, unplaced: await placeInOrder(db, { titles: unplaced + fresh, signal: leaving.signal }) }
}

/**
 * Many new titles would be found by chance until the hourly sweep, and 3,000 alike would hide the rest of them. The
 * order is that of the whole catalogue, so of imports in a row only the last renews it. Says how many titles are left.
 */
async function placeInOrder(
  db: Database,
  { titles, signal }: { titles: number; signal: AbortSignal },
): Promise<number> {
  if (titles < placedFrom || signal.aborted) return titles
  // The import is done, whatever becomes of this; and two that renew at once may get in each other's way.
  return renewTiers(db, { signal }).then(
    () => 0,
    () => titles,
  )
}
