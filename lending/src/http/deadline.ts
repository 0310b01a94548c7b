import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { trafficBounds } from './traffic.ts'

/**
 * Answers a request that takes longer than `handlerMs`, as Fastify's own `handlerTimeout` does. That one makes an
 * abort signal for each request and aborts it at its end, which a checkout feels (a fifteenth of its time in Node).
 * What the request still asks of the database is stopped (see asking.ts). Routes that name a time of their own keep
 * Fastify's; a class of requests may have less (see traffic.ts).
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
    if (!request.routeOptions.handlerTimeout) {
      const { traffic = 'free' } = request.routeOptions.config
      const ms = traffic === 'free' ? handlerMs : Math.min(handlerMs, trafficBounds[traffic].deadlineMs)
      const timer = setTimeout(late, ms, request, reply)
      reply.raw.once('close', () => clearTimeout(timer))
    }
    done()
  })
}
