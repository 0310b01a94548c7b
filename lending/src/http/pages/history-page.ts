import type { FastifyReply, FastifyRequest } from 'fastify'
import { historyOf } from '../../circulation/history.ts'
import { patron as patronOf, setKeepsHistory } from '../../patrons/patron.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { patronIn } from './account-page.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { historyView } from './history-view.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** How many returned loans one page shows. */
const loansAPage = 50

/** What a patron returned and is still remembered, for themselves alone, and whether it shall be. */
export function historyPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'own-account' } } as const

  app.get('/account/history', { config }, (request, reply) => showHistory(served, request, reply))

  app.post('/account/history', { config }, async (request, reply) => {
    const { card } = patronIn(request)
    const keepsHistory = asked(request.body).ticked('keeps')
    const outcome = await act(served, request, setKeepsHistory, { card, keepsHistory })
    if (outcome.outcome === 'refused') return showHistory(served, request, reply, outcome.refusal)
    return goTo(reply, '/account/history', { said: keepsHistory ? 'history-kept' : 'history-forgotten' })
  })
}

async function showHistory(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { db } = served.library
  const { patronId } = patronIn(request)
  const before = asked(request.query).whole('before', identity)
  const [visit, patron, loans] = await Promise.all([
    visitOf(served, request, reply),
    patronOf(db, { patronId }),
    historyOf(db, { patronId, before, limit: loansAPage }),
  ])
  if (!patron) throw new RefusedAtTheDoorError('not-signed-in')
  const last = loans.length === loansAPage ? loans.at(-1) : undefined
  const older = last && address('/account/history', { before: last.loanId })
  const frame = {
    title: visit.say('history.title'),
    door: '/account',
    lead: visit.say('history.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(
    reply,
    visit,
    frame,
    historyView(visit, { keeps: patron.keepsHistory, loans, older, isFirst: before === undefined, refusal }),
  )
}
