import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import packageJson from '../../package.json' with { type: 'json' }
import { embeddedUser } from '../src/postgres/embedded.ts'
import { runningPostmaster, untilGone } from '../src/postgres/postmaster.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** What `npm start` runs, as the package says it. */
const [, ...startArguments] = packageJson.scripts.start.split(' ')
const lastWordsMs = 90_000

/** How a `bibby start` ended, and all that it said. */
export type Ended = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A `bibby start` in a process of its own. */
export type BibbyProcess = {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** Settles with the address once it answers; rejects when it ended instead. */
  readonly ready: Promise<string>
  /** Settles once this text was printed. */
  readonly said: (text: string) => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** A folder for one test; closing it ends what was started there, by process number, and removes it. */
export type Home = AsyncDisposable & {
  readonly data: string
  readonly start: (
    env?: Readonly<Record<string, string>>,
    options?: { uid?: number; gid?: number },
  ) => BibbyProcess
  /** The embedded database, past Bibby. The caller ends it. */
  readonly connect: () => Promise<pg.Client>
  /** The process of the database server, if one runs. */
  readonly serverPid: () => Promise<number | undefined>
}

/** Makes a home: `await using home = await temporaryHome()`. `below` adds folders to the path of the data. */
export async function temporaryHome(below = 'data'): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-start-'))
  // Root's database runs as another user, who must get through.
  await chmod(folder, 0o711)
  const data = join(folder, below)
  const children: BibbyProcess[] = []
  const postmaster = () => runningPostmaster(join(data, 'postgres'))
  return {
    data,
    start: (env = {}, options = {}) => {
      const child = startBibby(
        { BIBBY_DATA: data, BIBBY_PORT: '0', BIBBY_NOTICE_PORT: '0', BIBBY_SAMPLE: 'no', ...env },
        options,
      )
      children.push(child)
      return child
    },
    connect: async () => {
      const host = (await postmaster())?.socketFolder ?? ''
      const client = new pg.Client({ host, port: 5432, user: embeddedUser, database: 'bibby' })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    serverPid: async () => (await postmaster())?.pid,
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(children.map(({ ended }) => ended))
      const server = await postmaster()
      if (server) {
        process.kill(server.pid, 'SIGQUIT')
        await untilGone(server.pid, lastWordsMs)
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startBibby(
  env: Readonly<Record<string, string>>,
  options: { uid?: number; gid?: number },
): BibbyProcess {
  const child = spawn(process.execPath, startArguments, {
    ...options,
    cwd: root,
    env: { PATH: '/usr/bin:/bin', HOME: '/', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      child.emit('said')
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }) as Ended)
  const until = (text: string) => untilSaid(child, ended, () => said.stdout + said.stderr, text)
  const ready = until('Ready in').then(() => /http:\S+/.exec(said.stdout)?.[0] ?? '')
  // A test that only waits for the end does not care that it was never ready.
  ready.catch(() => undefined)
  return { pid: child.pid ?? 0, ended, ready, said: until, kill: (signal) => void child.kill(signal) }
}

function untilSaid(
  child: ChildProcess,
  ended: Promise<Ended>,
  all: () => string,
  text: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      // Whole lines only: the rest of this one may still be on its way.
      if (all().split('\n').slice(0, -1).join('\n').includes(text)) resolve()
    }
    child.on('said', look)
    look()
    ended.then(
      ({ stdout, stderr }) => reject(new Error(`It never said "${text}".\n${stdout}\n${stderr}`)),
      reject,
    )
  })
}

/** The token of a session that was signed in to with this account of `sign-in.txt`. */
export async function signIn(address: string, data: string, account: string): Promise<string> {
  const file = await readFile(join(data, 'sign-in.txt'), 'utf8')
  const password = file
    .split('\n')
    .find((line) => line.startsWith(account))
    ?.split(/ {2,20}/)[1]
  const kind = /^\d/.test(account) ? 'patron' : 'staff'
  const reply = await fetch(`${address}api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind, account, password }),
  })
  const { token } = (await reply.json()) as { token?: string }
  if (!token) throw new Error(`No session for ${account}: ${reply.status}`)
  return token
}
