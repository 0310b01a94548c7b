import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openTurns } from '../../work/turns.ts'
import type { ResizeAsk, Resized } from './resize.ts'

/** Reads pictures in a process of its own, one at a time. */
export type Resizer = AsyncDisposable & {
  /**
   * A picture that ends the process, or takes too long, is no picture. Throws WorkBusyError where too many wait, and
   * ResizeFailedError where it is not the picture's fault.
   */
  readonly resize: (ask: ResizeAsk) => Promise<Resized>
}

/** Pictures cannot be read now: the process does not start, or cannot write. */
export class ResizeFailedError extends Error {
  override readonly name = 'ResizeFailedError'
  readonly code = 'BIBBY_COVER_UNREAD'
}

const waitingMax = 60
/** Who waits for longer is shown a drawn cover meanwhile. */
const waitLimitMs = 3_000
/** A picture that takes longer ends with its process. */
const deadlineMs = 15_000
/** With nothing to do for so long the process ends, and gives its memory back. */
const idleMs = 30_000
const processFile = fileURLToPath(new URL('./resize.ts', import.meta.url))

type Told = Resized | { readonly failed: string }

/** Opens it; the process starts with the first picture. */
export function openResizer(): Resizer {
  const turns = openTurns({ atOnceMax: 1, waitingMax, waitLimitMs })
  const closing = new AbortController()
  const live = new Set<ChildProcess>()
  let running: ChildProcess | undefined
  let idle: NodeJS.Timeout | undefined

  const ready = async (): Promise<ChildProcess> => {
    if (running) return running
    const child = startProcess()
    const gone = () => {
      live.delete(child)
      if (running === child) running = undefined
    }
    child.once('exit', gone).once('error', gone)
    live.add(child)
    const first = await heard(child)
    closing.signal.throwIfAborted()
    if (first !== 'ready') {
      const why = 'over' in first ? first.over : 'it said something else first'
      throw new ResizeFailedError(`The process that reads covers did not start: ${why}.`)
    }
    running = child
    return child
  }

  /** Undefined where the process ended, of whatever; what takes too long ends it for a reason that is known. */
  const askOnce = async (ask: ResizeAsk): Promise<Told | undefined> => {
    const child = await ready()
    child.send(ask, () => undefined)
    const told = await heard(child)
    closing.signal.throwIfAborted()
    if (told === 'ready') return undefined
    if (!('over' in told)) return told
    return told.isLate ? { refused: 'cover-no-picture' } : undefined
  }

  return {
    resize: async (ask) => {
      using _turn = await turns.take(closing.signal)
      clearTimeout(idle)
      try {
        // It may have ended of something else, a moment before.
        const told = (await askOnce(ask)) ?? (await askOnce(ask)) ?? { refused: 'cover-no-picture' }
        if ('failed' in told) throw new ResizeFailedError(told.failed)
        return told
      } finally {
        idle = setTimeout(() => running?.kill(), idleMs).unref()
      }
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort(new ResizeFailedError('Bibby closes.'))
      clearTimeout(idle)
      await Promise.all(Array.from(live, ended))
    },
  }
}

function startProcess(): ChildProcess {
  const child = spawn(process.execPath, [processFile], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: '2', MALLOC_ARENA_MAX: '2' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // It must not keep a Bibby that is told to hurry.
  child.unref()
  child.channel?.unref()
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  const over = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  child.ref()
  child.kill('SIGKILL')
  await over
}

type Over = { readonly over: string; readonly isLate: boolean }

/** The next word of the process, or how it ended. It is ended where none comes in time. */
function heard(child: ChildProcess): Promise<Told | 'ready' | Over> {
  return new Promise((resolve) => {
    let isLate = false
    const late = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, deadlineMs)
    const hear = (told: Told | 'ready' | Over) => {
      clearTimeout(late)
      child.off('message', hear).off('error', fail).off('exit', end)
      resolve(told)
    }
    const fail = (error: Error) => hear({ over: error.message, isLate })
    const end = (code: number | null, signal: string | null) =>
      hear({ over: signal ?? `exit code ${code}`, isLate })
    child.on('message', hear).once('error', fail).once('exit', end)
  })
}
