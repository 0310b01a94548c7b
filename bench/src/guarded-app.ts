import type { App } from '@bibby/lending/http/app.ts'
import { addOverload, addTraffic } from '@bibby/lending/http/overload.ts'
import underPressure from '@fastify/under-pressure'
import Fastify, { type FastifyInstance } from 'fastify'

/** What may stand between the requests and those who answer them. */
export type Guard = 'none' | 'under-pressure' | 'bibby'

/**
 * A desk that costs next to nothing and a search of `searchMs` of the processor, behind one guard. The classes are those
 * of Bibby, by the addresses. under-pressure is set as its README has it, but for what is given here.
 */
export async function guardedApp(
  guard: Guard,
  searchMs: number,
  { maxEventLoopUtilization = 0.98 } = {},
): Promise<FastifyInstance> {
  const app = Fastify()
  if (guard === 'under-pressure') {
    await app.register(underPressure, {
      maxEventLoopDelay: 1_000,
      maxHeapUsedBytes: 1_000_000_000,
      maxRssBytes: 1_000_000_000,
      maxEventLoopUtilization,
    })
  }
  if (guard === 'bibby') {
    // Everybody is somebody: what is measured is searches against a desk, not visitors.
    app.decorate('sessions', { actorSeen: () => 'staff:1' } as never)
    app.setErrorHandler((error: { refused?: string }, _request, reply) =>
      reply.code(error.refused === 'overloaded' ? 503 : 500).send({ code: error.refused }),
    )
    addTraffic(app as unknown as App)
    addOverload(app as unknown as App)
  }
  app.post('/api/v1/returns', () => ({ ok: true }))
  app.post('/api/v1/books/search', () => {
    const until = performance.now() + searchMs
    while (performance.now() < until);
    return { ok: true }
  })
  return app
}
