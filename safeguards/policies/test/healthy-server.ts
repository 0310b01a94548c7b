// A thread of its own with a server that answers every request in 10 ms, but not before it is let.
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const answerMs = 10

/** A healthy dependency that another thread runs, so that a stall of this one cannot touch it. */
export type HealthyServer = AsyncDisposable & {
  readonly url: string
  /** How many requests have reached it. */
  readonly arrived: () => number
  /** Stops this thread for so long; the server answers all that has arrived, meanwhile. */
  readonly stall: (ms: number) => void
}

/** Starts one. */
export async function healthyServer(): Promise<HealthyServer> {
  const shared = new Int32Array(new SharedArrayBuffer(8)) // Arrived; may answer.
  const worker = new Worker(new URL(import.meta.url), { workerData: shared })
  const port = await new Promise((resolve) => worker.once('message', resolve))
  return {
    url: `http://127.0.0.1:${port}/`,
    arrived: () => Atomics.load(shared, 0),
    stall(ms) {
      Atomics.store(shared, 1, 1)
      Atomics.notify(shared, 1)
      Atomics.wait(shared, 1, 1, ms) // Nobody changes it: the time passes.
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

if (!isMainThread) {
  const shared = workerData as Int32Array
  const server = createServer(async (_request, response) => {
    Atomics.add(shared, 0, 1)
    const { value } = Atomics.waitAsync(shared, 1, 0)
    await value
    await wait(answerMs)
    response.end('answered')
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined)
  })
}
