import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Library } from '../library.ts'
import type { SignedIn } from '../staff/session.ts'
import type { Access } from './access.ts'
import type { Metrics } from './metrics.ts'
import type { TrafficCounts } from './overload.ts'
import type { Problem } from './problem.ts'
import type { Pulse } from './pulse.ts'
import type { Sessions } from './signed-in.ts'
import type { BoundedTraffic, Traffic } from './traffic.ts'

/** The server, with request types read from the schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What every plugin of routes is given. */
export type Served = { readonly library: Library }

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: by bearer token on the API, by cookie on the pages. Undefined for a passer-by. */
    who: SignedIn | undefined
    /** Its class, as it was let in by. */
    traffic: Traffic
    /** Whether it was answered because its time was over. */
    isLate: boolean
  }
  interface FastifyContextConfig {
    /** Who may use the route. The API takes it from its table; a page names its own, or lets everybody in. */
    access?: Access
    /** What it is to the library when there is too much to do; see traffic.ts. */
    traffic?: Traffic
    /** Its answer goes on until somebody leaves: how long that was is no measure of anything. */
    isStream?: true
  }
  interface FastifyInstance {
    readonly sessions: Sessions
    readonly metrics: Metrics
    readonly pulse: Pulse
    readonly traffic: () => TrafficCounts
    /** Whether whoever comes now is refused, and counted as such; then after how many seconds they may come back. */
    readonly refusesNow: (traffic: BoundedTraffic) => number | undefined
    /** Set by the pages: how a problem looks to somebody with a browser. Without it they get JSON. */
    readonly problemPages: { render?: (request: FastifyRequest, told: Problem) => string | Promise<string> }
  }
}
