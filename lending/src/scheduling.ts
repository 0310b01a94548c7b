import { writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'

/** The niceness of a session of our own database: it then counts a ninth of Bibby when both want the processor. */
const behind = 10
/** That of a search: it counts a third of a session that desks wait for. */
const last = 15
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
 * Lets a session of our own database, by its process, stand behind the desks as well: for searches and reports, which hold
 * no lock. A session that is so much heavier takes the processor from it when it is woken. Lighter still, or SCHED_IDLE, does no
 * more for a desk, and a search then starves beside any other program of the machine (docs/decisions/0014).
 */
export async function standLast(pid: number): Promise<void> {
  await weigh(pid, last)
}

/**
 * Lets the thread that calls it, not the first one of a process, stand behind the others: it works at length for one
 * request. Not last: a command's threads share the terminal with other programs, and would stand still beside a busy one.
 */
export function standBehindHere(): void {
  // Elsewhere it would lower the whole process.
  if (process.platform === 'linux') setPriority(behind)
}
