import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = '/usr/sbin/haproxy'
const configuration = fileURLToPath(new URL('../../deploy/haproxy/haproxy.cfg', import.meta.url))
const triesMax = 5

/** Why the tests behind a proxy are left out, or false where they can run. */
export const noHaproxy: string | false = existsSync(program)
  ? false
  : 'There is no /usr/sbin/haproxy here. On Debian: apt-get install haproxy.'

/** HAProxy, as `deploy/haproxy` has it. */
export type Haproxy = AsyncDisposable & {
  readonly port: number
  /** Of its certificate, for whoever connects. */
  readonly ca: string
}

/** Starts it before `to`, which is host and port: `await using proxy = await startHaproxy(to)`. */
export async function startHaproxy(to: string): Promise<Haproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-haproxy-'))
  try {
    const certificate = await aCertificate(folder)
    for (let tries = 1; ; tries++) {
      const port = await aFreePort()
      const child = spawn(program, ['-db', '-f', configuration], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {
          BIBBY_PROXY_BIND: `127.0.0.1:${port}`,
          BIBBY_PROXY_TO: to,
          BIBBY_PROXY_CERTIFICATE: certificate.path,
        },
      })
      const said: string[] = []
      child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
      const ended = once(child, 'exit')
      const isUp = await Promise.race([untilListening(port), ended.then(() => false)])
      if (isUp) {
        return {
          port,
          ca: certificate.text,
          [Symbol.asyncDispose]: async () => {
            child.kill('SIGKILL')
            await ended
            await rm(folder, { recursive: true })
          },
        }
      }
      // Somebody may have taken the port meanwhile.
      if (tries === triesMax) throw new Error(`HAProxy did not start:\n${said.join('')}`)
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** HAProxy says nothing when it is ready: it is asked until it takes a connection. */
async function untilListening(port: number): Promise<true> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isTaken = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isTaken) return true
  }
}

/** A certificate of its own making for `localhost`, with its key in one file. */
async function aCertificate(folder: string): Promise<{ readonly path: string; readonly text: string }> {
  const [key, crt, path] = ['key', 'crt', 'pem'].map((ending) => join(folder, `library.${ending}`)) as [
    string,
    string,
    string,
  ]
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', crt],
  ])
  const text = await readFile(crt, 'utf8')
  await writeFile(path, text + (await readFile(key, 'utf8')))
  return { path, text }
}

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
