import type { FastifyReply, FastifyRequest } from 'fastify'
import { payFine, waiveFine } from '../../circulation/fine-ledger.ts'
import { cancelHold, resumeHold, suspendHold } from '../../circulation/hold.ts'
import { movePickup } from '../../circulation/move-pickup.ts'
import { patronCategories } from '../../circulation/places.ts'
import { renew } from '../../circulation/renew.ts'
import { setWantedNotices } from '../../notices/wanted-notices.ts'
import { editPatronJudged } from '../../patrons/judged-card.ts'
import { mergedInto } from '../../patrons/merged-card.ts'
import {
  blockPatron,
  editPatron,
  extendCard,
  type Patron,
  patron as patronOf,
  setPatronPassword,
  unblockPatron,
} from '../../patrons/patron.ts'
import type { PlainObject, Refusal, Verb } from '../../postgres/write.ts'
import { wantedPassword } from '../../staff/password.ts'
import type { Permission } from '../../staff/permission.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { readWanted } from './account-notices.ts'
import { readAccount } from './account-read.ts'
import { type RenewalTold, renewAll } from './account-renew-all.ts'
import { type Asked, asked, identity } from './asked.ts'
import { readPatron } from './patron-fields.ts'
import { patronView } from './patron-view.ts'
import type { Refused } from './refusal-notice.ts'
import { act, branchIdOf, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { typedPassword } from './typed-password.ts'

const reasonLimits = { max: 500, label: 'the-reason', required: true } as const

/** One patron as staff see them: how they stand, what they have, and what can be done about it. */
export function patronPages(served: Served): void {
  const { app } = served
  app.get('/patrons/:id', { config: { access: { needs: 'patron-read' } } }, async (request, reply) => {
    // The journal, and links that somebody kept, still name a record that was merged.
    const into = await mergedInto(served.library.db, { patronId: idIn(request) ?? 0 })
    if (into) return goTo(reply, `/patrons/${into.patronId}`, { said: 'was-merged' })
    return showPatron(served, request, reply, await patronIn(served, request))
  })
  app.post('/patrons/:id/renew-all', { config: { access: { needs: 'renew' } } }, async (request, reply) => {
    const patron = await patronIn(served, request)
    const ask = { patronId: patron.patronId, branchId: branchIdOf(request) }
    return showPatron(served, request, reply, patron, { renewals: await renewAll(served, request, ask) })
  })
  const on = forms(served)

  on('block', 'patron-write', 'blocked', blockPatron, ({ card }, form) => ({
    card,
    because: form.text('because', reasonLimits),
  }))
  on('unblock', 'patron-write', 'unblocked', unblockPatron, ({ card }) => ({ card }))
  on('extend', 'patron-write', 'extended', extendCard, ({ card }, form) => ({
    card,
    until: form.day('until', 'valid-until') ?? '',
  }))
  on('password', 'patron-write', 'password-set', setPatronPassword, async ({ card }, _form, request) => ({
    card,
    password: await wantedPassword(typedPassword(request.body)),
  }))
  on('notices', 'patron-write', 'notices-wanted', setWantedNotices, ({ card }, form) => ({
    card,
    wanted: readWanted(form),
  }))
  on('pay', 'fine-take', 'paid', payFine, ({ card }, form) => ({
    card,
    cents: form.cents('amount', 'the-amount') ?? 0,
  }))
  on('waive', 'fine-waive', 'waived', waiveFine, ({ card }, form) => ({
    card,
    cents: form.cents('amount', 'the-amount') ?? 0,
    reason: form.text('reason', reasonLimits),
  }))
  on('renew', 'renew', 'renewed', renew, (_, form, request) => ({
    loanId: form.whole('loanId', identity) ?? 0,
    branchId: branchIdOf(request),
  }))
  on('holds/:hold/cancel', 'hold', 'hold-cancelled', cancelHold, (patron, _, request) =>
    holdIn(request, patron),
  )
  on('holds/:hold/resume', 'hold', 'hold-resumed', resumeHold, (patron, _, request) =>
    holdIn(request, patron),
  )
  on('holds/:hold/suspend', 'hold', 'hold-suspended', suspendHold, (patron, form, request) => ({
    ...holdIn(request, patron),
    until: form.day('until', 'until') ?? 'forever',
  }))
  on('holds/:hold/pickup', 'hold', 'pickup-moved', movePickup, (patron, form, request) => ({
    ...holdIn(request, patron),
    pickupBranchId: form.whole('branchId', identity) ?? 0,
  }))
  on('edit', 'patron-write', 'changed', editPatron, (patron, form, request) => {
    const { card, expiresOn: _, ...fields } = readPatron(form, branchIdOf(request))
    const version = form.whole('version', identity) ?? 0
    const ask = { patronId: patron.patronId, version, ...fields, ...(card ? { card } : {}) }
    return editPatronJudged(served.library, ask)
  })
}

/** Registers a form about a patron: read it, do it, and show the patron again. */
function forms(served: Served) {
  return <Ask, Done extends PlainObject, Refuses extends Refusal>(
    path: string,
    needs: Permission,
    said: string,
    verb: Verb<Ask, Done, Refuses>,
    askOf: (patron: Patron, form: Asked, request: FastifyRequest) => Ask | Promise<Ask>,
  ): void => {
    served.app.post(`/patrons/:id/${path}`, { config: { access: { needs } } }, async (request, reply) => {
      const patron = await patronIn(served, request)
      const form = asked(request.body)
      const ask = await askOf(patron, form, request)
      if (Object.keys(form.problems).length > 0) {
        const refusal = { refused: 'fields-invalid', problems: form.problems }
        return showPatron(served, request, reply, patron, { refusal })
      }
      const outcome = await act(served, request, verb, ask)
      if (outcome.outcome === 'refused')
        return showPatron(served, request, reply, patron, { refusal: outcome.refusal })
      // Their card or password may be another now: no session of theirs is taken as it was.
      served.app.sessions.forget(`patron:${patron.patronId}`)
      return goTo(reply, `/patrons/${patron.patronId}`, { said })
    })
  }
}

/** What came of a form that did not simply succeed. */
export type PatronTold = { readonly refusal?: Refused; readonly renewals?: readonly RenewalTold[] }

async function showPatron(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  patron: Patron,
  told: PatronTold = {},
): Promise<FastifyReply> {
  const [visit, account, categories] = await Promise.all([
    visitOf(served, request, reply),
    readAccount(served, patron.patronId),
    patronCategories(served.library.db),
  ])
  const frame = {
    title: `${patron.givenName} ${patron.familyName}`.trim(),
    door: '/patrons',
    ownHead: true,
    status: told.refusal ? statusOf(told.refusal) : 200,
  }
  return show(reply, visit, frame, patronView(visit, { patron, account, categories, told }))
}

/** The patron whose page this is. Refuses when there is none. */
export async function patronIn({ library }: Served, request: FastifyRequest): Promise<Patron> {
  const patronId = idIn(request)
  const found = patronId === undefined ? undefined : await patronOf(library.db, { patronId })
  if (!found) throw new RefusedAtTheDoorError('patron-unknown')
  return found
}

function holdIn(request: FastifyRequest, { patronId }: Patron): { holdId: number; patronId: number } {
  return { holdId: asked(request.params).whole('hold', identity) ?? 0, patronId }
}
