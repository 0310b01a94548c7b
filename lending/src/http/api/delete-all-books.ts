import { operationIdOf } from '../../operations/operations.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { someLine, strict } from '../fields.ts'
import { byOf } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { operationId } from './operations.ts'
import { refused, tellsInEnglish } from './told-in-english.ts'

const tags = ['operations']

/** Deleting all books, in two calls: the first plans it and has a code sent, the second confirms it. */
export async function deletingAllBooks(app: App, { library, limits }: ApiServed): Promise<void> {
  tellsInEnglish(app)
  const { operations } = library
  app.post(
    '/admin/books/delete-all/initiate',
    {
      handlerTimeout: limits.longHandlerMs,
      schema: {
        summary: 'Plan to delete all books and have the code sent; where two people are needed, plan it only',
        tags,
        body: strict({ because: someLine(500) }),
      },
    },
    async (request, reply) => {
      const { actor, key } = byOf(library, request, reply)
      const id = operationIdOf({ actor, key })
      const told = await operations.guard.plan(operations.deleteAllBooks, {
        by: actor,
        id,
        given: request.body,
      })
      if (!('planned' in told)) return refused(request, reply, told)
      const { planned } = told
      const wantsCode = planned.state === 'planned' || (planned.state === 'armed' && !planned.codeHolds)
      if (planned.approveUntil !== null || !wantsCode) return reply.code(201).send(planned)
      const sent = await operations.guard.sendCode({ by: actor, id })
      if ('refused' in sent) return refused(request, reply, sent)
      return reply
        .code(201)
        .send({ ...planned, state: 'armed', sentTo: sent.sentTo, codeUntil: sent.until, codeHolds: true })
    },
  )
  app.post(
    '/admin/books/delete-all/confirm',
    {
      schema: {
        summary: 'Confirm it by phrase and code: begins it, once, and tells how far it is',
        tags,
        body: strict({ id: operationId, phrase: someLine(300), code: someLine(40) }),
      },
    },
    async (request, reply) => {
      const { actor } = byOf(library, request, reply)
      const operation = await operations.guard.show(request.body.id)
      if (operation?.name !== operations.deleteAllBooks.name) {
        throw new RefusedAtTheDoorError('operation-unknown')
      }
      const told = await operations.guard.confirm({ by: actor, ...request.body })
      if ('refused' in told) return refused(request, reply, told)
      return reply.send(await operations.work(told.confirmed.id))
    },
  )
}
