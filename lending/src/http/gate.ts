import type { FastifyRequest } from 'fastify'
import type { SignedIn } from '../staff/session.ts'
import { type Access, apiAccess, isLetIn } from './access.ts'
import type { App } from './app.ts'
import { RefusedAtTheDoorError } from './errors.ts'
import { isApi, tokenOf } from './signed-in.ts'

/**
 * Stands before every route: finds who asks, and lets in whom the route's access names. It runs before the body is
 * read, so that nobody uploads what they may not.
 */
export function addGate(app: App, actor: SignedIn | undefined): void {
  app.decorateRequest('who', undefined)
  app.decorateRequest('idempotencyKey', undefined)
  const unserved = new Set(Object.keys(apiAccess))
  app.addHook('onReady', (done) => {
    const [first] = unserved
    done(first ? new Error(`${first} is in the table of access and nobody serves it.`) : undefined)
  })
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/v1/') && !route.url.startsWith('/admin/')) return
    for (const method of [route.method].flat()) {
      const access = apiAccess[`${method === 'HEAD' ? 'GET' : method} ${route.url}`]
      if (!access)
        throw new Error(`${method} ${route.url} is not in the table of access: add it to access.ts.`)
      unserved.delete(`${method} ${route.url}`)
      route.config = { ...route.config, access }
    }
  })
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const found = isApi(request) && actor ? actor : lookUp(app, request)
    if (!isPromise(found)) {
      done(admit(request, found), payload)
      return
    }
    found.then(
      (who) => done(admit(request, who), payload),
      (error: Error) => done(error),
    )
  })
}

function lookUp(app: App, request: FastifyRequest): SignedIn | undefined | Promise<SignedIn | undefined> {
  const token = tokenOf(request)
  return token === undefined ? undefined : app.sessions.of(token)
}

/** Null, or why not. */
function admit(request: FastifyRequest, who: SignedIn | undefined): Error | null {
  request.who = who
  const access: Access = request.routeOptions.config.access ?? 'anyone'
  const api = isApi(request)
  if (api && !who && request.headers.authorization !== undefined) {
    return new RefusedAtTheDoorError('not-signed-in', {}, 'The token is not known, or no longer.')
  }
  const { card } = (request.params ?? {}) as { card?: string }
  if (isLetIn(access, who, card)) return null
  return new RefusedAtTheDoorError(who ? 'not-permitted' : 'not-signed-in')
}

function isPromise(found: unknown): found is Promise<SignedIn | undefined> {
  return found instanceof Promise
}
