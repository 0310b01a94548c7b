import { parentPort, workerData } from 'node:worker_threads'
import { patternsOfThread } from '../formats/patterns-of-thread.ts'
import { anAsker, askedBy, leave } from '../postgres/asker.ts'
import { openPool, type PoolOptions, sqlState } from '../postgres/pool.ts'
import { standBehindHere } from '../scheduling.ts'
import { type JobName, jobs, writing } from './jobs.ts'

// The thread of one job: it begins with it and ends with it.

/** What the thread is given: one job, and how to reach the database. */
export type Given = {
  readonly name: JobName
  readonly ask: unknown
  readonly connection: PoolOptions['connection']
}

/** What the thread is told: that one more part may come, or to stop. */
export type ToThread = 'more' | 'stop'

/** What the thread tells: a part, and at last what it came to. */
export type FromThread =
  | { readonly part: unknown }
  | { readonly result: unknown }
  | { readonly fault: ThreadFault }

/** A fault as it crosses from one thread to another: of an error only its words would be left. */
export type ThreadFault = {
  readonly message: string
  readonly name: string
  readonly stack: string | undefined
  /** One of ours, as `BIBBY_WRITE_LOST`. */
  readonly code: string | undefined
  /** Of the database. */
  readonly state: string | undefined
}

/** Sessions of a job: a reader that comes after all desks may take its time, a writer holds locks that they may want. */
const reading = { connectionsMax: 2, statementLimitMs: 15_000, standsLast: true }
const alsoWriting = { connectionsMax: 4, statementLimitMs: 5_000 }
/** So many parts are made ahead of whoever reads them. */
const ahead = 2

const port = parentPort
if (!port) throw new Error('This file is the thread of a job, and is started as one.')
const { name: jobName, ...given } = workerData as Given
const stopping = new AbortController()
const asker = anAsker('reports')
let room = ahead
let roomAgain = Promise.withResolvers<void>()
port.on('message', (told: ToThread) => {
  if (told === 'stop') stop()
  else room += 1
  roomAgain.resolve()
})

/** What reads is stopped in the database too; what writes ends its batch. */
function stop(): void {
  stopping.abort()
  if (!writing.has(jobName)) leave(asker)
}

async function tell(part: unknown): Promise<void> {
  while (room === 0 && !stopping.signal.aborted) {
    roomAgain = Promise.withResolvers()
    await roomAgain.promise
  }
  stopping.signal.throwIfAborted()
  room -= 1
  send({ part })
}

const send = (message: FromThread) => port.postMessage(message)

async function run(): Promise<unknown> {
  const { ask, connection } = given
  await using db = openPool({
    connection,
    name: 'bibby-files',
    ...(writing.has(jobName) ? alsoWriting : reading),
  })
  await using patterns = patternsOfThread()
  // What each is asked is held to its type by whoever starts the thread.
  const job = jobs[jobName] as (at: object, ask: unknown, to: typeof tell) => Promise<unknown>
  return await job({ db, patterns: patterns.running, signal: stopping.signal }, ask, tell)
}

function faultOf(error: unknown): ThreadFault {
  const { message, name, stack, code } = error as Error & { code?: unknown }
  return { message, name, stack, code: typeof code === 'string' ? code : undefined, state: sqlState(error) }
}

standBehindHere()
await askedBy(asker, run).then(
  (result) => send({ result }),
  (error: unknown) => send({ fault: faultOf(error) }),
)
