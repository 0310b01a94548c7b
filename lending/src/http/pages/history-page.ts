import type { FastifyReply, FastifyRequest } from 'fastify'
import { historyOf } from '../../circulation/history.ts'
import { librarySettings } from '../../circulation/library-settings.ts'
import { forgetAfterDaysByDefault } from '../../patrons/forget.ts'
import { forgetHistory } from '../../patrons/forget-history.ts'
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
/** One form forgets at most so many batches, of 500 loans each. */
const batchesMax = 20

/** What a patron returned and is still remembered, for themselves alone, and whether it shall be. */
export function historyPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'own-account' } } as const

  app.get('/account/history', { config }, (request, reply) => showHistory(served, request, reply))

  app.post('/account/history', { config }, async (request, reply) => {
    const { patronId, card } = patronIn(request)
    const keepsHistory = asked(request.body).ticked('keeps')
    const outcome = await act(served, request, setKeepsHistory, { card, keepsHistory })
    const refusal =
      outcome.outcome === 'refused'
        ? outcome.refusal
        : keepsHistory
          ? undefined
          : await forgetNow(served, request, patronId)
    if (refusal) return showHistory(served, request, reply, refusal)
    return goTo(reply, '/account/history', { said: keepsHistory ? 'history-kept' : 'history-forgotten' })
  })

  app.post('/account/history/forget', { config }, async (request, reply) => {
    const refusal = await forgetNow(served, request, patronIn(request).patronId)
    if (refusal) return showHistory(served, request, reply, refusal)
    return goTo(reply, '/account/history', { said: 'history-forgotten-once' })
  })
}

/** Forgets in batches what is kept of a patron; of a history of decades the last of it goes with the next sweep. */
async function forgetNow(
  served: Served,
  request: FastifyRequest,
  patronId: number,
): Promise<Refused | undefined> {
  for (let part = 1; part <= batchesMax; part++) {
    const outcome = await act(served, request, forgetHistory, { patronId }, { part })
    if (outcome.outcome === 'refused') return outcome.refusal
    if (!outcome.answer.isMore) return undefined
  }
  return undefined
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
  const [visit, patron, loans, settings] = await Promise.all([
    visitOf(served, request, reply),
    patronOf(db, { patronId }),
    historyOf(db, { patronId, before, limit: loansAPage }),
    librarySettings(db),
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
    historyView(visit, {
      keeps: patron.keepsHistory,
      days: Math.max(1, settings?.forgetAfterDays ?? forgetAfterDaysByDefault),
      loans,
      older,
      isFirst: before === undefined,
      refusal,
    }),
  )
}
