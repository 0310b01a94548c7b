import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './status-home.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A real Bibby with the sample library, its database and its notice service. */
export type Bibby = AsyncDisposable & {
  readonly url: string
  readonly noticesUrl: string
  /** A file that only its owner may read, with the password of the desk. */
  readonly passwordFile: string
  /** Ends all of it at once, as a power cut would. */
  readonly cutPower: () => Promise<void>
}

/** Starts it as its operator does, in a process of its own. */
export async function startBibby(): Promise<Bibby> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-watched-'))
  // Root's database runs as another user, who must get through.
  await chmod(folder, 0o711)
  const data = join(folder, 'data')
  const noticePort = await freePort()
  const child = spawn(process.execPath, ['operator/src/bibby.ts', 'start'], {
    cwd: root,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: '/',
      BIBBY_DATA: data,
      BIBBY_PORT: '0',
      BIBBY_NOTICE_PORT: String(noticePort),
      BIBBY_SAMPLE: 'yes',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = once(child, 'close')
  const postmaster = async () => {
    const text = await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')
    return Number(text.split('\n')[0]) || undefined
  }
  const cutPower = async () => {
    const database = await postmaster()
    child.kill('SIGKILL')
    await ended
    if (database === undefined) return
    process.kill(database, 'SIGQUIT')
    await until(
      () => isAlive(database),
      (alive) => !alive,
    )
  }
  const close = async () => {
    await cutPower()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await until(
      () => said,
      (text) => /Ready in/.test(text),
    )
    const passwordFile = join(folder, 'canary-password')
    const desk = (await readFile(join(data, 'sign-in.txt'), 'utf8'))
      .split('\n')
      .find((line) => line.startsWith('desk'))
    await writeFile(passwordFile, desk?.split(/ {2,20}/)[1] ?? '', { mode: 0o600 })
    const url = (/http:\S+/.exec(said)?.[0] ?? '').replace(/\/$/, '')
    return {
      url,
      noticesUrl: `http://127.0.0.1:${noticePort}`,
      passwordFile,
      cutPower,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A port of this machine that nobody holds at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
