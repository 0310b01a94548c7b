import { setPriority } from 'node:os'
import { copyToSecond, type ToSecond } from './second-folder.ts'

// The process that copies to the second folder: a disk that hangs holds up nobody else, and who waits can kill it.

/** What it says: that it goes on, and at the end why it failed or that it did not. */
export type Said = 'alive' | { readonly failed: string | null }

/** As a search: desks come first. */
const niceness = 15
/** One word in so long is enough. */
const aliveEveryMs = 200

// Not in order: a thread that waits for the disk would keep it from ending.
const end = () => process.kill(process.pid, 'SIGKILL')
process.once('disconnect', end)
process.once('message', (task: ToSecond) => void copy(task))
try {
  setPriority(niceness)
} catch {
  // Then it runs as any other.
}

async function copy(task: ToSecond): Promise<void> {
  let last = Number.NEGATIVE_INFINITY
  const alive = () => {
    if (performance.now() - last < aliveEveryMs) return
    last = performance.now()
    say('alive')
  }
  const failed = await copyToSecond(task, alive).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : 'unknown fault'),
  )
  process.off('disconnect', end)
  say({ failed }, () => process.disconnect())
}

function say(said: Said, then?: () => void): void {
  process.send?.(said, undefined, undefined, then)
}
