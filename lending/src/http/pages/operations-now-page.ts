import type { FastifyRequest } from 'fastify'
import { askedBy, nobody } from '../../postgres/asker.ts'
import { may } from '../../staff/permission.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { openListeners, type Told } from '../listeners.ts'
import { tokenOf } from '../signed-in.ts'
import { html } from './html.ts'
import { type NowFacts, nowFacts } from './operations-now-facts.ts'
import { nowView } from './operations-now-view.ts'
import { type Served, show, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

const access = { needs: 'operate' } as const
/** For browsers without script. */
const refreshSeconds = 10

/** The first page of operators: what runs where, and how it feels; with script it stays current by itself. */
export function operationsNowPages(served: Served): void {
  const { app } = served
  const look = nowFacts(served)
  const listeners = openListeners(app)
  const drawn = new WeakMap<NowFacts, Map<string, string>>()
  /** Drawn once for all who read the same language by the same clock. */
  const draw = (visit: Visit, facts: NowFacts): string => {
    const known = drawn.get(facts) ?? new Map<string, string>()
    drawn.set(facts, known)
    const name = `${visit.language.tag} ${visit.branch?.timeZone}`
    const text = known.get(name) ?? nowView(visit, facts).html
    known.set(name, text)
    return text
  }

  app.get('/operations/now', { config: { access } }, async (request, reply) => {
    const [visit, facts] = await Promise.all([visitOf(served, request, reply), look()])
    const { say } = visit
    const frame = {
      title: say('now.title'),
      door: '/operations/now',
      lead: say('now.lead'),
      actions: html`<a class="button quiet" href="/operations">${say('now.to-operations')}</a>`,
      scripts: ['live.js'],
      refreshSeconds,
    } as const
    const view = html`<div class="stack" data-live="/operations/now/events">${nowView(visit, facts)}
      <p class="soft small" data-live-words data-live="${say('now.live')}" data-lost="${say('now.lost')}" role="status">${say('now.every', { seconds: refreshSeconds })}</p></div>`
    return show(reply, visit, frame, view)
  })

  app.get('/operations/now/events', { config: { access, isStream: true } }, async (request, reply) => {
    if (!listeners.takePlace(reply.raw)) throw new RefusedAtTheDoorError('listeners-full')
    const visit = await visitOf(served, request, reply)
    const [began] = await Promise.all([look()])
    const isStill = stillLetIn(served, request)
    const tell = async (): Promise<Told> => {
      if (!(await isStill())) return 'anew'
      const facts = await look()
      // The frame of the page tells of a halt: it is loaded anew.
      if (facts.fence && facts.fence.mode !== began.fence?.mode) return 'anew'
      return { event: 'now', text: draw(visit, facts) }
    }
    reply.hijack()
    listeners.add(reply.raw, () => askedBy(nobody('watch'), tell))
    return reply
  })
}

/**
 * Whether whoever listens is signed in still, and may still operate: asked anew each time. Where the database cannot say,
 * they stay: it is then that they look.
 */
function stillLetIn({ app }: Served, request: FastifyRequest): () => Promise<boolean> {
  const token = tokenOf(request) ?? ''
  return async () => {
    try {
      return may(await app.sessions.of(token), access.needs)
    } catch {
      return true
    }
  }
}
