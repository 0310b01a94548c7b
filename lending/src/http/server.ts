import { randomUUID } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import proxyAddr from '@fastify/proxy-addr'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import helmet from 'helmet'
import type { DestinationStream } from 'pino'
import type { Library } from '../library.ts'
import type { SignedIn } from '../staff/session.ts'
import { api } from './api/api.ts'
import type { App } from './app.ts'
import { addAsking } from './asking.ts'
import { addDeadline } from './deadline.ts'
import { addDoor } from './door.ts'
import { addErrorHandler, problemOf } from './errors.ts'
import { addGate } from './gate.ts'
import { addHealth, addMetricsRoute } from './health.ts'
import { addJson } from './json.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { logOptions } from './log.ts'
import { addMetrics } from './metrics.ts'
import { addNotFound } from './not-found.ts'
import { addOverload, addTraffic, type TrafficBounds } from './overload.ts'
import { rawProblem, sendProblem } from './problem.ts'
import { addPulse } from './pulse.ts'
import { openRateLimit } from './rate-limit.ts'
import { openSessions } from './signed-in.ts'

/** What a server is built with. */
export type ServerOptions = {
  /** Default: `info`. */
  readonly logLevel?: 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug'
  /** Where log lines go. Default: standard output. */
  readonly logTo?: DestinationStream
  /** Every request to the API acts as this person, and no token is asked for: for use inside one process. It has no pages. */
  readonly actor?: SignedIn
  /** Which proxies may say who the client is: `true` for any, or addresses. Default: none. */
  readonly trustProxy?: boolean | string
  readonly limits?: Partial<Limits>
  /** What a class of requests may take, where that is not what `trafficBounds` says. */
  readonly bounds?: TrafficBounds
}

/**
 * Builds the server, all routes registered, not yet listening. `close()` refuses what is new, lets what is in
 * flight finish, and closes the rest after `limits.closeMs`. The library is the caller's to close afterwards.
 */
export async function buildServer(library: Library, options: ServerOptions = {}): Promise<App> {
  const limits: Limits = { ...defaultLimits, ...options.limits }
  const trust = trustOf(options)
  const app = makeServer(limits, options, trust)
  app.decorate('sessions', openSessions(library))
  addMetrics(app, library)
  addPulse(app, library)
  closeInTime(app, limits)
  addDeadline(app, limits)
  addErrorHandler(app)
  const headers = safeHeaders()
  await addDefences(app, headers)
  addTraffic(app)
  const rateLimit = openRateLimit(limits)
  await rateLimit.guard(app)
  addOverload(app, options.bounds)
  addDoor(app, {
    idOf,
    addressOf: (request) => (trust ? proxyAddr(request, trust) : request.socket.remoteAddress),
    headers,
    rateLimit,
  })
  addAsking(app)
  addGate(app, options.actor)
  addJson(app)
  const outside = options.actor ? undefined : await forOutside()
  outside?.collectDocs(app, library)
  addHealth(app, library)
  addMetricsRoute(app)
  app.register(api, { library, limits })
  if (outside) app.register(outside.browser, { library, limits })
  outside?.addDocs(app)
  addNotFound(app)

  await app.ready()
  return app
}

/** Pages, and the description of the API. Inside one process nobody asks for them, and loading them takes a quarter of a verb. */
async function forOutside() {
  const [{ browser }, { addDocs, collectDocs }] = await Promise.all([
    import('./browser.ts'),
    import('./docs.ts'),
  ])
  return { browser, addDocs, collectDocs }
}

type Trust = false | ReturnType<typeof proxyAddr.compile>

/** Who may say for whom they ask, by their address. False: nobody may, and it is not looked for. */
function trustOf({ trustProxy = false }: ServerOptions): Trust {
  if (trustProxy === false) return false
  if (trustProxy === true) return () => true
  return proxyAddr.compile(trustProxy.split(',').map((each) => each.trim()))
}

function makeServer(limits: Limits, { logLevel = 'info', logTo }: ServerOptions, trustProxy: Trust): App {
  const app = Fastify({
    logger: logOptions(logLevel, logTo),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy,
    bodyLimit: limits.bodyBytes,
    connectionTimeout: limits.idleConnectionMs,
    requestTimeout: limits.longHandlerMs,
    keepAliveTimeout: limits.idleConnectionMs,
    forceCloseConnections: 'idle',
    genReqId: idOf,
    http: { maxHeaderSize: limits.headersBytes, headersTimeout: limits.headersMs },
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => sendProblem(reply, problemOf(error, request)),
    clientErrorHandler: (error, socket) => {
      // The socket may be gone already; nothing can be said then.
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
      socket.end(rawProblem(clientErrorCode(error.code), randomUUID()))
    },
  })
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    // Undoing an import may work for minutes before it has a byte to say.
    const { handlerTimeout = 0 } = request.routeOptions
    if (handlerTimeout > limits.idleConnectionMs) request.raw.socket.setTimeout?.(handlerTimeout)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions, who } = request
    request.log.info(
      {
        method,
        route: routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        who: who?.kind ?? 'passer-by',
      },
      'answered',
    )
    done()
  })
  return app as App
}

/** An id that came along is kept if it is short and plain, so that one request can be followed through a proxy. */
function idOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID()
}

function clientErrorCode(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request-timeout' : 'request-invalid'
}

async function addDefences(app: App, headers: Map<string, string>): Promise<void> {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.raw.setHeaders(headers)
    done()
  })
  await app.register(fastifyCookie)
}

/** What helmet puts on an answer: the same on each, so that a checkout need not wait for it to be put together. */
function safeHeaders(): Map<string, string> {
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whoever ends TLS in front of us says so to browsers; over plain HTTP it means nothing.
    strictTransportSecurity: false,
  })
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  protect(request, response, (error) => {
    if (error) throw error
  })
  return new Map(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]))
}

/**
 * What is in flight when the server closes is answered and its connection closed, so that no keep-alive holds the
 * server; a client that never ends its request is cut off after `closeMs`.
 */
function closeInTime(app: App, { closeMs }: Limits): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    setTimeout(() => app.server.closeAllConnections(), closeMs).unref()
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done(null, payload)
  })
}

/** The log of a server, for what runs beside it. */
export type Log = FastifyBaseLogger
