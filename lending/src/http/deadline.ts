import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { trafficBounds } from './traffic.ts'

/**
 * Answers a request that takes longer than `handlerMs`, as Fastify's own `handlerTimeout` does. That one makes an
 * abort signal for each request and aborts it at its end, which a checkout feels (a fifteenth of its time in Node).
 * What the request still asks of the database is stopped (see asking.ts). Routes that name a time of their own keep
 * Fastify's timer, and those that only read end in the database with it too; what writes for so long goes on in steps
 * that outlive the request. A class of requests may have less (see traffic.ts).
 */
export function addDeadline(app: App, { handlerMs }: { readonly handlerMs: number }): void {
  const late = (request: FastifyRequest, reply: FastifyReply): void => {
    if (reply.sent) return
    request.isLate = true
    const error = new errorCodes.FST_ERR_HANDLER_TIMEOUT(handlerMs, request.routeOptions.url)
    // An answer under way cannot become another one.
    if (reply.raw.headersSent) reply.raw.destroy(error)
    else reply.send(error)
  }
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.handlerTimeout) {
      if (request.method === 'GET' || request.method === 'HEAD') lateByItsSignal(request)
    } else {
      const { traffic = 'free' } = request.routeOptions.config
      const ms = traffic === 'free' ? handlerMs : Math.min(handlerMs, trafficBounds[traffic].deadlineMs)
      const timer = setTimeout(late, ms, request, reply)
      reply.raw.once('close', () => clearTimeout(timer))
    }
    done()
  })
}

/** Fastify aborts the signal at its deadline with an error of its own, and without one when the request is over. */
function lateByItsSignal(request: FastifyRequest): void {
  const { signal } = request
  signal.addEventListener('abort', () => {
    request.isLate = signal.reason instanceof errorCodes.FST_ERR_HANDLER_TIMEOUT
  })
}
