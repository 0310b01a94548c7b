import type { App } from '@bibby/lending/http/app.ts'
import { addOverload } from '@bibby/lending/http/overload.ts'
import underPressure from '@fastify/under-pressure'
import Fastify, { type FastifyInstance } from 'fastify'

/** What may stand between the requests and those who answer them. */
export type Guard = 'none' | 'under-pressure' | 'bibby'

/**
 * A desk that costs next to nothing and a search of `searchMs` of the processor, behind one guard. The classes are those
 * of Bibby, by the addresses.
 */
export async function guardedApp(guard: Guard, searchMs: number): Promise<FastifyInstance> {
  const app = Fastify()
  if (guard === 'under-pressure') {
    // As its README has it.
    await app.register(underPressure, {
      maxEventLoopDelay: 1_000,
      maxHeapUsedBytes: 1_000_000_000,
      maxRssBytes: 1_000_000_000,
      maxEventLoopUtilization: 0.98,
    })
  }
  if (guard === 'bibby') {
    // Everybody is somebody: what is measured is searches against a desk, not visitors.
    app.decorate('sessions', { actorSeen: () => 'staff:1' } as never)
    app.setErrorHandler((error: { refused?: string }, _request, reply) =>
      reply.code(error.refused === 'overloaded' ? 503 : 500).send({ code: error.refused }),
    )
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
