import fastifyRateLimit from '@fastify/rate-limit'
import type { App } from './app.ts'
import { RefusedAtTheDoorError } from './errors.ts'
import type { Limits } from './limits.ts'
import { networkOf } from './network.ts'
import { tokenOf } from './signed-in.ts'

const windowMs = 60_000
/** So many people and networks are counted at once; past it whoever's minute began first begins anew. */
const countedMax = 20_000

const noCounts = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }

type Count = { current: number; readonly endsAt: number }

/** How many requests each has made in the minute that runs for them. */
export type RateLimit = {
  /** Counts one of theirs. */
  readonly spend: (key: string) => void
  /** Milliseconds until theirs are answered again, if they have made too many. */
  readonly closedForMs: (key: string) => number | undefined
  /** Counts every request that comes to this app, and refuses with 429 and Retry-After those over the limit. */
  readonly guard: (app: App) => Promise<void>
}

/**
 * By person, if this process saw their token lately; else by network, in which those with a token are counted apart: whoever
 * has just signed in is not shut out by a bot beside them, and made-up tokens gain one more count in all. A client that
 * has gone already may have no address.
 */
export function payerOf(app: App, token: string | undefined, address: string | undefined): string {
  const actor = token === undefined ? undefined : app.sessions.actorSeen(token)
  return actor ?? `${networkOf(address ?? 'unknown')}${token === undefined ? '' : ' with a token'}`
}

/** Opens the counts of a server, all empty. */
export function openRateLimit(limits: Limits): RateLimit {
  const counts = new Map<string, Count>()
  const current = (key: string): Count | undefined => {
    const count = counts.get(key)
    return count && count.endsAt > performance.now() ? count : undefined
  }
  const spend = (key: string): Count => {
    const running = current(key)
    const count = running ?? { current: 0, endsAt: performance.now() + windowMs }
    if (!running) {
      counts.delete(key)
      const oldest = counts.size >= countedMax ? counts.keys().next().value : undefined
      if (oldest !== undefined) counts.delete(oldest)
      counts.set(key, count)
    }
    count.current += 1
    return count
  }
  /** What the plugin counts in. Routes with a limit of their own count apart, those of a group together. */
  class Store {
    readonly #group: string
    constructor({ groupId = '' }: { readonly groupId?: string }) {
      this.#group = groupId
    }
    incr(
      key: string,
      told: (error: Error | null, result: { readonly current: number; readonly ttl: number }) => void,
    ): void {
      const { current, endsAt } = spend(`${this.#group} ${key}`)
      told(null, { current, ttl: endsAt - performance.now() })
    }
    child(limit: object): Store {
      const { groupId, timeWindow } = limit as { groupId?: string; timeWindow?: unknown }
      if (!groupId || timeWindow !== windowMs)
        throw new Error('A limit of a route needs a groupId, and counts by the minute as all do.')
      return new Store({ groupId })
    }
  }
  return {
    spend: (key) => void spend(` ${key}`),
    closedForMs: (key) => {
      const count = current(` ${key}`)
      return count && count.current >= maxOf(limits, key) ? count.endsAt - performance.now() : undefined
    },
    guard: async (app) => {
      await app.register(fastifyRateLimit, {
        global: false,
        store: Store,
        timeWindow: windowMs,
        keyGenerator: (request) => payerOf(app, tokenOf(request), request.ip),
        max: (_, key) => maxOf(limits, key),
        // Retry-After says all that a client needs, here and at the door.
        addHeaders: noCounts,
        addHeadersOnExceeding: noCounts,
        errorResponseBuilder: (_, { ttl }) =>
          new RefusedAtTheDoorError('too-many-requests', { retryAfterSeconds: Math.ceil(ttl / 1_000) }),
      })
      const limit = app.rateLimit()
      // Before the classes, which is not where the plugin would put it: whoever is refused there has asked all the same.
      app.addHook('onRequest', async (request, reply) => {
        if (request.routeOptions.config.rateLimit === undefined) await limit.call(app, request, reply)
      })
    },
  }
}

function maxOf(limits: Limits, key: string): number {
  if (key.startsWith('staff:')) return limits.staffPerMinute
  return key.startsWith('patron:') ? limits.patronPerMinute : limits.anonymousPerMinute
}
