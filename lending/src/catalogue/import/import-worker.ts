import { parentPort, workerData } from 'node:worker_threads'
import { type Database, openPool, type PoolOptions } from '../../postgres/pool.ts'
import { renewTiers } from '../search-order.ts'
import { type ImportEnd, runImportHere } from './run-import.ts'

// Runs one import on a thread and a pool of its own, so that the desk does not feel it.

/** What the thread is started with. */
export type WorkerStart = {
  readonly connection: PoolOptions['connection']
  readonly instance: string
  readonly changeSetId: number
}

/** A batch holds at most two connections: the lock's own is outside the pool. */
const connectionsMax = 2
/** A batch that meets an editor waits for them; one that waits longer gives up and is tried again. */
const statementLimitMs = 60_000

/** Fewer new titles than this wait for the sweep. */
const placedFrom = 1_000

const { connection, instance, changeSetId } = workerData as WorkerStart
const stopping = new AbortController()
parentPort?.once('message', () => stopping.abort())
{
  await using db = openPool({ connection, name: 'bibby-import', connectionsMax, statementLimitMs })
  const end = await runImportHere(
    {
      db,
      instance,
      // The thread is a process of its own in this: it is handed no function.
      clock: () => new Date(),
      onProgress: (progress) => parentPort?.postMessage({ progress }),
      signal: stopping.signal,
    },
    changeSetId,
  )
  await placeInOrder(db, end)
  parentPort?.postMessage({ end })
}
parentPort?.close()

/** Many new titles would be found by chance until the hourly sweep, and 3,000 alike would hide the rest of them. */
async function placeInOrder(db: Database, end: ImportEnd): Promise<void> {
  if (end.ended !== 'done' || end.changeSet.imported < placedFrom) return
  // The import is done, whatever becomes of this; and two that renew at once may get in each other's way.
  await renewTiers(db, { signal: stopping.signal }).catch(() => undefined)
}
