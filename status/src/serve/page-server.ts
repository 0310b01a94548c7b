import type { IncomingHttpHeaders } from 'node:http'
import { Worker } from 'node:worker_threads'

/** What the thread of the page is given. */
export type ThreadGiven = {
  readonly folder: string
  readonly host: string
  readonly port: number
  /** Connections that one address may hold at once. */
  readonly perAddressMost: number
}

/** A request that the thread of the page cannot answer by itself. */
export type Asked = {
  readonly id: number
  readonly pathname: string
  readonly search: string
  readonly method: string
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

/** What is answered to it. */
export type Reply = {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}
/** The reply with the number of its request. */
export type Replied = Reply & { readonly id: number }

/** The page, being served. */
export type PageServer = {
  readonly url: string
  readonly ended: Promise<string>
  readonly stop: () => Promise<void>
}

/** Serves the folder on a thread of its own; what only the main thread knows is answered by `handle`. */
export async function servePage(given: ThreadGiven, handle: (asked: Asked) => Reply): Promise<PageServer> {
  const thread = new Worker(new URL('./page-thread.ts', import.meta.url), { workerData: given })
  const listening = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<string>()
  thread.on('message', (told: Asked | { listening: number } | { failed: string }) => {
    if ('listening' in told) listening.resolve(told.listening)
    else if ('failed' in told) listening.reject(new Error(told.failed))
    else thread.postMessage({ ...answered(handle, told), id: told.id } satisfies Replied)
  })
  thread.on('error', (error) => ended.resolve(error instanceof Error ? error.message : 'fault'))
  thread.on('exit', () => ended.resolve('it ended'))
  ended.promise.then((why) => listening.reject(new Error(why)))
  const port = await listening.promise
  const shown = given.host.includes(':') ? `[${given.host}]` : given.host
  return {
    url: `http://${shown}:${port}`,
    ended: ended.promise,
    stop: async () => void (await thread.terminate()),
  }
}

function answered(handle: (asked: Asked) => Reply, asked: Asked): Reply {
  try {
    return handle(asked)
  } catch {
    return { status: 503, body: 'The database of the status page does not answer.\n' }
  }
}
