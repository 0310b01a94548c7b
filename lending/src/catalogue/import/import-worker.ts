import { parentPort, workerData } from 'node:worker_threads'
import { type Database, openPool, type PoolOptions } from '../../postgres/pool.ts'
import { renewTiers } from '../search-order.ts'
import { type ImportEnd, type ImportProgress, runImportHere } from './run-import.ts'

// Runs one import on a thread and a pool of its own, so that the desk does not feel it.

/** What the thread is started with. */
export type WorkerStart = {
  readonly connection: PoolOptions['connection']
  readonly instance: string
  readonly changeSetId: number
  /** How many titles of imports before it are still where new titles begin. */
  readonly unplaced: number
}

/** What the thread can be told: to stop, or only to leave the order of search to an import that waits behind it. */
export type ToWorker = 'stop' | 'make-way'

/** What the thread tells: how far it is, and at last how it ended and how many titles it left unplaced. */
export type FromWorker =
  | { readonly progress: ImportProgress }
  | { readonly end: ImportEnd; readonly unplaced: number }

/** A batch holds at most two connections: the lock's own is outside the pool. */
const connectionsMax = 2
/** A batch that meets an editor waits for them; one that waits longer gives up and is tried again. */
const statementLimitMs = 60_000

/** Fewer new titles than this wait for the sweep. */
const placedFrom = 1_000

const { connection, instance, changeSetId, unplaced } = workerData as WorkerStart
const stopping = new AbortController()
const leaving = new AbortController()
const tell = (message: FromWorker) => parentPort?.postMessage(message)
parentPort?.on('message', (message: ToWorker) => {
  if (message === 'stop') stopping.abort()
  leaving.abort()
})
{
  await using db = openPool({ connection, name: 'bibby-import', connectionsMax, statementLimitMs })
  const end = await runImportHere(
    {
      db,
      instance,
      // The thread is a process of its own in this: it is handed no function.
      clock: () => new Date(),
      onProgress: (progress) => tell({ progress }),
      signal: stopping.signal,
    },
    changeSetId,
  )
  const fresh = end.ended === 'done' ? end.changeSet.imported : 0
  tell({ end, unplaced: await placeInOrder(db, unplaced + fresh) })
}
parentPort?.close()

/**
 * Many new titles would be found by chance until the hourly sweep, and 3,000 alike would hide the rest of them. The
 * order is that of the whole catalogue, so of imports in a row only the last renews it. Says how many titles are left.
 */
async function placeInOrder(db: Database, titles: number): Promise<number> {
  if (titles < placedFrom || leaving.signal.aborted) return titles
  // The import is done, whatever becomes of this; and two that renew at once may get in each other's way.
  return renewTiers(db, { signal: leaving.signal }).then(
    () => 0,
    () => titles,
  )
}
