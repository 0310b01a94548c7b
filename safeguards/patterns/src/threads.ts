import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Answered } from './thread-side.ts'

/** How many threads, how many may wait for one, and how long a caller waits in all. */
export type ThreadsAsked = {
  readonly script: URL
  readonly with?: unknown
  readonly env?: Readonly<Record<string, string>>
  readonly threadsMost: number
  /** This many are kept started; the others start when they are needed and end after `idleMs`. */
  readonly threadsWarm: number
  readonly idleMs: number
  readonly queueMost: number
  readonly budgetMs: number
  readonly heapMost: number
}

/** What became of one question. Only an answer says anything about the pattern and the text. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly gaveUp: 'over-budget' | 'busy' }

type Job = {
  readonly id: number
  readonly ask: unknown
  readonly settle: (outcome: Outcome<unknown>) => void
  readonly fail: (error: Error) => void
  deadline: NodeJS.Timeout | undefined
  done: boolean
}
type Thread = {
  readonly worker: Worker
  readonly port: MessagePort
  readonly begun: Int32Array
  readonly usedBefore: Float64Array
  ready: boolean
  ending: boolean
  job: Job | undefined
  idle: NodeJS.Timeout | undefined
}

/** After the deadline a thread is looked at again at these moments: a busy machine is no fault of the pattern. */
const looksMs = [0, 30, 30] as const
const lookLimitMs = 15
/** Over budget is who has worked for so long on the processor; who hardly got to it was only kept waiting. */
const workedLeastMs = 20

/** A thread could not start, or broke down on a question. */
class ThreadFailedError extends Error {
  override readonly name = 'ThreadFailedError'
  readonly code = 'PATTERNS_THREAD_FAILED'
}

/**
 * Threads that answer one question each within a budget, and are terminated where they do not: nothing else stops a
 * match that V8 has begun. The budget is one absolute deadline through the queue and the work.
 */
export class Threads<Ask, Answer> {
  readonly #asked: ThreadsAsked
  readonly #threads = new Set<Thread>()
  readonly #waiting: Job[] = []
  #lastId = 0
  #terminated = 0
  #closed = false

  constructor(asked: ThreadsAsked) {
    this.#asked = asked
  }

  /** Starts the warm threads and waits until they take questions. */
  async started(): Promise<this> {
    const missing = this.#asked.threadsWarm - this.#threads.size
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#start()))
    return this
  }

  /** How many are at work, how many wait, how many threads there are and how many had to be terminated. */
  state(): { working: number; waiting: number; threads: number; terminated: number } {
    const working = [...this.#threads].filter(({ job }) => job !== undefined).length
    return {
      working,
      waiting: this.#waiting.length,
      threads: this.#threads.size,
      terminated: this.#terminated,
    }
  }

  /** Answers within the budget, or says that it gave up. Where the queue is full it says so at once. */
  run(ask: Ask): Promise<Outcome<Answer>> {
    if (this.#closed || this.#waiting.length >= this.#asked.queueMost)
      return Promise.resolve({ gaveUp: 'busy' })
    return new Promise((resolve, reject) => {
      this.#lastId = (this.#lastId % 0x7fff_ffff) + 1
      const settle = resolve as Job['settle']
      const job: Job = { id: this.#lastId, ask, settle, fail: reject, deadline: undefined, done: false }
      job.deadline = setTimeout(() => void this.#late(job), this.#asked.budgetMs)
      this.#waiting.push(job)
      this.#dispatch()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const job of this.#waiting.splice(0)) settle(job, { gaveUp: 'busy' })
    for (const { job } of this.#threads) if (job) settle(job, { gaveUp: 'busy' })
    await Promise.all([...this.#threads].map((thread) => this.#end(thread)))
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      if (this.#waiting.length === 0) return
      if (!thread.ready || thread.ending || thread.job) continue
      const job = this.#waiting.shift() as Job
      clearTimeout(thread.idle)
      thread.job = job
      thread.port.postMessage({ id: job.id, ask: job.ask })
    }
    const starting = [...this.#threads].filter(({ ready, ending }) => !ready && !ending).length
    if (this.#waiting.length > starting && this.#threads.size < this.#asked.threadsMost) void this.#start()
  }

  #start(): Promise<void> {
    const { script, env, heapMost } = this.#asked
    const { port1: port, port2 } = new MessageChannel()
    const marks = new SharedArrayBuffer(16)
    const worker = new Worker(script, {
      workerData: { port: port2, marks, with: this.#asked.with },
      transferList: [port2],
      env: { ...env, ...compileCache() },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMost },
    })
    const thread: Thread = {
      worker,
      port,
      begun: new Int32Array(marks, 0, 1),
      usedBefore: new Float64Array(marks, 8, 1),
      ready: false,
      ending: false,
      job: undefined,
      idle: undefined,
    }
    this.#threads.add(thread)
    return new Promise((resolve) => {
      port.on('message', (message: Answered) => {
        if (message.id === 0) letProcessEnd()
        this.#heard(thread, message)
      })
      worker.once('error', (error) => this.#broke(thread, error))
      worker.once('exit', () => {
        resolve()
        this.#gone(thread)
      })
      // A process that has nothing else to do may end: who waits for an answer holds it by the deadline.
      const letProcessEnd = () => {
        worker.unref()
        port.unref()
        resolve()
      }
    })
  }

  #heard(thread: Thread, message: Answered): void {
    thread.ready = true
    const { job } = thread
    if (job && job.id === message.id) {
      thread.job = undefined
      if ('fault' in message) fail(job, new ThreadFailedError(`A pattern broke down: ${message.fault}`))
      else settle(job, { answer: message.answer })
    }
    this.#dispatch()
    if (thread.job || thread.ending || this.#threads.size <= this.#asked.threadsWarm) return
    clearTimeout(thread.idle)
    thread.idle = setTimeout(() => void this.#end(thread), this.#asked.idleMs).unref()
  }

  /** The deadline is over. What has been answered meanwhile counts, however late our own timer is. */
  async #late(job: Job): Promise<void> {
    const waiting = this.#waiting.indexOf(job)
    if (waiting >= 0) {
      this.#waiting.splice(waiting, 1)
      return settle(job, { gaveUp: 'busy' })
    }
    const thread = [...this.#threads].find((one) => one.job === job)
    if (!thread) return settle(job, { gaveUp: 'busy' })
    for (const lookMs of looksMs) {
      if (lookMs > 0) await after(lookMs)
      if (job.done) return
      const answered = receiveMessageOnPort(thread.port)
      if (answered) return this.#heard(thread, answered.message as Answered)
      const workedMs = await this.#workedMs(thread, job)
      if (job.done) return
      if (workedMs >= Math.min(workedLeastMs, this.#asked.budgetMs / 2))
        return this.#terminate(thread, job, 'over-budget')
    }
    this.#terminate(thread, job, 'busy')
  }

  /** The processor time that the thread has spent on this job; read from outside, because the thread cannot answer. */
  async #workedMs(thread: Thread, job: Job): Promise<number> {
    if (Atomics.load(thread.begun, 0) !== job.id) return 0
    const used = await Promise.race([thread.worker.cpuUsage().catch(() => undefined), after(lookLimitMs)])
    return used ? (used.user + used.system - (thread.usedBefore[0] as number)) / 1_000 : 0
  }

  #terminate(thread: Thread, job: Job, gaveUp: 'over-budget' | 'busy'): void {
    thread.job = undefined
    this.#terminated += 1
    settle(job, { gaveUp })
    void this.#end(thread)
  }

  async #end(thread: Thread): Promise<void> {
    thread.ending = true
    clearTimeout(thread.idle)
    await thread.worker.terminate()
  }

  /** An error outside of a question: the thread is out of memory, or could not be started at all. */
  #broke(thread: Thread, error: Error): void {
    thread.ending = true
    const { job } = thread
    thread.job = undefined
    if (job && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      settle(job, { gaveUp: 'over-budget' })
    else if (job) fail(job, new ThreadFailedError('A thread broke down on a question.', { cause: error }))
    if (thread.ready) return
    const failed = new ThreadFailedError('A thread for patterns could not be started.', { cause: error })
    for (const waiting of this.#waiting.splice(0)) fail(waiting, failed)
  }

  /** A thread has ended. Another takes its place only now, so that there are never more of them than allowed. */
  #gone(thread: Thread): void {
    this.#threads.delete(thread)
    thread.port.close()
    if (thread.job) settle(thread.job, { gaveUp: 'busy' })
    if (this.#closed) return
    if (thread.ready && this.#threads.size < this.#asked.threadsWarm) void this.#start()
    this.#dispatch()
  }
}

/** Where this process keeps what it compiled, if it does: a thread then starts in half the time. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}

function settle(job: Job, outcome: Outcome<unknown>): void {
  if (job.done) return
  job.done = true
  clearTimeout(job.deadline)
  job.settle(outcome)
}

function fail(job: Job, error: Error): void {
  if (job.done) return
  job.done = true
  clearTimeout(job.deadline)
  job.fail(error)
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined))
}
