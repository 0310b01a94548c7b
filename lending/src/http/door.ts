import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { FastifyServerFactory, RouteOptions } from 'fastify'
import { answerTo } from './answers.ts'
import type { App } from './app.ts'
import { hasLongBody } from './errors.ts'
import type { Limits } from './limits.ts'
import { searchOf } from './overload.ts'
import { problem, problemType } from './problem.ts'
import { bearerOf, isApiPath } from './signed-in.ts'
import { type BoundedTraffic, trafficOf } from './traffic.ts'

type Route = { readonly url: string; readonly method: string; readonly traffic: BoundedTraffic }

/** Stands before Fastify; open until the app is known. */
export type Door = {
  /** Gives Fastify a server that asks here first. */
  readonly serverFactory: FastifyServerFactory
  /** From now on, says no for this app. `headers` go with every answer. */
  readonly guard: (app: App, headers: ReadonlyMap<string, string>) => void
}

/**
 * Says no to whoever its class refuses, before Fastify has looked at the request: in a flood most of what a process does
 * is to refuse, and everything that is done for such a request is taken from a desk. It knows the routes of the API that
 * have no parameter in their path; the others, and the pages, are refused by the same classes a little later. What is
 * refused here is counted (`bibby_refused_overloaded_total`, `bibby_requests_total`) and not logged.
 */
export function openDoor(
  { idleConnectionMs, longHandlerMs }: Limits,
  { makeId }: { readonly makeId: (request: IncomingMessage) => string },
): Door {
  let isRefused: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  return {
    serverFactory: (handle, options) => {
      const server: Server = createServer(options.http ?? {}, (request, response) => {
        if (!isRefused(request, response)) handle(request, response)
      })
      // What Fastify would set on a server that it makes itself.
      server.keepAliveTimeout = idleConnectionMs
      server.requestTimeout = longHandlerMs
      server.setTimeout(idleConnectionMs)
      return server
    },
    guard: (app, headers) => {
      const routes = new Map<string, Route>()
      app.addHook('onRoute', (route) => {
        for (const known of knownHere(route)) routes.set(`${known.method} ${known.url}`, known)
      })
      app.addHook('preClose', (done) => {
        isRefused = () => false
        done()
      })
      const say = openRefusal(headers)
      isRefused = (request, response) => {
        const { url = '', method = '' } = request
        const end = url.indexOf('?')
        const route = routes.get(`${method} ${end < 0 ? url : url.slice(0, end)}`)
        if (!route || hasLongBody(request)) return false
        const traffic = route.traffic === 'search' ? searchOf(app, bearerOf(request.headers)) : route.traffic
        const retryAfterSeconds = app.refusesNow(traffic)
        if (retryAfterSeconds === undefined) return false
        say(response, { requestId: makeId(request), retryAfterSeconds })
        app.metrics.answered({ route, traffic, status: overloaded.status, seconds: 0 })
        return true
      }
    },
  }
}

const overloaded = answerTo('overloaded')

function knownHere({ method, url }: RouteOptions & { readonly url: string }): readonly Route[] {
  if (!isApiPath(url) || /[:*]/.test(url)) return []
  return [method].flat().flatMap((each) => {
    const traffic = trafficOf(each, url)
    return traffic && traffic !== 'free' ? [{ url, method: each, traffic }] : []
  })
}

/** Makes the answers of each number of seconds once; only the id is new in each. */
function openRefusal(headers: ReadonlyMap<string, string>) {
  const idMark = '0'.repeat(8)
  const made = new Map<
    number,
    { readonly head: readonly string[]; readonly before: string; readonly after: string }
  >()
  const answerAfter = (retryAfterSeconds: number) => {
    const known = made.get(retryAfterSeconds)
    if (known) return known
    const body = problem('overloaded', overloaded, { requestId: idMark, facts: { retryAfterSeconds } })
    const [before = '', after = ''] = JSON.stringify(body).split(idMark)
    const head = [
      ...headers,
      ['content-type', problemType],
      ['retry-after', String(retryAfterSeconds)],
    ].flat()
    const answer = { head, before, after }
    made.set(retryAfterSeconds, answer)
    return answer
  }
  return (
    response: ServerResponse,
    { requestId, retryAfterSeconds }: { readonly requestId: string; readonly retryAfterSeconds: number },
  ): void => {
    const { head, before, after } = answerAfter(retryAfterSeconds)
    const body = before + requestId + after
    const own = ['x-request-id', requestId, 'content-length', String(Buffer.byteLength(body))]
    response.writeHead(overloaded.status, [...head, ...own])
    response.end(body)
  }
}
