import { availableParallelism } from 'node:os'
import type { FastifyRequest } from 'fastify'
import type { Bounds } from './admission.ts'
import type { App } from './app.ts'
import { RefusedAtTheDoorError } from './errors.ts'
import { networkOf } from './network.ts'
import { tokenOf } from './signed-in.ts'
import { type BoundedTraffic, type Traffic, trafficBounds, trafficOf } from './traffic.ts'
import { openTurnstile, type Turnstile, type TurnstileCounts, type World } from './turnstile.ts'

/** How the classes of requests stand on this server. */
export type TrafficCounts = Readonly<Record<BoundedTraffic, TurnstileCounts>>

/** The way in for each class. */
export type Ways = Readonly<Record<BoundedTraffic, Turnstile>>

/** How often the event loop is asked how late it is. */
const probeEveryMs = 20
/** One address may have so many searches under way without a sign-in: a bot takes no more of what visitors have. */
const ofOneNetworkMax = 16
const retrySecondsMax = 30
/** Those who go first, and those who give way: no more of them are begun than processors are left. */
const desks: readonly BoundedTraffic[] = ['check-in', 'checkout']
const givesWay: readonly BoundedTraffic[] = ['search', 'visitors', 'reports']

/** What classes may take. */
export type TrafficBounds = Readonly<Partial<Record<BoundedTraffic, Bounds>>>

/** Gives each route and each request its class; a route that has none cannot be registered. */
export function addTraffic(app: App): void {
  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) {
      const traffic = trafficOf(method, route.url)
      if (!traffic) throw new Error(`${method} ${route.url} has no class: add it to the table in traffic.ts.`)
      route.config = { ...route.config, traffic }
    }
  })
  app.decorateRequest('traffic', 'people')
  app.addHook('onRequest', (request, _reply, done) => {
    request.traffic = ofRequest(app, request)
    done()
  })
}

/**
 * Lets each request in by its class, before anything is done for it. When a class would wait longer than it may, it is
 * refused at once with 503 `overloaded` and Retry-After; the classes that may wait least go first. The check stands at
 * the arrival, because one poll of the event loop hands over all sockets that are ready before any timer runs.
 */
export function addOverload(app: App, bounds: TrafficBounds = {}): void {
  const world = watchedLoop(app, () => {
    for (const way of Object.values(ways)) way.look()
  })
  const ways = openWays(world, availableParallelism(), { ...trafficBounds, ...bounds })
  const letOthersIn = () => {
    for (const name of givesWay) ways[name].look()
  }
  app.decorate('traffic', () => mapped((name) => ways[name].counts()))
  app.decorate('refusesNow', (traffic) => {
    const estimateMs = ways[traffic].refusal()
    return estimateMs === undefined ? undefined : retryAfter(estimateMs)
  })
  const underWay = new Map<string, number>()
  app.addHook('onRequest', (request, reply, done) => {
    const { traffic } = request
    if (traffic === 'free') return done()
    const refuse = (estimateMs: number) => done(refusalFor(estimateMs))
    const network = traffic === 'visitors' ? networkOf(request.ip) : undefined
    if (network !== undefined) {
      const its = underWay.get(network) ?? 0
      if (its >= ofOneNetworkMax) return refuse(0)
      underWay.set(network, its + 1)
    }
    const place = ways[traffic].come(done, refuse)
    reply.raw.once('close', () => {
      place.leave()
      if (network !== undefined) leaveNetwork(underWay, network)
      if (desks.includes(traffic)) letOthersIn()
    })
  })
}

/** Opens the way in for each class; those that give way have the processors that no desk is at work on. */
export function openWays(
  world: World,
  processors: number,
  bounds: Required<TrafficBounds> = trafficBounds,
): Ways {
  const room = () => {
    const atWork = desks.reduce((sum, name) => sum + ways[name].atWork(), 0)
    return atWork === 0 ? Number.POSITIVE_INFINITY : processors - atWork
  }
  const ways: Ways = mapped((name) =>
    openTurnstile(bounds[name], givesWay.includes(name) ? { ...world, room } : world),
  )
  return ways
}

/** Made once each: an error notes where it was made, which costs more than saying no. */
const refusals = new Map<number, RefusedAtTheDoorError>()

function refusalFor(estimateMs: number): RefusedAtTheDoorError {
  const retryAfterSeconds = retryAfter(estimateMs)
  const made = refusals.get(retryAfterSeconds)
  if (made) return made
  const refusal = new RefusedAtTheDoorError('overloaded', { retryAfterSeconds })
  refusals.set(retryAfterSeconds, refusal)
  return refusal
}

/** Seconds. */
function retryAfter(estimateMs: number): number {
  return Math.min(retrySecondsMax, Math.max(1, Math.ceil(estimateMs / 1_000)))
}

function ofRequest(app: App, request: FastifyRequest): Traffic {
  // What has no route is answered with that, and counts as what people do.
  const { traffic = 'people' } = request.routeOptions.config
  return traffic === 'search' ? searchBy(app, tokenOf(request)) : traffic
}

/** The class of a search that came with this token. A token that this process has not seen lately may be made up. */
export function searchBy(app: App, token: string | undefined): 'search' | 'visitors' {
  return app.sessions.actorSeen(token ?? '') === undefined ? 'visitors' : 'search'
}

function leaveNetwork(underWay: Map<string, number>, network: string): void {
  const left = (underWay.get(network) ?? 1) - 1
  if (left > 0) underWay.set(network, left)
  else underWay.delete(network)
}

/** The event loop, watched: while it is stuck the next probe is overdue, and that is known at once. */
function watchedLoop(app: App, look: () => void): World {
  let probed = performance.now()
  const probe = setInterval(() => {
    probed = performance.now()
    look()
  }, probeEveryMs)
  probe.unref()
  app.addHook('onClose', (_app, done) => {
    clearInterval(probe)
    done()
  })
  return {
    now: () => performance.now(),
    lagMs: () => Math.max(0, performance.now() - probed - probeEveryMs),
    nextTurn: (work) => void setImmediate(work),
  }
}

function mapped<Of>(of: (name: BoundedTraffic) => Of): Record<BoundedTraffic, Of> {
  const names = Object.keys(trafficBounds) as BoundedTraffic[]
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<BoundedTraffic, Of>
}
