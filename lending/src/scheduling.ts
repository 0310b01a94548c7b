import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Asks Linux to schedule this process, and those that it will start, as SCHED_BATCH: when one of them is woken it waits
 * for its turn and does not interrupt whoever runs. Each message between Bibby and its database would else take the
 * processor from its sender. Priorities stay as they are. Where there is no `chrt` (util-linux) or it fails, all goes
 * on as it was, a little slower. Source: sched(7); figures in docs/decisions/0007.
 */
export async function runInBatches(): Promise<void> {
  if (process.platform !== 'linux') return
  await run('chrt', ['--all-tasks', '--batch', '--pid', '0', String(process.pid)]).catch(() => undefined)
}
