import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runningPostmaster, signalled, untilGone } from '../src/postgres/postmaster.ts'

const run = promisify(execFile)

/** The one folder of a test run. Everything that the run makes or starts has its place below it. */
export type RunFolder = {
  readonly path: string
  /** Ends what still runs from the folder, and removes it. */
  readonly close: () => Promise<void>
}

/** How the folders are called; the marker inside says whose they are. */
const prefix = 'bibby-run-'
const markerName = 'test-run.json'
const watcher = fileURLToPath(new URL('./end-run.ts', import.meta.url))

type Marker = { readonly pid: number; readonly startedAt: string }

/**
 * Makes the folder of this run and sets a watcher over it: however the run ends, by signal or by kill -9, the
 * watcher sees its own input close and takes away what is left. Runs whose watcher was killed too are taken away by
 * the next one.
 */
export async function openRunFolder(): Promise<RunFolder> {
  const place = await placeOfRuns()
  await endDeadRuns(place)
  const path = await mkdtemp(join(place, prefix))
  // Root's databases run as another user, who must get through.
  await chmod(path, 0o711)
  const marker: Marker = { pid: process.pid, startedAt: (await startOf(process.pid)) ?? '' }
  await writeFile(join(path, markerName), JSON.stringify(marker))
  // A session of its own: a Ctrl-C on the terminal does not reach it.
  const child = spawn(process.execPath, [watcher, path], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  })
  child.unref()
  const ended = once(child, 'exit')
  return {
    path,
    close: async () => {
      child.ref()
      child.stdin.end()
      await ended
    },
  }
}

/** Where Linux keeps files in memory. */
const inMemory = '/dev/shm'
/** What a run needs there at most is some 2 GiB; so much must be free, of the folder and of the machine. */
const freeBytesMin = 6 * 2 ** 30

/**
 * In memory, where there is plenty of it and programs may be run from there: nine hundred scratch databases are some ten
 * gigabytes of files that live for a second each. Who names a folder by TMPDIR wants that one.
 */
async function placeOfRuns(): Promise<string> {
  if (tmpdir() !== '/tmp' || freemem() < freeBytesMin) return tmpdir()
  const { bavail, bsize } = await statfs(inMemory).catch(() => ({ bavail: 0, bsize: 0 }))
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '')
  const [, , , options = 'noexec'] =
    mounts
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, at]) => at === inMemory) ?? []
  return bavail * bsize < freeBytesMin || options.split(',').includes('noexec') ? tmpdir() : inMemory
}

/** Takes away the folders of runs that are over. One that is not marked, or whose process lives, is left alone. */
export async function endDeadRuns(below: string): Promise<void> {
  for (const name of await readdir(below)) {
    if (name.startsWith(prefix) && (await isDead(join(below, name)))) await endRun(join(below, name))
  }
}

const goneLimitMs = 10_000
/** What is killed may have begun something else at that moment. */
const roundsMax = 5

/** Ends the processes that work for this run, in it or on its behalf, and removes its folder. */
export async function endRun(folder: string): Promise<void> {
  for (let round = 0; round < roundsMax; round++) {
    const left = await processesOf(folder)
    for (const pid of left) signalled(pid, 'SIGKILL')
    for (const pid of left) await untilGone(pid, goneLimitMs)
    const servers = await endServers(folder)
    if (left.length + servers === 0) break
  }
  await unmount(folder)
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** A server is told to end, not killed, so that it gives its shared memory back. */
async function endServers(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  let count = 0
  for (const file of files.filter((name) => name.endsWith('postmaster.pid'))) {
    const server = await runningPostmaster(join(folder, dirname(file)))
    if (!server) continue
    count += 1
    signalled(server.pid, 'SIGQUIT')
    if (!(await untilGone(server.pid, goneLimitMs))) signalled(server.pid, 'SIGKILL')
    if (!server.socketFolder.startsWith(folder)) await rmdir(server.socketFolder).catch(() => undefined)
  }
  return count
}

/**
 * The processes that were started with this folder in their environment: test files, Bibbys, browsers. Linux tells;
 * elsewhere the test files of a killed run end when nobody reads what they print.
 */
async function processesOf(folder: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => [])
  const found = await Promise.all(
    names.map(async (name) => {
      const pid = Number(name)
      if (!Number.isSafeInteger(pid) || pid === process.pid) return []
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      const isOfRun = environment
        .split('\0')
        .some((entry) => entry.endsWith(`=${folder}`) || entry.includes(`=${folder}/`))
      return isOfRun && !(await isWatcher(pid)) ? [pid] : []
    }),
  )
  return found.flat()
}

/** The watcher of a run inside this run has that run to take away. */
async function isWatcher(pid: number): Promise<boolean> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return words.split('\0').includes(watcher)
}

async function unmount(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '')
  for (const line of mounts.split('\n').toReversed()) {
    const at = line.split(' ')[1] ?? ''
    if (at.startsWith(`${folder}/`)) await run('umount', ['--lazy', at]).catch(() => undefined)
  }
}

async function isDead(folder: string): Promise<boolean> {
  if (process.getuid && (await stat(folder)).uid !== process.getuid()) return false
  const text = await readFile(join(folder, markerName), 'utf8').catch(() => '')
  const { pid, startedAt } = markerIn(text) ?? {}
  if (pid === undefined) return false
  return !signalled(pid, 0) || (await startOf(pid)) !== startedAt
}

function markerIn(text: string): Marker | undefined {
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<Marker>
    return typeof pid === 'number' && pid > 1 && typeof startedAt === 'string'
      ? { pid, startedAt }
      : undefined
  } catch {
    return undefined
  }
}

/** When the process began, as the system tells it: a number is given again, but not at the same time. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const [boot, line] = await Promise.all(
      ['/proc/sys/kernel/random/boot_id', `/proc/${pid}/stat`].map((file) =>
        readFile(file, 'utf8').catch(() => ''),
      ),
    )
    const ticks = line?.slice(line.lastIndexOf(')') + 2).split(' ')[19]
    return ticks === undefined ? undefined : `${boot?.trim()} ${ticks}`
  }
  const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.trim() || undefined
}
