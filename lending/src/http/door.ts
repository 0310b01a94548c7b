import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RouteOptions } from 'fastify'
import { answerTo } from './answers.ts'
import type { App } from './app.ts'
import { hasLongBody } from './errors.ts'
import { searchBy } from './overload.ts'
import { problem, problemType } from './problem.ts'
import { payerOf, type RateLimit } from './rate-limit.ts'
import { bearerOf, isApiPath } from './signed-in.ts'
import { type BoundedTraffic, trafficOf } from './traffic.ts'

type Route = { readonly url: string; readonly method: string; readonly traffic: BoundedTraffic }

type Refusal = { readonly code: 'overloaded' | 'too-many-requests'; readonly retryAfterSeconds: number }

/** What the door asks about a request, as Fastify would answer it. */
export type AtTheDoor = {
  readonly idOf: (request: IncomingMessage) => string
  readonly addressOf: (request: IncomingMessage) => string | undefined
  /** Go with every answer. */
  readonly headers: ReadonlyMap<string, string>
  readonly rateLimit: RateLimit
}

/**
 * Says no to whoever has asked too much or whose class refuses them, before Fastify has looked at the request: in a
 * flood most of what a process does is to refuse, and everything that is done for such a request is taken from a desk.
 * It knows the routes of the API that have no parameter in their path and no limit of their own; the others, and the
 * pages, are refused by the same limits and classes a little later, and so is what comes in by the second address of a
 * name (`localhost` may have two). What is refused here is counted (`bibby_refused_overloaded_total`,
 * `bibby_requests_total`), not timed and not logged.
 */
export function addDoor(app: App, at: AtTheDoor): void {
  const routes = new Map<string, Route>()
  app.addHook('onRoute', (route) => {
    for (const known of knownHere(route)) routes.set(`${known.method} ${known.url}`, known)
  })
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  const say = openRefusals(at.headers)
  const isRefused = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { url = '', method = '' } = request
    const end = url.indexOf('?')
    const route = routes.get(`${method} ${end < 0 ? url : url.slice(0, end)}`)
    if (!route || isClosing) return false
    const refusal = refusalOf(app, at, { request, route })
    if (!refusal) return false
    const status = say(response, refusal, { requestId: at.idOf(request), isLast: hasLongBody(request) })
    app.metrics.answered({ route, status })
    return true
  }
  const [handle] = app.server.listeners('request')
  if (!handle) throw new Error('Fastify has not made its server yet: there is nothing to stand before.')
  app.server.removeAllListeners('request')
  app.server.on('request', (request, response) => {
    if (!isRefused(request, response)) handle(request, response)
  })
}

function refusalOf(
  app: App,
  { addressOf, rateLimit }: AtTheDoor,
  { request, route }: { readonly request: IncomingMessage; readonly route: Route },
): Refusal | undefined {
  const token = bearerOf(request.headers)
  const payer = payerOf(app, token, addressOf(request))
  const closedForMs = rateLimit.closedForMs(payer)
  if (closedForMs !== undefined)
    return { code: 'too-many-requests', retryAfterSeconds: Math.ceil(closedForMs / 1_000) }
  const retryAfterSeconds = app.refusesNow(route.traffic === 'search' ? searchBy(app, token) : route.traffic)
  if (retryAfterSeconds === undefined) return undefined
  rateLimit.spend(payer)
  return { code: 'overloaded', retryAfterSeconds }
}

function knownHere({ method, url, config }: RouteOptions & { readonly url: string }): readonly Route[] {
  if (config?.rateLimit !== undefined || !isApiPath(url) || /[:*]/.test(url)) return []
  return [method].flat().flatMap((each) => {
    const traffic = trafficOf(each, url)
    return traffic && traffic !== 'free' ? [{ url, method: each, traffic }] : []
  })
}

/** Makes each answer once; only the id is new in each. Gives the status that was answered. */
function openRefusals(headers: ReadonlyMap<string, string>) {
  const idMark = '0'.repeat(8)
  const make = ({ code, retryAfterSeconds }: Refusal) => {
    const answer = answerTo(code)
    const body = JSON.stringify(problem(code, answer, { requestId: idMark, facts: { retryAfterSeconds } }))
    const [before = '', after = ''] = body.split(idMark)
    const head = [
      ...headers,
      ['content-type', problemType],
      ['retry-after', String(retryAfterSeconds)],
    ].flat()
    return { status: answer.status, head, before, after }
  }
  const made = new Map<string, ReturnType<typeof make>>()
  return (
    response: ServerResponse,
    refusal: Refusal,
    { requestId, isLast }: { readonly requestId: string; readonly isLast: boolean },
  ): number => {
    const key = `${refusal.code} ${refusal.retryAfterSeconds}`
    const answer = made.get(key) ?? make(refusal)
    made.set(key, answer)
    const body = answer.before + requestId + answer.after
    const own = ['x-request-id', requestId, 'content-length', String(Buffer.byteLength(body))]
    // What is left of a long body is not read: the connection cannot carry another request.
    if (isLast) own.push('connection', 'close')
    response.writeHead(answer.status, [...answer.head, ...own])
    response.end(body)
    return answer.status
  }
}
