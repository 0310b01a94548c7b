import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BackupError } from './backup-error.ts'
import type { ToSecond } from './second-folder.ts'
import type { Said } from './second-process.ts'

/** A disk that takes no piece in this long hangs: 16 MiB are a piece. */
const hungAfterMs = 120_000
/** What was killed is gone at once, but for a process that the system holds within a call to a disk. */
const goneLimitMs = 5_000

/** A copying to the second folder, in a process of its own. */
export type SecondCopy = {
  /** Rejects with BackupError when it failed or the disk hangs. */
  readonly ended: Promise<void>
  /** When its process is gone: one that the system holds is gone when the disk answers again. */
  readonly gone: Promise<void>
  readonly stop: () => void
}

const processFile = fileURLToPath(new URL('./second-process.ts', import.meta.url))

/** Begins to copy. */
export function startSecond(task: ToSecond, hungMs = hungAfterMs): SecondCopy {
  const child = spawn(process.execPath, [processFile], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  child.send(task, () => undefined)
  const stop = () => {
    child.kill('SIGKILL')
    // Nobody waits for one that cannot even be killed.
    child.unref()
    if (child.connected) child.disconnect()
  }
  return { ended: ended(child, { task, hungMs, stop }), gone, stop }
}

/** Copies, and waits for it. */
export async function toSecond(task: ToSecond, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const copy = startSecond(task)
  signal.addEventListener('abort', copy.stop, { once: true })
  try {
    await copy.ended
  } finally {
    signal.removeEventListener('abort', copy.stop)
    await gone(copy)
    signal.throwIfAborted()
  }
}

/** Waits until its process is gone, or holds to the disk for good. */
export async function gone(copy: SecondCopy): Promise<void> {
  await Promise.race([copy.gone, wait(goneLimitMs, undefined, { ref: false })])
}

function ended(
  child: ChildProcess,
  { task, hungMs, stop }: { task: ToSecond; hungMs: number; stop: () => void },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const failed = (why: string) => reject(new BackupError('BIBBY_BACKUP_FAILED', why))
  const hung = setTimeout(() => {
    failed(
      `The disk of the second folder, ${task.second}, hangs: it took nothing for ${hungMs / 1_000} s. See that it is there and answers: what is missing on it is copied then.`,
    )
    stop()
  }, hungMs)
  child.on('message', (said: Said) => {
    hung.refresh()
    if (said === 'alive') return
    if (said.failed === null) resolve()
    else failed(said.failed)
  })
  child.once('error', (error) => failed(`Copying to ${task.second} did not start: ${error.message}`))
  child.once('exit', () => failed(`Copying to ${task.second} was ended before its end.`))
  // Whoever only waits until it is gone need not hear of it twice.
  promise.catch(() => undefined)
  return promise.finally(() => {
    child.removeAllListeners('message')
    clearTimeout(hung)
  })
}
