import type { FastifyReply, FastifyRequest } from 'fastify'
import { holdsOf, loansOf, owes } from '../../circulation/accounts.ts'
import { cancelHold, resumeHold, suspendHold } from '../../circulation/hold.ts'
import { type RenewRefused, renew } from '../../circulation/renew.ts'
import { setWantsReceipts } from '../../notices/want-receipts.ts'
import { patron as patronOf } from '../../patrons/patron.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { accountView } from './account-view.ts'
import { asked, identity } from './asked.ts'
import type { Refused } from './refusal-notice.ts'
import { languageOfRequest, sayIn } from './say.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** More loans than this are neither shown nor renewed at once. */
const loansMax = 200

/** What a patron sees of themselves: loans, holds, fines. Everything here is theirs: the id is the session's. */
export function accountPages(served: Served): void {
  const { app, library } = served
  const config = { access: { needs: 'own-account' } } as const

  app.get('/account', { config }, (request, reply) => showAccount(served, request, reply))

  app.post('/account/renew', { config }, async (request, reply) => {
    const { patronId } = patronIn(request)
    const loanId = asked(request.body).whole('loanId', identity) ?? 0
    const outcome = await act(served, request, renew, { loanId, patronId })
    if (outcome.outcome === 'done') return goTo(reply, '/account', { said: 'renewed' })
    return showAccount(served, request, reply, { refusal: outcome.refusal })
  })

  app.post('/account/renew-all', { config }, async (request, reply) => {
    const { patronId } = patronIn(request)
    const loans = await loansOf(library.db, { patronId, now: library.clock(), limit: loansMax })
    const renewed: string[] = []
    const kept: { title: string; refusal: RenewRefused }[] = []
    for (const { loanId, title } of loans) {
      const outcome = await act(served, request, renew, { loanId, patronId }, { part: loanId })
      if (outcome.outcome === 'done') renewed.push(title)
      else kept.push({ title, refusal: outcome.refusal as RenewRefused })
    }
    if (kept.length === 0) return goTo(reply, '/account', { said: 'renewed' })
    return showAccount(served, request, reply, { all: { renewed: renewed.length, kept } })
  })

  app.post('/account/holds/:id/cancel', { config }, async (request, reply) => {
    const outcome = await act(served, request, cancelHold, holdIn(request))
    if (outcome.outcome === 'done') return goTo(reply, '/account', { said: 'hold-cancelled' })
    return showAccount(served, request, reply, { refusal: outcome.refusal })
  })

  app.post('/account/holds/:id/suspend', { config }, async (request, reply) => {
    const form = asked(request.body)
    const until = form.day('until', 'Until') ?? 'forever'
    if (form.problems.until) {
      const refusal = { refused: 'fields-invalid', problems: form.problems }
      return showAccount(served, request, reply, { refusal })
    }
    const outcome = await act(served, request, suspendHold, { ...holdIn(request), until })
    if (outcome.outcome === 'done') return goTo(reply, '/account', { said: 'hold-suspended' })
    return showAccount(served, request, reply, { refusal: outcome.refusal })
  })

  app.post('/account/holds/:id/resume', { config }, async (request, reply) => {
    const outcome = await act(served, request, resumeHold, holdIn(request))
    if (outcome.outcome === 'done') return goTo(reply, '/account', { said: 'hold-resumed' })
    return showAccount(served, request, reply, { refusal: outcome.refusal })
  })

  app.post('/account/receipts', { config }, async (request, reply) => {
    const { card } = patronIn(request)
    const wantsReceipts = asked(request.body).ticked('wants')
    const outcome = await act(served, request, setWantsReceipts, { card, wantsReceipts })
    if (outcome.outcome === 'refused')
      return showAccount(served, request, reply, { refusal: outcome.refusal })
    return goTo(reply, '/account', { said: wantsReceipts ? 'receipts-on' : 'receipts-off' })
  })
}

/** What came of a form that did not simply succeed. */
export type AccountTold = {
  readonly refusal?: Refused
  readonly all?: {
    readonly renewed: number
    readonly kept: readonly { readonly title: string; readonly refusal: Refused }[]
  }
}

async function showAccount(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  told: AccountTold = {},
): Promise<FastifyReply> {
  const { db } = served.library
  const { patronId } = patronIn(request)
  const [visit, patron, loans, holds, owed] = await Promise.all([
    visitOf(served, request, reply),
    patronOf(db, { patronId }),
    loansOf(db, { patronId, now: served.library.clock(), limit: loansMax }),
    holdsOf(db, patronId),
    owes(db, patronId),
  ])
  if (!patron) throw new RefusedAtTheDoorError('not-signed-in')
  const frame = {
    title: visit.say('account.title'),
    door: '/account',
    status: told.refusal ? statusOf(told.refusal) : 200,
  }
  return show(reply, visit, frame, accountView(visit, { patron, loans, holds, owed, told }))
}

/** The patron whose account it is: the one who is signed in. */
export function patronIn(request: FastifyRequest): { readonly patronId: number; readonly card: string } {
  const { who } = request
  if (who?.kind === 'patron') return who
  throw new RefusedAtTheDoorError(
    'not-permitted',
    {},
    sayIn(languageOfRequest(request))('account.patrons-only'),
  )
}

function holdIn(request: FastifyRequest): { holdId: number; patronId: number } {
  return { holdId: idIn(request) ?? 0, patronId: patronIn(request).patronId }
}
