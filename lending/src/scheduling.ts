import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The niceness of a session of our own database: it then counts a ninth of Bibby when both want the processor. */
const behind = 10
/** That of a search: a seventieth of Bibby, and a seventh of a session that desks wait for. */
const last = 19
/** Who is not root may change a group once in 100 ms, all processes taken together. Source: Linux, kernel/sched/autogroup.c. */
const groupPauseMs = 120
const groupTriesMax = 100

/**
 * Lets a session of our own database, by its process, stand behind Bibby. All requests go through Bibby's one thread,
 * and a dozen sessions at work would each get as much of the processor as it does: it waited for them a third of its
 * time. Linux may weigh every session as a group of its own (sched_autogroup), so both are told. Where that fails, all
 * goes on as it was. Source: sched(7), "The autogroup feature"; figures in docs/decisions/0007.
 */
export async function standBehind(pid: number): Promise<void> {
  await weigh(pid, behind)
}

async function weigh(pid: number, niceness: number): Promise<void> {
  if (process.platform !== 'linux') return
  try {
    setPriority(pid, niceness)
  } catch {
    return
  }
  for (let tries = 1; tries <= groupTriesMax; tries++) {
    const failed = await writeFile(`/proc/${pid}/autogroup`, String(niceness)).catch(
      (error: unknown) => error,
    )
    if (!(failed instanceof Error && 'code' in failed && failed.code === 'EAGAIN')) return
    await wait(groupPauseMs, undefined, { ref: false })
  }
}

/**
 * Lets a session of our own database, by its process, run only while no desk wants the processor: whoever is not of
 * this kind and is woken takes it at once (SCHED_IDLE). Where Linux weighs each session as a group, that holds within
 * the group only, so the group is made as light as can be: it has a turn of some milliseconds, and then hardly another.
 * Source: sched(7).
 */
export async function standLast(pid: number): Promise<void> {
  await Promise.all([weigh(pid, last), runIdle(pid)])
}

/**
 * Lets the thread that calls it, not the first one of a process, stand behind the others: it works at length for one
 * request. Not last: a command's threads share the terminal with other programs, and would stand still beside a busy one.
 */
export function standBehindHere(): void {
  // Elsewhere it would lower the whole process.
  if (process.platform === 'linux') setPriority(behind)
}

async function runIdle(id: number): Promise<void> {
  if (process.platform !== 'linux') return
  await run('chrt', ['--idle', '--pid', '0', String(id)]).catch(() => undefined)
}
