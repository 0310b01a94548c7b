import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Asks Linux to schedule this process and those that it will start as SCHED_BATCH, which does not interrupt whoever
 * runs when one of them is woken: each message to a server would else take the processor from its sender. Priorities stay
 * as they are. Where there is no `chrt` (util-linux) or it fails, all goes on as it was, a little slower.
 * Source: sched(7); figures in docs/decisions/0007.
 */
export async function runInBatches(pid: number): Promise<void> {
  if (process.platform !== 'linux') return
  await run('chrt', ['--batch', '--pid', '0', String(pid)]).catch(() => undefined)
}
