import { Type } from '@fastify/type-provider-typebox'
import type { Library } from '../library.ts'
import { fence } from '../postgres/fence.ts'
import { migrationLevel } from '../postgres/migrate.ts'
import type { App } from './app.ts'
import { RefusedAtTheDoorError } from './errors.ts'
import { answer } from './fields.ts'
import { monitorsOf } from './monitors.ts'

type Status = 'UP' | 'DOWN' | 'OUT_OF_SERVICE'
type Health = { status: Status; components?: Record<string, { status: Status; details?: object }> }

/** Passes in a row before the process is admitted. */
const passesNeeded = 2
/** A check of the database that takes longer has failed. */
const checkLimitMs = 2_000

const shape = answer({ status: Type.String() })
const tags = ['actuator']

/**
 * Health in Spring Actuator's shapes. Liveness knows this process only. Readiness is strict until the process is
 * admitted (database reached, schema at the expected level, two passes in a row); after that it tells its own
 * health only, because a database that fails for all must not empty the pool. `health` itself always looks.
 */
export function addHealth(app: App, library: Library): void {
  let passes = 0
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })

  const isMonitor = monitorsOf(library)
  const database = lookingAt(library)
  const readiness = async (): Promise<Health> => {
    if (closing) return { status: 'OUT_OF_SERVICE' }
    if (passes >= passesNeeded) return { status: 'UP' }
    const checked = await database()
    passes = checked.status === 'UP' ? passes + 1 : 0
    return {
      status: passes >= passesNeeded ? 'UP' : 'OUT_OF_SERVICE',
      components: { database: shown(checked) },
    }
  }

  const options = (summary: string) => ({
    logLevel: 'warn' as const,
    config: { rateLimit: false as const },
    schema: { summary, tags, response: { 200: shape, 503: shape } },
  })
  const code = ({ status }: Health) => (status === 'UP' ? 200 : 503)

  app.get('/actuator/health/liveness', options('Is this process alive?'), () => ({ status: 'UP' }))
  app.get('/actuator/health/readiness', options('May it be given requests?'), async (_, reply) => {
    const health = await readiness()
    return reply.code(code(health)).send(health)
  })
  app.get('/actuator/health', options('All of it, looked at now'), async (_, reply) => {
    const [checked, ready] = await Promise.all([database(), readiness()])
    const status = closing ? 'OUT_OF_SERVICE' : checked.status
    const health: Health = {
      status,
      components: {
        database: shown(checked),
        liveness: { status: 'UP' },
        readiness: { status: ready.status },
      },
    }
    return reply.code(code(health)).send(health)
  })
  app.get(
    '/actuator/info',
    { ...options('Which Bibby is this?'), schema: { summary: 'Which Bibby is this?', tags } },
    async (request) => (isMonitor(request) ? info(library, (await database()).epoch) : infoForAll(library)),
  )
}

type Looked = { readonly status: Status; readonly details: object; readonly epoch: number | null }

/** These doors count nobody: however many ask at once, the database is asked once. */
function lookingAt({ db }: Library): () => Promise<Looked> {
  let epoch: number | null = null
  let looking: Promise<Looked> | undefined
  const look = async (): Promise<Looked> => {
    try {
      const [{ expected, found }, seen] = await within(
        checkLimitMs,
        Promise.all([migrationLevel(db), fence(db)]),
      )
      epoch = seen.epoch
      const details = { migrations: { expected, found }, mode: seen.mode }
      return { status: found >= expected ? 'UP' : 'DOWN', details, epoch }
    } catch {
      return { status: 'DOWN', details: { error: 'The database did not answer in time.' }, epoch }
    }
  }
  return () => {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
}

function shown({ status, details }: Looked): { status: Status; details: object } {
  return { status, details }
}

/** Which Bibby it is, and nothing of the machine or the database. */
function infoForAll({ version }: Library): object {
  return { app: { name: 'bibby', version } }
}

function info(library: Library, epoch: number | null): object {
  return {
    app: { name: 'bibby', version: library.version, instance: library.instance },
    git: { commit: library.commit },
    build: { version: library.version, time: library.builtAt },
    process: { startedAt: library.startedAt.toISOString(), node: process.version },
    // No flag is declared yet; what reads the fleet finds the names already.
    flags: { manifestDigest: '', evaluated: {} },
    epoch,
  }
}

const forMonitors = 'Figures are for this machine, and for those that BIBBY_MONITORS names.'

/** Serves the figures for Prometheus, to monitors. */
export function addMetricsRoute(app: App): void {
  app.get(
    '/metrics',
    { logLevel: 'warn', config: { rateLimit: false }, schema: { hide: true } },
    async (request, reply) => {
      if (!app.metrics.mayBeReadBy(request)) throw new RefusedAtTheDoorError('not-permitted', {}, forMonitors)
      const { type, body } = await app.metrics.text()
      return reply.type(type).send(body)
    },
  )
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('too late')), limitMs)
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
