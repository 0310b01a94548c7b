import type { FastifyReply, FastifyRequest } from 'fastify'
import { anAsker, answered, askedBy, leave, nobody } from '../postgres/asker.ts'
import { AskerLeftError } from '../postgres/faults.ts'
import type { Until } from '../work/threads.ts'
import type { App } from './app.ts'
import { poolOf } from './traffic.ts'

/**
 * What a request asks of the database runs on connections of its class, and ends with it. Past its deadline, what runs
 * for it is stopped and nothing more is begun; so it is for whatever only reads when the client has gone. A write whose
 * client has gone is done: they may have meant it. A commit under way is never stopped; see `postgres/asker.ts`.
 */
export function addAsking(app: App): void {
  app.decorateRequest('isLate', false)
  app.addHook('onRequest', (request, reply, done) => {
    const pool = poolOf[request.traffic]
    const asker = request.traffic === 'free' ? nobody(pool) : anAsker(pool)
    reply.raw.once('close', () => {
      const hasGone = !reply.raw.writableFinished && onlyReads(request)
      if (request.isLate || hasGone) leave(asker)
      else answered(asker)
    })
    askedBy(asker, done)
  })
}

/** Aborted when nobody waits for this answer any more: for work that is done elsewhere. */
export function whenLeft(reply: FastifyReply): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => left.abort(new AskerLeftError()))
  return left.signal
}

/** Looking at the start of a file takes a second; past this it is ended. */
const lookLimitMs = 60_000

/** How long the start of a file may be looked at: until the time is over, or nobody waits for it. */
export function untilLookedAt(reply: FastifyReply): Until {
  return { deadlineMs: lookLimitMs, signal: whenLeft(reply) }
}

function onlyReads({ method, traffic }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || traffic === 'search' || traffic === 'visitors'
}
