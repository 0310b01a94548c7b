import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import { catchMail } from './catcher.ts'
import type { NoticeConfig } from './config.ts'
import { deliverer } from './deliver.ts'
import { lockFolder } from './folder-lock.ts'
import { isErrorOf, keptSecret, keptToken, noticeFolder } from './kept-secret.ts'
import { openMailPool } from './mail-pool.ts'
import { openMemory } from './memory.ts'
import { countNotices } from './metrics.ts'
import { buildServer } from './server.ts'
import { ServiceError } from './service-error.ts'
import { type SmtpLimits, smtpLimits } from './smtp-session.ts'
import { takeTurns } from './turns.ts'

/** A notice service that answers. */
export type NoticeService = {
  /** `http://127.0.0.1:8081` */
  readonly url: string
  readonly token: string
  /** Takes nothing new, waits for what has left for the mail server, and closes. */
  readonly stop: () => Promise<void>
}

/** What only tests set. */
export type ServiceOptions = {
  readonly limits?: SmtpLimits
  readonly clock?: () => Date
  readonly logTo?: DestinationStream
  readonly stopMs?: number
}

/** So many mails are under way at once. */
const atOnceMax = 6
/** So many wait for their turn; a caller that bounds itself never gets here. */
const waitingMax = 60
/** How long a stop waits for the mail server’s last word; after that the outcome is unknown, and told so. */
const stopMsDefault = 9_000

/** Opens everything in order, and listens. Throws ServiceError with one sentence for the operator. */
export async function startService(
  config: NoticeConfig,
  options: ServiceOptions = {},
): Promise<NoticeService> {
  await using opened = new AsyncDisposableStack()
  const folder = await usable(config.dataFolder, () => noticeFolder(config.dataFolder))
  opened.use(await lockFolder(folder))
  const clock = options.clock ?? (() => new Date())
  const stopping = new AbortController()
  const hurry = new AbortController()
  const [token, digestKey, memory] = await usable(folder, () =>
    Promise.all([
      config.token ?? keptToken(folder),
      keptSecret(join(folder, 'digest-key')),
      openMemory(join(folder, 'memory'), { clock }),
    ]),
  )
  opened.defer(memory.close)
  const mailServer = config.mailServer ?? opened.use(await catchMail(join(folder, 'mail'), { clock })).server
  const pool = openMailPool(mailServer, options.limits ?? smtpLimits)
  opened.defer(pool.close)
  const turns = takeTurns({ atOnceMax, waitingMax })
  const metrics = countNotices({ memory, turns })
  const server: FastifyInstance = buildServer({
    deliver: deliverer({
      memory,
      pool,
      turns,
      from: config.from,
      onlyTo: config.onlyTo,
      digestKey,
      clock,
      warn: (what, error) => server.log.error({ code: codeOf(error) }, what),
    }),
    metrics,
    token,
    logLevel: config.logLevel,
    ...(options.logTo ? { logTo: options.logTo } : {}),
    stopping: stopping.signal,
    hurry: hurry.signal,
    lookAtMailServer: () => pool.look(stopping.signal),
    mailIs: config.mailServer ? 'delivered' : 'caught',
    version: version(),
    startedAt: clock(),
  })
  opened.defer(() => server.close())
  const port = await listen(server, config)
  const { stopMs = stopMsDefault } = options
  const all = opened.move()
  return {
    url: `http://${reachable(config.host)}:${port}`,
    token,
    stop: async () => {
      stopping.abort()
      const timer = setTimeout(() => hurry.abort(), stopMs)
      await all.disposeAsync()
      clearTimeout(timer)
    },
  }
}

async function listen(server: FastifyInstance, { host, port }: NoticeConfig): Promise<number> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    if (!isErrorOf('EADDRINUSE', error)) throw error
    throw new ServiceError(
      'BIBBY_NOTICE_PORT_TAKEN',
      `Port ${port} on ${host} is taken by another program. Stop it, or set BIBBY_NOTICE_PORT to another port (0 lets the system choose).`,
      { cause: error },
    )
  }
  return (server.server.address() as AddressInfo).port
}

/** A wildcard is reached as this machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
}

async function usable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new ServiceError(
      'BIBBY_NOTICE_FOLDER_UNUSABLE',
      `The notice service cannot use ${folder} (${codeOf(error) ?? 'unknown fault'}). It must be a folder that it may read and write.`,
      { cause: error },
    )
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
