import { Worker } from 'node:worker_threads'
import pg from 'pg'
import type { PoolOptions } from '../postgres/pool.ts'
import type { JobName, jobs } from './jobs.ts'
import type { FromThread, Given, ThreadFault, ToThread } from './thread.ts'
import { openTurns } from './turns.ts'

type Asked<Name extends JobName> = Parameters<(typeof jobs)[Name]>[1]
type Came<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>
type Part<Name extends JobName> = (typeof jobs)[Name] extends (
  at: never,
  ask: never,
  tell: (part: infer Told) => Promise<void>,
) => unknown
  ? Told
  : never

/** How long a job may take, and who may stop it before. */
export type Until = { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined }

/** Threads for work that takes the processor: each begins with its job and ends with it. */
export type Threads = AsyncDisposable & {
  /** The parts of a job, made little ahead of whoever reads them. Left before its end, the job is stopped. */
  readonly parts: <Name extends JobName>(
    name: Name,
    ask: Asked<Name>,
    until: Until,
  ) => AsyncGenerator<Part<Name>, Came<Name>, undefined>
  /** What a job came to; `told` hears its parts. */
  readonly run: <Name extends JobName>(
    name: Name,
    ask: Asked<Name>,
    until: Until,
    told?: (part: Part<Name>) => void,
  ) => Promise<Came<Name>>
  readonly counts: () => { readonly running: number; readonly waiting: number }
}

/** Two cores: what is more would only share them, and each has a heap of its own. */
const atOnceMax = 3
const waitingMax = 8
/** Who waits for longer is told to come back. */
const waitLimitMs = 10_000
/** A job that is told to stop, as at its deadline, gives its connections back within this, or its thread is ended. */
const stopLimitMs = 2_000
/** Bytes that a job may hold: one that runs away ends alone. */
const heapMegabytes = 512

/** A job was ended because its time was over. What it wrote is done. */
export class WorkLateError extends Error {
  override readonly name = 'WorkLateError'
  readonly code = 'BIBBY_WORK_LATE'
  constructor(name: string, deadlineMs: number) {
    super(
      `The job "${name}" took more than ${deadlineMs} ms and was ended. Ask for less, or when less goes on.`,
    )
  }
}

/** Bibby closes, and has ended what its threads worked on. What was written is done. */
export class WorkClosedError extends Error {
  override readonly name = 'WorkClosedError'
  readonly code = 'BIBBY_CLOSING'
  constructor() {
    super('Bibby closes, and has ended what its threads worked on.')
  }
}

/** Opens them; none is started before it is needed. Disposed of, it ends all. */
export function openThreads(connection: PoolOptions['connection']): Threads {
  const turns = openTurns({ atOnceMax, waitingMax, waitLimitMs })
  const closing = new AbortController()
  const live = new Set<Thread>()
  const parts: Threads['parts'] = async function* (name, ask, { deadlineMs, signal }) {
    const stopped = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
    using _turn = await turns.take(stopped)
    await using thread = startThread({ name, ask, connection }, { deadlineMs, stopped })
    live.add(thread)
    void thread.ended.then(() => live.delete(thread))
    for (;;) {
      const told = await thread.next()
      if ('fault' in told) throw errorOf(told.fault)
      // The table of jobs says what each tells and gives.
      if ('result' in told) return told.result as never
      yield told.part as never
    }
  }
  return {
    parts,
    run: async <Name extends JobName>(
      name: Name,
      ask: Asked<Name>,
      until: Until,
      told?: (part: Part<Name>) => void,
    ) => {
      const steps = parts(name, ask, until)
      for (;;) {
        const step = await steps.next()
        if (step.done) return step.value as never
        told?.(step.value)
      }
    },
    counts: turns.counts,
    [Symbol.asyncDispose]: async () => {
      closing.abort(new WorkClosedError())
      await Promise.all([...live].map(({ ended }) => ended))
    },
  }
}

type Thread = AsyncDisposable & { readonly next: () => Promise<FromThread>; readonly ended: Promise<void> }

function startThread(
  given: Given,
  { deadlineMs, stopped }: { readonly deadlineMs: number; readonly stopped: AbortSignal },
): Thread {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: given,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  })
  const tell = (message: ToThread) => worker.postMessage(message)
  const end = () => void worker.terminate()
  const came: FromThread[] = []
  let heard = Promise.withResolvers<void>()
  let lost: unknown
  const lose = (error: unknown) => {
    lost ??= error
    heard.resolve()
  }
  let patience: NodeJS.Timeout | undefined
  const stop = () => {
    patience ??= setTimeout(end, stopLimitMs)
    tell('stop')
  }
  const leave = () => {
    lose(stopped.reason)
    stop()
  }
  const late = setTimeout(() => {
    lose(new WorkLateError(given.name, deadlineMs))
    stop()
  }, deadlineMs)
  stopped.addEventListener('abort', leave)
  worker.on('message', (told: FromThread) => {
    came.push(told)
    heard.resolve()
    // Its connections are given back by then.
    if (!('part' in told)) end()
  })
  worker.once('error', lose)
  const exit = Promise.withResolvers<void>()
  worker.once('exit', (code) => {
    clearTimeout(late)
    clearTimeout(patience)
    stopped.removeEventListener('abort', leave)
    lose(new Error(`The thread of the job "${given.name}" ended early, with code ${code}.`))
    exit.resolve()
  })
  return {
    ended: exit.promise,
    next: async () => {
      while (came.length === 0 && lost === undefined) {
        heard = Promise.withResolvers()
        await heard.promise
      }
      const told = came.shift()
      if (!told || stopped.aborted) throw lost
      tell('more')
      return told
    },
    [Symbol.asyncDispose]: async () => {
      stop()
      await exit.promise
    },
  }
}

function errorOf({ message, name, stack, code, state }: ThreadFault): Error {
  const error =
    state === undefined ? new Error(message) : new pg.DatabaseError(message, message.length, 'error')
  return Object.assign(error, { name, stack: stack ?? message, ...(code === undefined ? {} : { code }) })
}
