import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { watch } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { signalled, untilGone } from '../src/postgres/postmaster.ts'
import { endDeadRuns } from './run-folder.ts'

const here = (file: string) => new URL(file, import.meta.url).href
const limitMs = 120_000

/** A suite of one test that starts a Bibby, says which processes are at work, and never ends. */
const hanging = `
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { scratchDatabase } from '${here('./scratch-database.ts')}'
import { temporaryHome } from '${here('./bibby-process.ts')}'
test('hangs', async () => {
  await using db = await scratchDatabase()
  await using home = await temporaryHome()
  const bibby = home.start()
  await bibby.ready
  const [{ pid }] = await db.rows({ text: 'select pg_backend_pid() as pid', values: [] })
  const pids = [process.pid, bibby.pid, await home.serverPid(), pid]
  await writeFile(process.env.UP, JSON.stringify(pids))
  await new Promise((resolve) => process.stdin.on('nothing', resolve))
})
`

test('a run that is interrupted or killed leaves no server, no process and no folder behind', async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const folder = await mkdtemp(join(tmpdir(), 'bibby-runner-'))
    await chmod(folder, 0o711)
    const file = join(folder, 'hangs.test.ts')
    await writeFile(file, hanging)
    await mkdir(join(folder, 'up'))
    const setup = fileURLToPath(here('./postgres-for-tests.ts'))
    const runner = spawn(process.execPath, ['--test', `--test-global-setup=${setup}`, file], {
      cwd: fileURLToPath(here('../../')),
      env: { PATH: '/usr/bin:/bin', HOME: '/', TMPDIR: folder, UP: join(folder, 'up', 'pids') },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    const ended = once(runner, 'exit')
    try {
      const pids = await Promise.race([
        pidsIn(join(folder, 'up')),
        ended.then(() => assert.fail('it never came up')),
      ])
      assert.ok(pids.length === 4 && pids.every((pid) => signalled(pid, 0)), `${pids}`)
      runner.kill(signal)
      await ended
      for (const pid of pids) assert.ok(await untilGone(pid, limitMs), `${signal} left process ${pid}`)
    } finally {
      runner.kill('SIGKILL')
    }
    await noRunIn(folder)
    await rm(folder, { recursive: true })
  }
})

test('a run takes away what dead runs left, and touches no other folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-runs-'))
  const over = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(over, 'exit')
  const marked = async (name: string, marker: unknown) => {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'test-run.json'), JSON.stringify(marker))
  }
  await marked('bibby-run-dead', { pid: over.pid, startedAt: 'then' })
  // The number is in use again, by a process that began at another time.
  await marked('bibby-run-other', { pid: process.pid, startedAt: 'at another time' })
  await marked('bibby-run-live', { pid: process.ppid, startedAt: await startedAt() })
  await marked('bibby-run-strange', ['something else'])
  await marked('somebody-else', { pid: over.pid, startedAt: 'then' })
  await mkdir(join(folder, 'bibby-run-unmarked'))
  await endDeadRuns(folder)
  assert.deepEqual((await readdir(folder)).toSorted(), [
    'bibby-run-live',
    'bibby-run-strange',
    'bibby-run-unmarked',
    'somebody-else',
  ])
  await rm(folder, { recursive: true })
})

/** As the run that this test is in wrote it down of itself: the parent of every test file. */
async function startedAt(): Promise<unknown> {
  const { pid, startedAt: at } = JSON.parse(await readFile(join(tmpdir(), 'test-run.json'), 'utf8')) as {
    pid: number
    startedAt: string
  }
  assert.equal(pid, process.ppid)
  return at
}

async function pidsIn(folder: string): Promise<readonly number[]> {
  let text = ''
  await untilTrueOf(folder, async () => {
    text = await readFile(join(folder, 'pids'), 'utf8').catch(() => '')
    return text.endsWith(']')
  })
  return JSON.parse(text) as number[]
}

function noRunIn(folder: string): Promise<void> {
  return untilTrueOf(folder, async () =>
    (await readdir(folder)).every((name) => !name.startsWith('bibby-run-')),
  )
}

/** Asks now and at every change of the folder; it is watched before it is asked. */
async function untilTrueOf(folder: string, isTrue: () => Promise<boolean>): Promise<void> {
  const watcher = watch(folder)
  try {
    const changes = on(watcher, 'change', { signal: AbortSignal.timeout(limitMs) })
    if (await isTrue()) return
    for await (const _ of changes) if (await isTrue()) return
  } finally {
    watcher.close()
  }
}
