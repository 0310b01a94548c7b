import type { FastifyRequest } from 'fastify'
import { anAsker, answered, askedBy, leave } from '../postgres/asker.ts'
import type { App } from './app.ts'

/**
 * What a request asks of the database ends with it. Past its deadline, what runs for it is stopped and nothing more is
 * begun; so it is for whatever only reads when the client has gone. A write whose client has gone is done: they may
 * have meant it. A commit under way is never stopped; see `postgres/asker.ts`.
 */
export function addAsking(app: App): void {
  app.decorateRequest('isLate', false)
  app.decorateRequest('asker', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    if (request.traffic === 'free') return done()
    const asker = anAsker()
    request.asker = asker
    reply.raw.once('close', () => {
      const hasGone = !reply.raw.writableFinished && onlyReads(request)
      if (request.isLate || hasGone) leave(asker)
      else answered(asker)
    })
    askedBy(asker, done)
  })
  // A body comes by events of the socket, which knows of no asker.
  app.addHook('preValidation', (request, _reply, done) => askedBy(request.asker, done))
}

function onlyReads({ method, traffic }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || traffic === 'search' || traffic === 'visitors'
}
