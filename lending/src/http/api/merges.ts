import { Type } from '@fastify/type-provider-typebox'
import { mergePatrons } from '../../patrons/merge-patrons.ts'
import { mergePreview } from '../../patrons/merge-preview.ts'
import type { App } from '../app.ts'
import { answer, card, cardInPath, strict, version } from '../fields.ts'
import { sendRefusal } from '../problem.ts'
import { answerOutcome, performed } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['patrons']

/** Making one patron of two records of the same person: what it would do, and doing it. */
export async function merges(app: App, { library }: ApiServed): Promise<void> {
  app.get(
    '/api/v1/patrons/:card/merge',
    {
      schema: {
        summary: 'What merging the record with card `merged` into this one would do',
        tags,
        params: cardInPath,
        querystring: strict({ merged: card }),
        response: { 200: answer({ returnedLoans: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const seen = await mergePreview(library.db, {
        card: request.params.card,
        mergedCard: request.query.merged,
        now: library.clock(),
      })
      return 'refused' in seen ? sendRefusal(reply, seen, request) : reply.send(seen)
    },
  )
  app.post(
    '/api/v1/patrons/:card/merge',
    {
      schema: {
        summary: 'Merge the record with card `merged` into this one, from the versions that were read',
        tags,
        params: cardInPath,
        body: strict({ merged: card, version, mergedVersion: version }),
        response: { 200: answer({ patronId: Type.Integer(), card: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { merged: mergedCard, ...versions } = request.body
      const ask = { card: request.params.card, mergedCard, ...versions }
      const outcome = await performed(library, request, reply, { verb: mergePatrons, ask })
      if (outcome.outcome === 'done') app.sessions.forget(`patron:${outcome.answer.mergedPatronId}`)
      return answerOutcome(request, reply, outcome)
    },
  )
  app.metrics.expectWrites(mergePatrons.action)
}
