import { Type } from '@fastify/type-provider-typebox'
import { halt, haltNow, haltReasonMax } from '../../halt/halt.ts'
import { haltStanding, resume } from '../../halt/resume.ts'
import type { App } from '../app.ts'
import { someLine, strict } from '../fields.ts'
import type { WriteOutcome } from '../metrics.ts'
import { answerOutcome, answerWrite, byOf } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['halt']
const verb = Type.Optional(Type.String({ maxLength: 60 }))

/** Halting all writes, or one verb, and letting them go on. */
export async function halting(app: App, { library }: ApiServed): Promise<void> {
  app.get(
    '/api/v1/halt',
    { schema: { summary: 'What is halted, and the phrase that lets it go on', tags } },
    () => haltStanding(library.db),
  )
  app.post(
    '/api/v1/halt',
    {
      schema: {
        summary: 'Halt all writes, or one verb; answers when no write of before can land',
        tags,
        body: strict({ reason: Type.Optional(Type.String({ maxLength: haltReasonMax * 4 })), verb }),
      },
    },
    async (request, reply) => {
      const { reason = '', verb } = request.body
      let became: WriteOutcome = 'failed'
      try {
        const by = byOf(library, request, reply)
        const { outcome, drained } = await haltNow(library.db, by, { reason, verb })
        became = outcome.outcome
        return answerOutcome(request, reply, outcome, { show: (done) => ({ ...done, ...drained }) })
      } finally {
        app.metrics.wrote(halt.action, became)
      }
    },
  )
  app.post(
    '/api/v1/resume',
    {
      schema: {
        summary: 'Let writes go on: names the halt, and carries the phrase as it was typed',
        tags,
        body: strict({
          epoch: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
          since: someLine(40),
          phrase: someLine(300),
          verb,
        }),
      },
    },
    (request, reply) => answerWrite(library, request, reply, { verb: resume, ask: request.body }),
  )
  for (const { action } of [halt, resume]) app.metrics.expectWrites(action)
}
