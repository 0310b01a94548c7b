import { mergeTitles } from '../../operations/merge-titles.ts'
import { operationIdOf } from '../../operations/operations.ts'
import type { App } from '../app.ts'
import { id, someLine, strict } from '../fields.ts'
import { byOf } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { refused, tellsInEnglish } from './told-in-english.ts'

const tags = ['operations']

/** Planning to merge two titles; it is confirmed, stopped and taken back as any operation. */
export async function mergingTitles(app: App, { library }: ApiServed): Promise<void> {
  tellsInEnglish(app)
  app.post(
    '/api/v1/operations/merge-titles',
    {
      schema: {
        summary: 'Plan to merge a title into another: touches nothing, and tells the phrase that confirms it',
        tags,
        body: strict({ from: id, into: id, because: someLine(500) }),
      },
    },
    async (request, reply) => {
      const { actor, key } = byOf(library, request, reply)
      const ask = { by: actor, id: operationIdOf({ actor, key }), given: request.body }
      const told = await library.operations.guard.plan(mergeTitles, ask)
      return 'planned' in told ? reply.code(201).send(told.planned) : refused(request, reply, told)
    },
  )
}
