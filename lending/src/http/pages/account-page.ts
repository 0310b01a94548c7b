import type { FastifyReply, FastifyRequest } from 'fastify'
import { cancelHold, type HoldAsk, resumeHold, suspendHold } from '../../circulation/hold.ts'
import { movePickup } from '../../circulation/move-pickup.ts'
import { renew } from '../../circulation/renew.ts'
import { setWantedNotices } from '../../notices/wanted-notices.ts'
import { patron as patronOf } from '../../patrons/patron.ts'
import type { PlainObject, Refusal, Verb } from '../../postgres/write.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { readWanted } from './account-notices.ts'
import { readAccount } from './account-read.ts'
import { type RenewalTold, renewAll } from './account-renew-all.ts'
import { accountView } from './account-view.ts'
import { type Asked, asked, identity } from './asked.ts'
import { html } from './html.ts'
import type { Refused } from './refusal-notice.ts'
import { languageOfRequest, sayIn } from './say.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** What a patron sees of themselves: loans, holds, fines. Everything here is theirs: the id is the session's. */
export function accountPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'own-account' } } as const
  app.get('/account', { config }, (request, reply) => showAccount(served, request, reply))

  app.post('/account/renew-all', { config }, async (request, reply) => {
    const { patronId } = patronIn(request)
    return showAccount(served, request, reply, { renewals: await renewAll(served, request, { patronId }) })
  })

  const on = forms(served)
  on('renew', 'renewed', renew, (form, request) => ({
    loanId: form.whole('loanId', identity) ?? 0,
    patronId: patronIn(request).patronId,
  }))
  on('holds/:id/cancel', 'hold-cancelled', cancelHold, (_, request) => holdIn(request))
  on('holds/:id/resume', 'hold-resumed', resumeHold, (_, request) => holdIn(request))
  on('holds/:id/suspend', 'hold-suspended', suspendHold, (form, request) => ({
    ...holdIn(request),
    until: form.day('until', 'until') ?? 'forever',
  }))
  on('holds/:id/pickup', 'pickup-moved', movePickup, (form, request) => ({
    ...holdIn(request),
    pickupBranchId: form.whole('branchId', identity) ?? 0,
  }))
  on('notices', 'notices-wanted', setWantedNotices, (form, request) => ({
    card: patronIn(request).card,
    wanted: readWanted(form),
  }))
}

/** Registers a form of the patron's own: read it, do it, and show the account again. */
function forms(served: Served) {
  return <Ask, Done extends PlainObject, Refuses extends Refusal>(
    path: string,
    said: string,
    verb: Verb<Ask, Done, Refuses>,
    askOf: (form: Asked, request: FastifyRequest) => Ask,
  ): void => {
    const config = { access: { needs: 'own-account' } } as const
    served.app.post(`/account/${path}`, { config }, async (request, reply) => {
      const form = asked(request.body)
      const ask = askOf(form, request)
      if (Object.keys(form.problems).length > 0) {
        const refusal = { refused: 'fields-invalid', problems: form.problems }
        return showAccount(served, request, reply, { refusal })
      }
      const outcome = await act(served, request, verb, ask)
      if (outcome.outcome === 'refused')
        return showAccount(served, request, reply, { refusal: outcome.refusal })
      return goTo(reply, '/account', { said })
    })
  }
}

/** What came of a form that did not simply succeed. */
export type AccountTold = {
  readonly refusal?: Refused
  readonly renewals?: readonly RenewalTold[]
}

async function showAccount(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  told: AccountTold = {},
): Promise<FastifyReply> {
  const { patronId } = patronIn(request)
  const [visit, patron, account] = await Promise.all([
    visitOf(served, request, reply),
    patronOf(served.library.db, { patronId }),
    readAccount(served, patronId),
  ])
  if (!patron) throw new RefusedAtTheDoorError('not-signed-in')
  const frame = {
    title: visit.say('account.title'),
    door: '/account',
    actions: html`<a class="button quiet" href="/account/card">${visit.say('account.card-large')}</a>`,
    status: told.refusal ? statusOf(told.refusal) : 200,
  }
  return show(reply, visit, frame, accountView(visit, { patron, account, told }))
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

function holdIn(request: FastifyRequest): HoldAsk {
  return { holdId: idIn(request) ?? 0, patronId: patronIn(request).patronId }
}
