import { Worker } from 'node:worker_threads'
import type { FromThread, ImportJob, JobEnd, ToThread } from './import-jobs.ts'
import type { ImportProgress } from './run-import.ts'

/** A thread that runs imports, one at a time. */
export type ImportThread = {
  /** Runs one import to its end. Rejects when the thread dies of it. */
  readonly run: (job: ImportJob, told: Told) => Promise<JobEnd>
  /** Whether it can still be given an import. */
  readonly isAlive: () => boolean
  /** Ends it, when it runs nothing. */
  readonly end: () => Promise<void>
}

/** Who is told how far an import is, and the signals by which it is stopped or leaves the order of search to the next. */
export type Told = {
  readonly listeners: ReadonlySet<(progress: ImportProgress) => void>
  readonly signal: AbortSignal
  readonly leave: AbortSignal
}

/** A thread with nothing to do gives its memory back after this long: people bring one file after the other. */
const idleMaxMs = 60_000

/**
 * Starts a thread that makes itself ready for an import. Nothing waits for it: while it has none it keeps no process
 * alive, and it ends itself when none comes.
 */
export function openImportThread(): ImportThread {
  const worker = new Worker(new URL('./import-jobs.ts', import.meta.url))
  let alive = true
  const end = async () => {
    alive = false
    await worker.terminate()
  }
  let idle: NodeJS.Timeout
  const rest = () => {
    worker.unref()
    idle = setTimeout(end, idleMaxMs).unref()
  }
  // Without an import nobody is there to hear it; the next one starts another thread.
  worker.on('error', () => undefined)
  worker.once('exit', () => {
    alive = false
    clearTimeout(idle)
  })
  rest()
  return {
    isAlive: () => alive,
    end,
    run: async (job, told) => {
      clearTimeout(idle)
      worker.ref()
      return await runOn(worker, job, told).finally(rest)
    },
  }
}

async function runOn(worker: Worker, job: ImportJob, { listeners, signal, leave }: Told): Promise<JobEnd> {
  const send = (message: ToThread) => worker.postMessage(message)
  const { changeSetId } = job
  const stop = () => send({ tell: 'stop', changeSetId })
  const makeWay = () => send({ tell: 'make-way', changeSetId })
  const over = new AbortController()
  send({ job })
  if (signal.aborted) stop()
  if (leave.aborted) makeWay()
  signal.addEventListener('abort', stop, { signal: over.signal })
  leave.addEventListener('abort', makeWay, { signal: over.signal })
  try {
    return await ended(worker, listeners)
  } finally {
    over.abort()
  }
}

function ended(worker: Worker, listeners: Told['listeners']): Promise<JobEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<JobEnd>()
  const hear = (message: FromThread) => {
    if ('end' in message) resolve(message)
    else for (const listener of listeners) listener(message.progress)
  }
  const died = (code: number) => reject(new Error(`The import's thread ended early, with code ${code}.`))
  worker.on('message', hear).once('error', reject).once('exit', died)
  return promise.finally(() => worker.off('message', hear).off('error', reject).off('exit', died))
}
