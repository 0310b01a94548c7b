import { Type } from '@fastify/type-provider-typebox'
import { cancelHold, type HoldCancelled, placeHold, resumeHold, suspendHold } from '../../circulation/hold.ts'
import { movePickup } from '../../circulation/move-pickup.ts'
import type { SignedIn } from '../../staff/session.ts'
import type { App } from '../app.ts'
import { branchAsked } from '../branch-codes.ts'
import { answer, card, code, day, id, idInPath, noBody, orNull, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { nextShape } from './circulation-shapes.ts'

const tags = ['desk', 'patron']

/** Placing, cancelling and suspending holds, and the lists that a desk walks with. */
export async function holds(app: App, served: ApiServed): Promise<void> {
  placing(app, served)
  suspending(app, served)
  moving(app, served)
  for (const { action } of [placeHold, cancelHold, suspendHold, resumeHold, movePickup])
    app.metrics.expectWrites(action)
}

/** A patron's hand reaches their own holds only; the verb checks it under its lock. */
function own(who: SignedIn | undefined): { patronId?: number } {
  return who?.kind === 'patron' ? { patronId: who.patronId } : {}
}

function placing(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/holds',
    {
      schema: {
        summary: 'Place a hold on a title',
        tags,
        body: strict({
          titleId: id,
          card: Type.Optional(card),
          pickupBranch: Type.Optional(code),
        }),
        response: { 201: answer({ holdId: id, titleId: id, patronId: id, position: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const { titleId, pickupBranch } = request.body
      const { who } = request
      const forWhom = who?.kind === 'patron' ? { patronId: who.patronId } : { card: request.body.card ?? '' }
      const pickupBranchId = await branchAsked(library, request, pickupBranch)
      const ask = { titleId, pickupBranchId, ...forWhom }
      return answerWrite(library, request, reply, { verb: placeHold, ask, status: 201 })
    },
  )

  app.delete(
    '/api/v1/holds/:id',
    {
      schema: {
        summary: 'Cancel a hold: says where a captured copy goes',
        tags,
        params: idInPath,
        response: {
          200: answer({ holdId: id, titleId: id, patronId: id, copyId: orNull(id), next: orNull(nextShape) }),
        },
      },
    },
    (request, reply) => {
      const ask = { holdId: request.params.id, ...own(request.who) }
      // Where the copy goes names the next in the queue, which is no patron's business.
      const show = (done: HoldCancelled) => (request.who?.kind === 'staff' ? done : { ...done, next: null })
      return answerWrite(library, request, reply, { verb: cancelHold, ask, show })
    },
  )
}

function suspending(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/holds/:id/suspend',
    {
      schema: {
        summary: 'Pass a hold over until a day; it keeps its place',
        tags,
        params: idInPath,
        body: strict({ until: Type.Union([day, Type.Literal('forever')]) }),
      },
    },
    (request, reply) => {
      const ask = { holdId: request.params.id, until: request.body.until, ...own(request.who) }
      return answerWrite(library, request, reply, { verb: suspendHold, ask })
    },
  )

  app.post(
    '/api/v1/holds/:id/resume',
    { schema: { summary: 'Make a suspended hold count again', tags, params: idInPath, body: noBody } },
    (request, reply) => {
      const ask = { holdId: request.params.id, ...own(request.who) }
      return answerWrite(library, request, reply, { verb: resumeHold, ask })
    },
  )
}

function moving(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/holds/:id/pickup',
    {
      schema: {
        summary: 'Have a waiting hold fetched at another branch; it keeps its place',
        tags,
        params: idInPath,
        body: strict({ pickupBranch: code }),
        response: { 200: answer({ holdId: id, titleId: id, patronId: id, pickupBranchId: id }) },
      },
    },
    async (request, reply) => {
      const pickupBranchId = await branchAsked(library, request, request.body.pickupBranch)
      const ask = { holdId: request.params.id, pickupBranchId, ...own(request.who) }
      return answerWrite(library, request, reply, { verb: movePickup, ask })
    },
  )
}
