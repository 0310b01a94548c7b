import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { Type, type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyError, type FastifyInstance, LogController } from 'fastify'
import type { DestinationStream } from 'pino'
import { type AnswerCode, sendRefusal } from './answers.ts'
import type { Delivery, DeliverySignals } from './deliver.ts'
import { addHealth, type Looks } from './health.ts'
import type { Notice } from './mail.ts'
import type { Metrics } from './metrics.ts'

/** What the server is built with. */
export type ServerParts = Looks & {
  readonly deliver: (notice: Notice, signals: DeliverySignals) => Promise<Delivery>
  readonly metrics: Metrics
  readonly token: string
  readonly logLevel: string
  /** Where log lines go. Default: standard output. */
  readonly logTo?: DestinationStream
  /** Aborted when the service is to stop: what has not left stays. */
  readonly stopping: AbortSignal
  /** Aborted when it has to stop at once. */
  readonly hurry: AbortSignal
}

const bodyBytesMax = 1_048_576
/** A caller that sends its request more slowly than this is cut off. */
const requestMs = 10_000
const idleConnectionMs = 60_000
const deadlineMsMax = 600_000

/** One line: nothing in it ends a header and begins another. */
const line = (lengths: { minLength?: number; maxLength: number }) =>
  Type.String({ pattern: '^[^\\u0000-\\u001f\\u007f\\u0085\\u2028\\u2029]*$', ...lengths })
const noticeBody = Type.Object(
  {
    id: Type.String({ pattern: '^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' }),
    to: Type.Object(
      { email: line({ minLength: 3, maxLength: 320 }), name: Type.Optional(line({ maxLength: 200 })) },
      { additionalProperties: false },
    ),
    subject: line({ minLength: 1, maxLength: 500 }),
    text: Type.String({ minLength: 1, maxLength: 200_000 }),
    html: Type.Optional(Type.String({ maxLength: 500_000 })),
    deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: deadlineMsMax })),
  },
  { additionalProperties: false },
)

/** Builds the server, not yet listening. `close()` refuses what is new and lets what is in flight finish. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const app = Fastify({
    logger: { level: parts.logLevel, ...(parts.logTo ? { stream: parts.logTo } : {}) },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMs,
    keepAliveTimeout: idleConnectionMs,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.removeContentTypeParser('text/plain')
  addErrors(app as unknown as FastifyInstance)
  app.addHook('onSend', (_request, reply, payload, done) => {
    // A connection that is kept would keep a service that stops.
    if (parts.stopping.aborted) reply.header('connection', 'close')
    done(null, payload)
  })
  const mayAsk = holdsToken(parts.token)
  addHealth(app as unknown as FastifyInstance, parts, mayAsk)

  const { deliver, metrics, stopping, hurry } = parts
  app.post(
    '/api/v1/notifications',
    {
      schema: { body: noticeBody },
      // Before the body is read: a stranger’s is not.
      onRequest: async (request, reply) => {
        if (!mayAsk(request.headers.authorization)) return sendRefusal(reply, 'token-wrong')
      },
    },
    async (request, reply) => {
      if (stopping.aborted) return sendRefusal(reply, 'stopping')
      const { deadlineMs, ...asked } = request.body
      const notice: Notice = { ...asked, id: asked.id.toLowerCase() }
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const deadline = deadlineMs === undefined ? [] : [AbortSignal.timeout(deadlineMs)]
      const signal = AbortSignal.any([gone.signal, stopping, ...deadline])
      const delivery = await deliver(notice, { signal, hurry: AbortSignal.any([hurry, ...deadline]) })
      const told = asTold(delivery, stopping)
      const outcome = 'refused' in told ? told.refused : told.repeated ? 'repeated' : 'sent'
      metrics.answered(outcome, reply.elapsedTime / 1_000)
      request.log.info({ notice: notice.id, outcome, ms: Math.round(reply.elapsedTime) }, 'answered')
      if (!('refused' in told)) return told
      const { refused, ...facts } = told
      return sendRefusal(reply, refused, facts)
    },
  )
  return app as unknown as FastifyInstance
}

/** What did not leave because the service stops is told so. */
function asTold(delivery: Delivery, stopping: AbortSignal): Delivery {
  const isStopped =
    stopping.aborted && 'refused' in delivery && delivery.refused === 'mail-server-unavailable'
  return isStopped ? { refused: 'stopping' } : delivery
}

function holdsToken(token: string): (authorization: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const wanted = digest(`Bearer ${token}`)
  return (authorization) => timingSafeEqual(digest(authorization ?? ''), wanted)
}

const byFastifyCode: Readonly<Record<string, AnswerCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unknown',
}

function addErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => sendRefusal(reply, 'not-found'))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { code, statusCode = 500, validation } = error
    if (!request.raw.complete) reply.header('connection', 'close')
    const [first] = validation ?? []
    if (first) {
      // The validator’s words name the field and never its value.
      return sendRefusal(reply, 'request-invalid', { detail: `body${first.instancePath} ${first.message}.` })
    }
    const known = byFastifyCode[code]
    if (known) return sendRefusal(reply, known)
    if (statusCode >= 400 && statusCode < 500) return sendRefusal(reply, 'request-invalid')
    request.log.error({ type: error.name, code, stack: error.stack }, 'A fault')
    return sendRefusal(reply, 'fault')
  })
}
