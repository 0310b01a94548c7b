import type { HTTPMethods } from 'fastify'
import type { App } from './app.ts'
import { RefusedAtTheDoorError } from './errors.ts'

const methods: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Nothing at this address, or not by this method: told apart, with `Allow`. */
export function addNotFound(app: App): void {
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?', 1)[0] ?? '/'
    const allowed = methods.filter((method) => app.findRoute({ method, url }) !== null)
    if (allowed.length === 0) throw new RefusedAtTheDoorError('not-found')
    reply.header('allow', allowed.join(', '))
    throw new RefusedAtTheDoorError('method-not-allowed', { allowed })
  })
}
