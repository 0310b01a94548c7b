import { execFile } from 'node:child_process'
import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { systemCode } from '../start-error.ts'

const run = promisify(execFile)

/** A PostgreSQL server process, as its `postmaster.pid` describes it. */
export type Postmaster = {
  readonly pid: number
  readonly socketFolder: string
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby'
}

/** The file that a running server keeps in its folder. */
const pidFileName = 'postmaster.pid'

/**
 * The server that runs on this folder now, or undefined. A file left by a crash names a process that is gone, or
 * is by now another program: so the process itself is asked what it is and where it works.
 */
export async function runningPostmaster(folder: string): Promise<Postmaster | undefined> {
  const lines = (await readFile(join(folder, pidFileName), 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 1 || !(await isPostgresOf(pid, folder))) return undefined
  const status = lines[7]?.trim() ?? ''
  return {
    pid,
    socketFolder: lines[4] ?? '',
    // The status is written last: a file without one belongs to a server that has just begun.
    status: status === 'ready' || status === 'stopping' || status === 'standby' ? status : 'starting',
  }
}

/**
 * Takes away the lock files of a crashed server whose process number has since gone to another program: the server
 * would refuse to start for them. Files whose process is gone are left for PostgreSQL, which knows them.
 */
export async function clearStaleLocks(folder: string, socketFolder: string): Promise<void> {
  for (const file of [join(folder, pidFileName), join(socketFolder, '.s.PGSQL.5432.lock')]) {
    const pid = Math.abs(Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]))
    if (!Number.isSafeInteger(pid) || pid <= 1 || !signalled(pid, 0)) continue
    if (await isPostgresOf(pid, folder)) return
    await rm(file, { force: true })
  }
}

const pollMs = 20

/** Waits until the process is gone, or this long; tells whether it is. */
export async function untilGone(pid: number, limitMs: number): Promise<boolean> {
  for (const until = performance.now() + limitMs; ; ) {
    if (!signalled(pid, 0) || (await isZombie(pid))) return true
    if (performance.now() >= until) return false
    await wait(pollMs)
  }
}

/** Sends a signal (0 only asks); false when there is no such process, or it is not ours. */
export function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (systemCode(error) === 'EPERM') return signal === 0
    return false
  }
}

async function isPostgresOf(pid: number, folder: string): Promise<boolean> {
  if (!signalled(pid, 0)) return false
  if (process.platform !== 'linux') {
    const command = await run('ps', ['-p', String(pid), '-o', 'command=']).catch(() => ({ stdout: '' }))
    return command.stdout.includes('postgres') && command.stdout.includes(folder)
  }
  const [program, cwd, wanted] = await Promise.all([
    readlink(`/proc/${pid}/exe`).catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
    realpath(folder).catch(() => folder),
  ])
  // A server works in its data folder; after an update its program may be marked as deleted.
  return /^postgres(?: \(deleted\))?$/.test(basename(program)) && cwd === wanted
}

/** Dead, but whoever started it has not asked: in a container nobody may ever. */
async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
}
