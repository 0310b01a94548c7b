import type { App } from '@bibby/lending/http/app.ts'
import { addOverload } from '@bibby/lending/http/overload.ts'
import underPressure from '@fastify/under-pressure'
import Fastify from 'fastify'

// A server of its own process: a desk that costs next to nothing and a search of `searchMs` of the processor, behind one
// guard. The classes are those of Bibby, by the addresses.

const [guard = 'none', ms = '8'] = process.argv.slice(2)
const searchMs = Number(ms)
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
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
