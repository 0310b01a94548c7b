import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from './metrics.ts'

type Status = 'UP' | 'DOWN' | 'OUT_OF_SERVICE'

/** What health looks at. */
export type Looks = {
  readonly metrics: Metrics
  /** Whether the mail server lets us in; undefined is yes, else why not. */
  readonly lookAtMailServer: () => Promise<string | undefined>
  /** `delivered` to a mail server, or `caught` in a folder. */
  readonly mailIs: 'delivered' | 'caught'
  readonly version: string
  readonly startedAt: Date
  readonly stopping: AbortSignal
}

/**
 * Health in the library’s shapes. Liveness and readiness know this process only: a mail server that is down is told by
 * each answer, and a restart would not mend it. `health` itself looks at the mail server.
 */
export function addHealth(
  app: FastifyInstance,
  { metrics, lookAtMailServer, mailIs, version, startedAt, stopping }: Looks,
  holdsToken: (authorization: string | undefined) => boolean,
): void {
  let looking: Promise<string | undefined> | undefined
  const look = () => {
    looking ??= lookAtMailServer().finally(() => {
      looking = undefined
    })
    return looking
  }
  const quiet = { logLevel: 'warn' as const }
  const ready = (): Status => (stopping.aborted ? 'OUT_OF_SERVICE' : 'UP')
  const code = (status: Status) => (status === 'UP' ? 200 : 503)

  app.get('/actuator/health/liveness', quiet, () => ({ status: 'UP' }))
  app.get('/actuator/health/readiness', quiet, (_, reply) =>
    reply.code(code(ready())).send({ status: ready() }),
  )
  app.get('/actuator/health', quiet, async (_, reply) => {
    const isReached = (await look()) === undefined
    const status: Status = stopping.aborted ? 'OUT_OF_SERVICE' : isReached ? 'UP' : 'DOWN'
    return reply.code(code(status)).send({
      status,
      components: {
        mailServer: { status: isReached ? 'UP' : 'DOWN', details: { mailIs } },
        liveness: { status: 'UP' },
        readiness: { status: ready() },
      },
    })
  })
  app.get('/actuator/info', quiet, (request) => ({
    app: { name: 'bibby-notices', version },
    ...(isMonitor(request, holdsToken)
      ? { process: { startedAt: startedAt.toISOString(), node: process.version, pid: process.pid } }
      : {}),
  }))
  app.get('/metrics', quiet, async (request, reply) => {
    if (!isMonitor(request, holdsToken)) return reply.callNotFound()
    const { type, body } = await metrics.text()
    return reply.type(type).send(body)
  })
}

/** This machine, not through a proxy; or whoever has the token. */
function isMonitor(
  { ip, headers }: FastifyRequest,
  holdsToken: (authorization: string | undefined) => boolean,
): boolean {
  const cameThrough = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'].some((name) => name in headers)
  const isHere = ip === '::1' || ip.startsWith('127.') || ip.startsWith('::ffff:127.')
  return (isHere && !cameThrough) || holdsToken(headers.authorization)
}
