import { Type } from '@fastify/type-provider-typebox'
import { title } from '../../catalogue/title.ts'
import { lend } from '../../circulation/lend.ts'
import { renew } from '../../circulation/renew.ts'
import { takeBack } from '../../circulation/take-back.ts'
import { may } from '../../staff/permission.ts'
import type { App } from '../app.ts'
import { branchAsked } from '../branch-codes.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { barcode, card, code, id, idInPath, override, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { lentShape, renewedShape, takenBackShape } from './circulation-shapes.ts'

const tags = ['desk']

/** Lending, taking back and renewing. */
export async function loans(app: App, served: ApiServed): Promise<void> {
  lending(app, served)
  returning(app, served)
  for (const { action } of [lend, takeBack, renew]) app.metrics.expectWrites(action)
}

function lending(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/loans',
    {
      schema: {
        summary: 'Lend a copy to a patron',
        tags,
        body: strict({
          card,
          barcode,
          branch: Type.Optional(code),
          override: Type.Optional(override),
        }),
        response: { 201: lentShape },
      },
    },
    async (request, reply) => {
      const { branch, ...ask } = request.body
      refuseOverride(request.who, ask.override)
      const branchId = await branchAsked(library, request, branch)
      return answerWrite(library, request, reply, { verb: lend, ask: { ...ask, branchId }, status: 201 })
    },
  )

  app.post(
    '/api/v1/books/:id/checkout',
    {
      schema: {
        summary: 'Lend a copy of this title to a patron',
        tags,
        params: idInPath,
        body: strict({
          card,
          barcode: Type.Optional(barcode),
          copyId: Type.Optional(id),
          branch: Type.Optional(code),
          override: Type.Optional(override),
        }),
        response: { 201: lentShape },
      },
    },
    async (request, reply) => {
      const { branch, barcode: scanned, copyId, ...ask } = request.body
      refuseOverride(request.who, ask.override)
      const branchId = await branchAsked(library, request, branch)
      if (copyId === undefined && scanned === undefined) {
        throw new RefusedAtTheDoorError('request-invalid', {}, 'Name the copy: copyId or barcode.')
      }
      const book = await title(library.db, request.params.id)
      if (!book) throw new RefusedAtTheDoorError('title-unknown')
      const copy = book.copies.find((each) => each.copyId === copyId || each.barcode === scanned)
      if (!copy) throw new RefusedAtTheDoorError('copy-unknown', {}, 'This title has no such copy.')
      const whole = { ...ask, barcode: copy.barcode, branchId }
      return answerWrite(library, request, reply, { verb: lend, ask: whole, status: 201 })
    },
  )
}

function returning(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/returns',
    {
      schema: {
        summary: 'Take a copy back: says where it goes now',
        tags,
        body: strict({ barcode, branch: Type.Optional(code) }),
        response: { 200: takenBackShape },
      },
    },
    async (request, reply) => {
      const branchId = await branchAsked(library, request, request.body.branch)
      const ask = { barcode: request.body.barcode, branchId }
      return answerWrite(library, request, reply, { verb: takeBack, ask })
    },
  )

  app.post(
    '/api/v1/renewals',
    {
      schema: {
        summary: 'Renew a loan, by the loan or by the copy',
        tags: ['desk', 'patron'],
        body: strict({
          loanId: Type.Optional(id),
          barcode: Type.Optional(barcode),
          branch: Type.Optional(code),
          override: Type.Optional(override),
        }),
        response: { 200: renewedShape },
      },
    },
    async (request, reply) => {
      const { branch, ...ask } = request.body
      if ((ask.loanId === undefined) === (ask.barcode === undefined)) {
        throw new RefusedAtTheDoorError('request-invalid', {}, 'Name either loanId or barcode.')
      }
      refuseOverride(request.who, ask.override)
      const { who } = request
      // A patron renews their own loans only, whichever they name.
      const own = who?.kind === 'patron' ? { patronId: who.patronId } : {}
      const at = branch === undefined ? {} : { branchId: await branchAsked(library, request, branch) }
      return answerWrite(library, request, reply, { verb: renew, ask: { ...ask, ...own, ...at } })
    },
  )
}

/** Going past a rule is a permission of its own. */
function refuseOverride(who: Parameters<typeof may>[0], asked: object | undefined): void {
  if (asked && !may(who, 'override')) throw new RefusedAtTheDoorError('override-not-allowed')
}
