import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const patienceMs = 30_000

/** What a command said and how it ended. */
export type Ended = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A process of bibby-status. */
export type StatusProcess = {
  readonly pid: number
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** The address of the page, once it is served. */
  readonly ready: Promise<string>
}

/** A folder with settings; closing it ends what was started there and removes it. */
export type StatusHome = AsyncDisposable & {
  readonly folder: string
  readonly data: string
  readonly site: string
  readonly configure: (settings?: object) => Promise<void>
  /** `from` is another copy of the program. */
  readonly start: (verb?: string, env?: Readonly<Record<string, string>>, from?: string) => StatusProcess
  readonly command: (...words: string[]) => Promise<Ended>
}

/** Makes a home with settings that ask little and often. */
export async function statusHome(settings: object = {}): Promise<StatusHome> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-status-'))
  const config = join(folder, 'bibby-status.json')
  const started: StatusProcess[] = []
  const configure = (more: object = {}) =>
    writeFile(config, JSON.stringify({ ...modest, ...settings, ...more }))
  await configure()
  const start = (words: readonly string[], env: Readonly<Record<string, string>> = {}, from = main) => {
    const process = startProcess([from, ...words, '--config', config], { ...env, HOME: folder })
    started.push(process)
    return process
  }
  return {
    folder,
    data: join(folder, 'status-data'),
    site: join(folder, 'site'),
    configure,
    start: (verb = 'run', env = {}, from = main) => start([verb], env, from),
    command: (...words) => start(words).ended,
    [Symbol.asyncDispose]: async () => {
      for (const { child } of started) child.kill('SIGKILL')
      await Promise.all(started.map(({ ended }) => ended))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const modest = {
  page: { name: 'Millbrook', libraryUrl: 'http://127.0.0.1:9', staleAfterMs: 10_000 },
  intervalMs: 200,
  listen: { host: '127.0.0.1', port: 0 },
  components: [oneComponent('search', 'http://127.0.0.1:9/')],
  publish: [
    { kind: 'folder', name: 'here', folder: 'site' },
    { kind: 'folder', name: 'spare', folder: 'spare' },
  ],
}

/** A component with one probe of an address. */
export function oneComponent(id: string, url: string, more: object = {}): object {
  return { id, name: id, probes: [{ kind: 'http', id: 'page', url, timeoutMs: 150, ...more }] }
}

function startProcess(words: readonly string[], env: Readonly<Record<string, string>>): StatusProcess {
  const child = spawn(process.execPath, [...words], {
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  const ready = Promise.withResolvers<string>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      const url = /The page is at (\S+)\n|, reporting to (\S+)\n/.exec(said.stdout)
      if (url) ready.resolve(url[1] ?? url[2] ?? '')
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }) as Ended)
  ended.then(({ stderr }) => ready.reject(new Error(`It was never ready. ${stderr}`)))
  // A test that only waits for the end does not care that it was never ready.
  ready.promise.catch(() => undefined)
  return { pid: child.pid ?? 0, child, ended, ready: ready.promise }
}

/** Looks again and again until it is so; rejects with what was seen last. */
export async function until<T>(look: () => Promise<T> | T, isSo: (seen: T) => boolean): Promise<T> {
  const end = performance.now() + patienceMs
  for (;;) {
    const seen = await look()
    if (isSo(seen)) return seen
    if (performance.now() > end)
      throw new Error(`It never became so: ${JSON.stringify(seen)?.slice(0, 2_000)}`)
    await pause(20)
  }
}
